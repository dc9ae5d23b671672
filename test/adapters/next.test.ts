/** With a jar that behaves like Next's; `npm run test:frameworks` walks through a real server of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nextSessions } from '../../src/adapters/next.ts'
import type { NextCookies, NextSessions } from '../../src/adapters/next.ts'
import { login, logout } from '../../src/owners/login.ts'
import { createSessions } from '../../src/sessions.ts'
import type { Sessions } from '../../src/sessions.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { testClock } from '../../src/testing/clock.ts'
import type { TestClock } from '../../src/testing/clock.ts'
import { gatedStore } from '../../src/testing/gates.ts'
import type { Gates } from '../../src/testing/gates.ts'

interface Data {
  visits: number
  cart: { items: string[] }
}

type Set = Parameters<NextCookies['set']>[0]

interface World {
  readonly sessions: Sessions<Data>
  readonly gates: Gates
  readonly clock: TestClock
  /** A request with this Cookie header: what a component or an action has, and what was set so far. */
  readonly request: (cookie?: string, proto?: string) => NextSessions<Data> & { readonly set: Set[] }
}

function world({ secure = false, domain }: { secure?: boolean; domain?: string } = {}): World {
  const gates = gatedStore(memoryStore())
  const clock = testClock()
  const cookie = { secure, ...(domain === undefined ? {} : { domain }) }
  const sessions = createSessions<Data>({ store: gates.store, clock, cookie, sweepEvery: false })
  return {
    sessions,
    gates,
    clock,
    request(sent = '', proto = 'http') {
      const given = new Headers({ cookie: sent, 'x-forwarded-proto': proto })
      // Next's jar: the last of several with one name, and what this response has set so far.
      const pairs = sent
        .split(/; */)
        .map((pair): [string, string] => [pair.split('=')[0] ?? '', pair.split('=')[1] ?? ''])
      const jar = new Map(pairs)
      const set: Set[] = []
      const cookies: NextCookies = {
        get: (name) => (jar.has(name) ? { value: jar.get(name) ?? '' } : undefined),
        set(one) {
          set.push(one)
          jar.set(one.name, one.value)
        },
      }
      return { ...nextSessions(sessions, { cookies: async () => cookies, headers: async () => given }), set }
    },
  }
}

const count = ({ data }: { data: Partial<Data> }): number => (data.visits = (data.visits ?? 0) + 1)

async function visited({ request }: World): Promise<string> {
  const { changeSession, set } = request()
  assert.equal(await changeSession(count), 1)
  return `${set[0]?.name}=${set[0]?.value}`
}

test('an action saves before it resolves, and hands Next every attribute of the cookie', async () => {
  const { request, clock, sessions } = world({ secure: true, domain: 'example.org' })
  const { changeSession, set } = request('', 'https')
  await changeSession(count)
  const { expires, value, ...rest } = set[0] ?? assert.fail('a cookie is set')
  assert.equal(expires?.getTime(), Math.floor((clock.now() + 31 * 86_400_000) / 1000) * 1000)
  const attributes = { maxAge: 2_678_400, domain: 'example.org', path: '/', httpOnly: true, secure: true }
  assert.deepEqual({ ...rest }, { name: sessions.cookieName, ...attributes, sameSite: 'lax' })
  assert.deepEqual((await request(`${sessions.cookieName}=${value}`).readSession()).data, { visits: 1 })
})

test('whether the connection is secure is what Next says of it, or what the application says', async () => {
  const { request, sessions } = world({ secure: true })
  const plain = request('', 'http')
  await plain.changeSession(count)
  assert.deepEqual(plain.set, [])
  for (const proto of ['https', 'https, http', 'HTTPS']) {
    const { changeSession, set } = request('', proto)
    await changeSession(count)
    assert.equal(set.length, 1, proto)
  }
  const set: Set[] = []
  const cookies = async (): Promise<NextCookies> => ({ get: () => undefined, set: (one) => set.push(one) })
  const headers = async (): Promise<Headers> => new Headers({ via: 'tls' })
  const secure = (given: { get(name: string): string | null }): boolean => given.get('via') === 'tls'
  await nextSessions(sessions, { cookies, headers }, { secure }).changeSession(count)
  assert.equal(set.length, 1)
})

