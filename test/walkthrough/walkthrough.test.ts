/**
 * What people do by hand who want to know where their sessions are: run the demo, upload, look into the store with its
 * own tool, delete the cookie, upload again, count, wait, come back. docs/lifecycle.md says what they will find.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, suite, test } from 'node:test'
import { killDemos, startDemo } from '../demo/demo-process.ts'
import type { Demo } from '../demo/demo-process.ts'
import { lastUploadOn, linesOn, visitor } from '../demo/visitor.ts'
import { observedStores } from '../lifecycle/stores.ts'
import type { ObservedStore, Seen } from '../lifecycle/stores.ts'
import { runToEnd, until } from '../servers/processes.ts'

const LIFETIME_S = 5

/** How long Redis keeps a record beyond its deadline. */
const REDIS_SKEW_S = 60

interface Walk {
  /** Its name among the observed stores. */
  readonly store: string
  readonly url: (place: string) => string
  /** What a person types to see a record: the arguments of a program. */
  readonly show: (place: string, id: string) => readonly [string, ...string[]]
  /** Whether the server removes records by itself, so that no sweep needs to. */
  readonly expires: boolean
}

const walks: readonly Walk[] = [
  {
    store: 'files',
    url: (place) => `file:${place}`,
    show: (place, id) => ['cat', `${place}/${id.slice(0, 2)}/${id}`],
    expires: false,
  },
  {
    store: 'PostgreSQL',
    url: (place) => place,
    show: (place, id) => ['psql', place, '-XAtc', `select payload from sessions where id = '${id}'`],
    expires: false,
  },
  {
    store: 'Redis',
    url: (place) => place,
    show: (place, id) => ['redis-cli', '-p', new URL(place).port, 'hget', `session:${id}`, 'payload'],
    expires: true,
  },
]

suite('a walk through the demo and its store', { concurrency: true }, () => {
  after(killDemos)

  for (const walk of walks) {
    test(`on ${walk.store}`, async () => {
      const observed = await observedStores[walk.store]?.()
      assert.ok(observed)
      // Until the waiting begins nothing is swept, so that a slow machine counts what a fast one does.
      const env = { SESSION_STORE: walk.url(observed.place), SESSION_LIFETIME: `${LIFETIME_S}s` }
      const demo = await startDemo({ ...env, SESSION_SWEEP_EVERY: '1h' })
      try {
        const left = await uploadTwice(walk, observed, demo)
        await demo.stop()
        await waitForTheEnd(walk, observed, left)
        const sweeping = await startDemo({ ...env, SESSION_SWEEP_EVERY: '200ms' })
        await findThemGone(walk, observed, sweeping, left)
        await comeBack(observed, sweeping, left)
        await sweeping.stop()
      } finally {
        await demo.stop()
        await observed.store.close?.()
        await observed.stop()
      }
    })
  }
})

/** What the first half leaves behind. */
interface Left {
  readonly cookies: readonly string[]
  readonly ids: readonly string[]
  readonly deadlines: readonly number[]
}

async function uploadTwice(walk: Walk, observed: ObservedStore, demo: Demo): Promise<Left> {
  const someone = visitor(demo.url)
  const before = Date.now()
  assert.equal((await someone.upload('tea\nmilk\n', 'shopping.txt')).status, 303)
  const uploaded = Date.now()
  const cookie = cookieOf(someone.cookie())
  const id = idOf(cookie)

  // One record, under the hash of what is in the cookie; the upload is in it, the cookie is not.
  const first = await observed.see([id])
  assert.deepEqual([...first.keys()], [id])
  const shown = await runToEnd(...toRun(walk.show(observed.place, id)))
  assert.match(shown, /shopping\.txt/)
  assert.ok(!shown.includes(tokenOf(cookie)))

  // Its time to live.
  const { deadline } = recordIn(first, id)
  assert.ok(deadline >= before + LIFETIME_S * 1000 && deadline <= uploaded + LIFETIME_S * 1000)
  checkExpiry(walk, recordIn(first, id))

  // Somebody who only looks around leaves nothing.
  const reader = visitor(demo.url)
  await reader.get('/')
  assert.equal(reader.cookie(), undefined)

  // The cookie is deleted: to the demo this is somebody new, and the old record stays.
  const again = visitor(demo.url)
  assert.equal(lastUploadOn(await again.get('/')), undefined)
  await again.upload('bread\n', 'more.txt')
  const other = cookieOf(again.cookie())
  assert.notEqual(other, cookie)
  const both = await observed.see([id, idOf(other)])
  assert.deepEqual([...both.keys()].toSorted(), [id, idOf(other)].toSorted())
  assert.equal(recordIn(both, id).deadline, deadline)

  return {
    cookies: [cookie, other],
    ids: [id, idOf(other)],
    deadlines: [deadline, recordIn(both, idOf(other)).deadline],
  }
}

/** No process runs: what has ended stays where it is, but for a server that removes it by itself. */
async function waitForTheEnd(walk: Walk, observed: ObservedStore, { ids, deadlines }: Left): Promise<void> {
  await until('the last deadline', () => Date.now() > Math.max(...deadlines))
  const seen = await observed.see(ids)
  for (const id of ids) checkExpiry(walk, recordIn(seen, id))
}

/** A process runs again. Its first request starts its sweeper, and needs no session for that. */
async function findThemGone({ expires }: Walk, observed: ObservedStore, demo: Demo, { ids }: Left): Promise<void> {
  await visitor(demo.url).get('/')
  // In Redis they are for most of a minute; its time to live has been read.
  if (!expires) await until('the records are gone', async () => (await observed.see(ids)).size === 0)
}

/** Back with each of the old cookies: neither opens anything, and what is put in begins anew. */
async function comeBack(observed: ObservedStore, demo: Demo, { cookies }: Left): Promise<void> {
  for (const [at, cookie] of cookies.entries()) {
    const returned = visitor(demo.url, cookie)
    assert.equal(lastUploadOn(await returned.get('/')), undefined)
    await returned.upload(`number ${at}\n`, 'new.txt')
    const fresh = cookieOf(returned.cookie())
    assert.ok(!cookies.includes(fresh), 'an ID is never used again')
    assert.deepEqual(linesOn(await returned.get('/upload')), [`number ${at}`])
    assert.ok((await observed.see([idOf(fresh)])).has(idOf(fresh)))
  }
}

/** Redis says itself when it removes a record: that is read, not waited for. The others never do. */
function checkExpiry({ expires }: Walk, { deadline, lapses }: Seen): void {
  if (!expires) assert.equal(lapses, undefined)
  else assert.ok(Math.abs((lapses ?? 0) - deadline - REDIS_SKEW_S * 1000) <= 2, `${lapses} for ${deadline}`)
}

function recordIn(seen: ReadonlyMap<string, Seen>, id: string): Seen {
  return seen.get(id) ?? assert.fail(`no record ${id}`)
}

function cookieOf(cookie: string | undefined): string {
  return cookie ?? assert.fail('no cookie')
}

function tokenOf(cookie: string): string {
  return cookie.slice(cookie.indexOf('=') + 1)
}

/** The name of the record: the hash of what is in the cookie. */
function idOf(cookie: string): string {
  return createHash('sha256').update(tokenOf(cookie)).digest('hex')
}

function toRun([program, ...args]: readonly [string, ...string[]]): [string, readonly string[]] {
  return [program, args]
}
