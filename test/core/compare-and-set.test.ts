/** Reading a record and replacing it: what other writers, old instances and stores that keep the dead do meanwhile. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Store } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { testClock } from '../../src/testing/index.ts'
import { scene, visited } from './site.ts'
import type { Scene } from './site.ts'

const MINUTE = 60_000
const DAY = 86_400_000

/** As stores that expire lazily do, it goes on giving what is dead. */
function keepsTheDead(): Store {
  const store = memoryStore()
  return { ...store, read: (id) => store.read(id, 0) }
}

function told(on: Scene, wanted: string): Record<string, unknown>[] {
  return on.events.filter(({ name }) => name === wanted).map(({ event }) => Object(event))
}

suite('a record that the store still gives', () => {
  test('is over by an absolute lifetime that is shorter than when it was written', async () => {
    const store = memoryStore()
    const before = await visited({ user: 'ada' }, { store })
    const on = scene({ store, clock: before.clock, lifetime: '2h', absoluteLifetime: '2h' })
    on.cookie = before.cookie
    before.clock.advance(120 * MINUTE - 1)
    assert.deepEqual(await on.found(), { user: 'ada' })
    before.clock.advance(1)
    assert.deepEqual(await on.found(), {})
    assert.deepEqual(await before.found(), { user: 'ada' })
  })

  test('says that its ID is used up for a minute, whatever the lifetime of the session was, and then nothing', async () => {
    const on = await visited({ user: 'ada' }, { store: keepsTheDead(), lifetime: '30m', absoluteLifetime: '30m' })
    const { cookie } = on
    on.clock.advance(30 * MINUTE - 1)
    const moving = await on.open()
    await moving.regenerate()
    await on.commit(moving)
    on.cookie = cookie
    on.clock.advance(MINUTE - 1)
    assert.equal((await on.open()).ended, 'superseded')
    on.clock.advance(1)
    const late = await on.open()
    assert.deepEqual([late.ended, late.isNew], [undefined, true])
    assert.equal(told(on, 'rejected').at(-1)?.['reason'], 'unknown')
  })

  test('and cannot make out itself is rejected with the store’s own word', async () => {
    const inner = memoryStore()
    let isSealed = false
    const store: Store = {
      ...inner,
      async read(id, now) {
        const record = await inner.read(id, now)
        return record && isSealed ? { ...record, payload: '', unreadable: 'no_key' } : record
      },
    }
    const on = await visited({ user: 'ada' }, { store })
    const { id } = await on.open()
    isSealed = true
    assert.deepEqual((await on.open()).data, {})
    assert.deepEqual(told(on, 'rejected'), [{ reason: 'unreadable', id, detail: 'no_key' }])
  })

  test('has no owner, not even an undefined one, where the session has none: some databases tell these apart', async () => {
    const on = await visited()
    const [created] = on.gates.calls
    assert.equal(created?.operation, 'create')
    assert.deepEqual(Object.keys(Object(created?.args[1])), ['payload', 'expiresAt'])
  })

  test('and that a renewed token leads to, but nobody can read, begins anew as it does for the new token', async () => {
    const on = await visited({ user: 'ada' }, { renewAfter: '15m' })
    const { cookie } = on
    on.clock.advance(15 * MINUTE)
    const renewing = await on.open()
    await on.commit(renewing)
    const { store } = on.gates
    const record = await store.read(renewing.id, on.clock.now())
    assert.ok(record)
    await store.update(renewing.id, record.version, { ...record, payload: 'foreign' }, on.clock.now())
    for (const each of [on.cookie, cookie]) {
      on.cookie = each
      const session = await on.open({ activity: false })
      assert.deepEqual([session.isNew, session.ended], [true, undefined])
      assert.equal(told(on, 'rejected').at(-1)?.['detail'], 'not_a_record')
    }
  })
})