test('a cookie that this response has deleted is none, and not a malformed one', async () => {
  const here = world()
  const cookie = await visited(here)
  let rejected = 0
  here.sessions.on('rejected', () => (rejected += 1))
  const { changeSession, readSession } = here.request(cookie)
  await changeSession((session) => session.destroy())
  assert.equal((await readSession()).isNew, true)
  assert.equal(rejected, 0)
})

test('a component that reads costs a visitor without a cookie nothing, and is no visit', async () => {
  const here = world()
  const { request, gates, clock } = here
  const nobody = await request().readSession()
  assert.deepEqual([nobody.data, nobody.owner, nobody.isNew], [{}, undefined, true])
  assert.deepEqual(gates.calls, [])
  const cookie = await visited(here)
  clock.advance(20 * 86_400_000)
  const { readSession, set } = request(cookie)
  const { expiresAt } = await readSession()
  assert.equal((await request(cookie).readSession()).expiresAt, expiresAt)
  assert.deepEqual(set, [])
  assert.deepEqual(
    gates.calls.map(({ operation }) => operation),
    ['create', 'read', 'read'],
  )
})

test('what a component changes in what it has read is an error, nested or not', async () => {
  const here = world()
  const cookie = await visited(here)
  await here.request(cookie).changeSession(({ data }) => {
    data.cart = { items: ['coat'] }
  })
  const { data } = await here.request(cookie).readSession()
  assert.throws(() => Object.assign(data, { visits: 9 }), TypeError)
  assert.throws(() => data.cart?.items.push('hat'), TypeError)
})

test('what is read after a change in the same request is what the change left', async () => {
  const here = world()
  const cookie = await visited(here)
  const { changeSession, readSession } = here.request(cookie)
  await changeSession((session) => login(session, 'ada'))
  assert.equal((await readSession()).owner, 'ada')
  await changeSession(logout)
  assert.deepEqual([(await readSession()).owner, (await readSession()).isNew], [undefined, true])
})

test('several cookies of our name are all looked at, though the jar shows one', async () => {
  const here = world()
  const [one, other] = [await visited(here), await visited(here)]
  assert.equal((await here.request(`${one}; ${other}`).readSession()).ended, 'ambiguous')
  assert.equal((await here.request(`${one}; id=${'A'.repeat(43)}`).readSession()).data.visits, 1)
})

test('redirect() and notFound() are answers: what was changed is saved, and they are passed on', async () => {
  const here = world()
  const cookie = await visited(here)
  for (const digest of ['NEXT_REDIRECT;push;/;303;', 'NEXT_HTTP_ERROR_FALLBACK;404']) {
    const answer = Object.assign(new Error(digest), { digest })
    const { changeSession } = here.request(cookie)
    await assert.rejects(
      changeSession((session) => {
        count(session)
        throw answer
      }),
      answer,
    )
  }
  assert.equal((await here.request(cookie).readSession()).data.visits, 3)
})

test('after any other error a login stands and data does not, and the error is passed on', async () => {
  const here = world()
  const cookie = await visited(here)
  const { changeSession, set } = here.request(cookie)
  for (const broken of [new Error('broken'), Object.assign(new Error('other'), { digest: '123' })]) {
    await assert.rejects(
      changeSession(async (session) => {
        await login(session, 'ada', { keep: true })
        count(session)
        throw broken
      }),
      broken,
    )
  }
  const { owner, data } = await here.request(`${set.at(-1)?.name}=${set.at(-1)?.value}`).readSession()
  assert.deepEqual([owner, data.visits], ['ada', 1])
})

test('a save that fails rejects, sets no cookie, and outranks a redirect', async () => {
  const { request, gates } = world()
  const { changeSession, set } = request()
  const down = new Error('down')
  gates.fail('create', down)
  await assert.rejects(changeSession(count), { code: 'store_failed' })
  gates.fail('create', down)
  const redirect = Object.assign(new Error('to'), { digest: 'NEXT_REDIRECT;push;/;303;' })
  await assert.rejects(
    changeSession((session) => {
      count(session)
      throw redirect
    }),
    { code: 'store_failed' },
  )
  assert.deepEqual(set, [])
})
