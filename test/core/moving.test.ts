/** A move to a new ID, and an end, while the store fails or somebody else is at the session. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { z } from 'zod'
import { createSessions } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { gatedStore, testClock } from '../../src/testing/index.ts'
import { scene, visited } from './site.ts'
import type { Scene } from './site.ts'

const MINUTE = 60_000

/** Another process, with the cookie that the visitor has now. */
function elsewhere(on: Scene, options: Parameters<typeof scene>[0] = {}): Scene {
  const other = scene({ store: on.gates.store, clock: on.clock, ...options })
  other.cookie = on.cookie
  return other
}

async function living(on: Scene): Promise<string[]> {
  return (await Array.fromAsync(on.sessions.list())).map(({ id }) => id)
}

function conflicts(on: Scene): unknown[] {
  return on.events.filter(({ name }) => name === 'conflict').map(({ event }) => Object(event)['key'])
}

suite('a move to a new ID', () => {
  test('a regenerate() whose answer from the store is lost has happened: the visitor gets the new cookie', async () => {
    const on = await visited()
    const { cookie } = on
    const session = await on.open()
    await session.regenerate({ keep: true })
    on.gates.fail('update', new Error('connection reset'), { side: 'after' })
    assert.equal((await on.commit(session)).setCookie.length, 1)
    assert.notEqual(on.cookie, cookie)
    assert.deepEqual(await living(on), [session.id])
    assert.deepEqual(await on.found(), { user: 'ada' })
  })

  test('a regenerate() that the store refused has not: the old ID goes on, and there is no other', async () => {
    const on = await visited()
    const session = await on.open()
    const { id } = session
    await session.regenerate({ keep: true })
    on.gates.fail('update', new Error('down'))
    await assert.rejects(async () => on.commit(session), { code: 'store_failed' })
    assert.deepEqual(await living(on), [id])
    assert.deepEqual(await on.found(), { user: 'ada' })
  })

  test('a regenerate() whose outcome nobody knows leaves no second session: nothing leads there', async () => {
    const on = await visited()
    const session = await on.open()
    const { id } = session
    await session.regenerate({ keep: true })
    on.gates.fail('update', new Error('down'))
    on.gates.fail('read', new Error('down'))
    await assert.rejects(async () => on.commit(session), { code: 'store_failed' })
    assert.deepEqual(await living(on), [id])
  })

  test('a regenerate() that failed while another one moved the session is not taken for that one', async () => {
    const on = await visited()
    const session = await on.open()
    await session.regenerate({ keep: true })
    on.gates.hold('update')
    const failed = assert.rejects(async () => on.commit(session), { code: 'store_failed' })
    const stop = await on.gates.reached('update')
    const other = elsewhere(on)
    const theirs = await other.open()
    await theirs.regenerate({ keep: true })
    await other.commit(theirs)
    stop.fail(new Error('down'))
    await failed
    assert.deepEqual(await living(on), [theirs.id])
  })

  for (const [move, options] of [
    ['a regenerate()', {}],
    ['a renewal', { renewAfter: '15m' }],
  ] as const)
    test(`${move} whose new ID an operator ends, before it is in use, ends the session`, async () => {
      const on = await visited({ user: 'ada' }, options)
      const { cookie } = on
      on.clock.advance(15 * MINUTE)
      const session = await on.open()
      if (move === 'a regenerate()') await session.regenerate({ keep: true })
      on.gates.hold('update')
      const committing = on.commit(session)
      const stop = await on.gates.reached('update')
      const created = on.gates.calls.findLast(({ operation }) => operation === 'create')
      // Somebody else writes as well, so that the move has to begin anew.
      const other = elsewhere(on)
      const theirs = await other.open()
      theirs.data['b'] = 2
      await other.commit(theirs)
      assert.equal(await other.sessions.revoke(created?.id ?? ''), true)
      stop.release()
      assert.deepEqual((await committing).setCookie, [])
      assert.deepEqual(await living(on), [])
      on.cookie = cookie
      assert.equal((await on.open()).ended, 'superseded')
      assert.deepEqual(
        on.events.filter(({ name }) => name === 'gone').map(({ event }) => Object(event)['reason']),
        ['gone'],
      )
    })

  test('a regenerate() whose data does not fit the schema together with what others saved meanwhile fails, and nothing has moved', async () => {
    const gates = gatedStore(memoryStore())
    const schema = z
      .object({ a: z.number().optional(), b: z.number().optional() })
      .refine((data) => data.a === undefined || data.b === undefined, { path: ['b'] })
    const common = { store: gates.store, clock: testClock(), cookie: { secure: false }, sweepEvery: false } as const
    const [sessions, others] = [createSessions({ ...common, schema }), createSessions({ ...common, schema })]
    const first = await sessions.open({ cookie: undefined, secure: false })
    first.owner = 'ada'
    const request = { cookie: (await sessions.commit(first)).setCookie[0]?.split(';')[0], secure: false }
    const [session, theirs] = [await sessions.open(request), await others.open(request)]
    await session.regenerate({ keep: true })
    session.data.a = 1
    gates.hold('update')
    const failed = assert.rejects(async () => sessions.commit(session), { code: 'invalid_data' })
    const stop = await gates.reached('update')
    theirs.data.b = 2
    await others.commit(theirs)
    stop.release()
    await failed
    assert.deepEqual({ ...(await others.open(request)).data }, { b: 2 })
    assert.equal((await Array.fromAsync(sessions.list())).length, 1)
  })

  test('a regenerate() and then update() works on what others saved under the old ID', async () => {
    const on = await visited({ n: 0 })
    const [session, other] = [await on.open(), await on.open()]
    await session.regenerate({ keep: true })
    const count = (data: Record<string, unknown>): void => void (data['n'] = Number(data['n']) + 1)
    await other.update(count)
    await session.update(count)
    await on.commit(session)
    assert.deepEqual(await on.found(), { n: 2 })
    assert.deepEqual(conflicts(on), [])
  })
})