test('a record that is dead and cannot be made out is as unknown as one that is gone', async () => {
  const inner = memoryStore()
  const store: Store = {
    ...inner,
    async read(id, now) {
      const record = await inner.read(id, 0)
      return record && record.expiresAt > now ? record : null
    },
  }
  const on = await visited({ user: 'ada' }, { store })
  on.sessions.on('expired', () => assert.fail('nobody can tell'))
  const { id } = await on.open()
  const record = await store.read(id, on.clock.now())
  assert.ok(record)
  await store.update(id, record.version, { ...record, payload: 'foreign' }, on.clock.now())
  on.clock.advance(10 * DAY)
  await on.open()
  assert.deepEqual(told(on, 'rejected'), [{ reason: 'unknown', id }])
})

suite('a save that meets other writers', () => {
  test('looks again at once, and then pauses longer each time, by chance, up to 64 ms', async (t) => {
    const pauses: number[] = []
    const clock = testClock()
    const on = await visited(
      { user: 'ada' },
      { clock: { ...clock, sleep: async (ms) => void pauses.push(ms) }, store: conflicting(10) },
    )
    const session = await on.open()
    session.data['user'] = 'bob'
    const chance = t.mock.method(Math, 'random', () => 0.5)
    try {
      await session.save()
    } finally {
      chance.mock.restore()
    }
    assert.deepEqual(pauses, [1, 2, 4, 8, 16, 32, 32, 32, 32])
    assert.deepEqual(await on.found(), { user: 'bob' })
  })

  test('ends also where the clock stands still: after 500 tries', async () => {
    const clock = testClock()
    let tries = 0
    const on = await visited(
      { user: 'ada' },
      { clock: { ...clock, sleep: async () => {} }, store: conflicting(Infinity, () => (tries += 1)) },
    )
    const session = await on.open()
    session.data['user'] = 'bob'
    await assert.rejects(session.save(), { code: 'too_busy' })
    assert.equal(tries, 500)
  })

  for (const [end, reason] of [
    ['destroy', 'gone'],
    ['regenerate', 'superseded'],
  ] as const)
    test(`and then finds that ${end}() was faster says ${reason}`, async () => {
      const on = await visited()
      const [saving, other, ending] = [await on.open(), await on.open(), await on.open()]
      other.data['b'] = 2
      await other.save()
      saving.data['a'] = 1
      on.gates.hold('read')
      const failed = assert.rejects(saving.save(), { code: 'session_ended' })
      const stop = await on.gates.reached('read')
      // By another process: in this one writers of one session take turns.
      const elsewhere = scene({ store: on.gates.store, clock: on.clock })
      elsewhere.cookie = on.cookie
      const theirs = await elsewhere.open()
      await theirs[end]()
      await elsewhere.commit(theirs)
      stop.release()
      await failed
      assert.deepEqual(told(on, 'gone'), [{ id: ending.id, reason, keys: ['a'] }])
    })

  test('is no other where the change of update() gives null back', async () => {
    const on = await visited({ n: 0 })
    const session = await on.open()
    await session.update((data) => {
      data['n'] = 1
      return null
    })
    assert.deepEqual(await on.found(), { n: 1 })
  })

  test('in the same process waits for them, and then reads before it writes: update() collides with none', async () => {
    const on = await visited({ n: 0 })
    const sessions = [await on.open(), await on.open(), await on.open()]
    const count = (data: Record<string, unknown>): void => void (data['n'] = Number(data['n']) + 1)
    await Promise.all(sessions.map((session) => session.update(count)))
    assert.equal(on.gates.count('update'), 3)
    assert.deepEqual(await on.found(), { n: 3 })
  })
})

/** A memory store that says so many times that another writer was faster; `tried` is told of each. */
function conflicting(times: number, tried: () => unknown = () => {}): Store {
  const store = memoryStore()
  let left = times
  return {
    ...store,
    async update(...call) {
      left -= 1
      if (left < 0) return store.update(...call)
      tried()
      return 'conflict'
    },
  }
}