test('a renewal tells what both changed, once', async () => {
  const on = await visited({ x: 0 }, { renewAfter: '15m' })
  on.clock.advance(15 * MINUTE)
  const session = await on.open()
  session.data['x'] = 1
  on.gates.hold('update')
  const committing = on.commit(session)
  const stop = await on.gates.reached('update')
  const other = elsewhere(on)
  const theirs = await other.open()
  theirs.data['x'] = 2
  await other.commit(theirs)
  stop.release()
  await committing
  assert.deepEqual(conflicts(on), ['x'])
  assert.deepEqual(await on.found(), { x: 1 })
})

suite('an end', () => {
  test('stands although the record could not be deleted: whoever comes with the cookie gets no new session', async () => {
    const on = await visited()
    const { cookie } = on
    const owned = await on.open()
    owned.owner = 'ada'
    await on.commit(owned)
    const session = await on.open()
    const { id } = session
    on.gates.fail('delete', new Error('down'))
    await assert.rejects(session.destroy(), { code: 'store_failed' })
    assert.equal((await on.gates.store.read(id, on.clock.now()))?.owner, undefined, 'it is no session of theirs')
    on.cookie = cookie
    on.clock.advance(59_999)
    assert.equal((await on.open()).ended, 'superseded')
    assert.deepEqual(await living(on), [])
  })

  test('after one that was noticed before leaves the new cookie alone', async () => {
    const on = await visited()
    const [late, moving] = [await on.open(), await on.open()]
    await moving.regenerate({ keep: true })
    await on.commit(moving)
    late.data['a'] = 1
    await assert.rejects(late.save(), { code: 'session_ended' })
    await late.destroy()
    assert.deepEqual((await on.commit(late)).setCookie, [])
    assert.deepEqual(await on.found(), { user: 'ada' })
  })

  test('that a push of the deadline finds loses no keys', async () => {
    const on = await visited()
    on.clock.advance(2 * 86_400_000)
    const [late, ending] = [await on.open(), await on.open()]
    await ending.destroy()
    await on.commit(late)
    assert.deepEqual(
      on.events.filter(({ name }) => name === 'gone').map(({ event }) => Object(event)['keys']),
      [[]],
    )
  })

  test('that a failed request finds loses no keys: its changes were dropped before', async () => {
    const before = await visited()
    const on = elsewhere(before, { cookie: { name: 'id', secure: false, sameSite: 'strict' } })
    const session = await on.open()
    session.data['a'] = 1
    await (await before.open()).destroy()
    await on.commit(session, true)
    assert.deepEqual(
      on.events.filter(({ name }) => name === 'gone').map(({ event }) => Object(event)['keys']),
      [[]],
    )
  })
})

suite('a new ID', () => {
  const [A, B] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]

  test('is the one that was shown before the session was saved', async () => {
    const on = scene()
    const session = await on.open()
    const { id } = session
    session.data['a'] = 1
    await on.commit(session)
    assert.equal(session.id, id)
    assert.deepEqual(await living(on), [id])
  })

  test('is another one where that is in use, and that session is left alone', async () => {
    const drawn: Uint8Array[] = []
    const on = scene({ randomBytes: () => drawn.shift() ?? B })
    drawn.push(A, A)
    const ids: string[] = []
    for (const data of [{ user: 'ada' }, { user: 'bob' }]) {
      on.cookie = undefined
      const session = await on.open()
      const { id } = session
      Object.assign(session.data, data)
      await on.commit(session)
      ids.push(id, session.id)
    }
    assert.equal(ids[0], ids[2])
    assert.deepEqual(new Set(await living(on)), new Set([ids[1], ids[3]]))
    assert.deepEqual(await on.found(), { user: 'bob' })
  })

  test('is given up where five in a row are in use: the generator is not random', async () => {
    const on = scene({ randomBytes: () => A })
    const [first, second] = [await on.open(), await on.open()]
    first.data['user'] = 'ada'
    await on.commit(first)
    second.data['user'] = 'bob'
    await assert.rejects(async () => on.commit(second), { code: 'bad_option' })
    assert.equal(on.gates.count('create'), 6)
    assert.deepEqual(await on.found(), { user: 'ada' })
  })
})

test('a change of permanence is saved where both kinds live equally long', async () => {
  const on = await visited({ user: 'ada' }, { lifetime: '10d' })
  const session = await on.open()
  const was = session.permanent
  session.permanent = !was
  await on.commit(session)
  assert.equal((await on.open()).permanent, !was)
})

test('a cookie that a save has made due, and that no head can carry any more, is an error', async () => {
  for (const change of [{}, { a: 1 }]) {
    const on = await visited({ user: 'ada' }, { permanent: true })
    on.clock.advance(2 * 86_400_000)
    const session = await on.open()
    Object.assign(session.data, change)
    await session.save()
    await assert.rejects(async () => on.sessions.commit(session, { headSent: true }), { code: 'head_sent' })
    assert.deepEqual(await on.found(), { user: 'ada', ...change })
  }
})
