/** What is told of a session that turns out to be over, or to have left something behind. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { memoryStore } from '../../src/stores/memory.ts'
import { scene, visited } from './site.ts'
import type { Scene } from './site.ts'

const DAY = 86_400_000

function gone(on: Scene): readonly object[] {
  return on.events.filter(({ name }) => name === 'gone').map(({ event }) => Object(event))
}

suite('a session that is over', () => {
  test('reload() says whether it moved on or ended, and loses no keys that anybody changed', async () => {
    for (const [end, reason] of [
      ['regenerate', 'superseded'],
      ['destroy', 'gone'],
    ] as const) {
      const on = await visited()
      const [late, first] = [await on.open(), await on.open()]
      await first[end]()
      await on.commit(first)
      assert.equal(await late.reload(), false)
      assert.deepEqual({ ...late.data }, {})
      assert.deepEqual(gone(on), [{ id: late.id, reason, keys: [] }])
    }
  })

  test('destroy() says that it moved on, and leaves the new cookie alone', async () => {
    const on = await visited()
    const [late, moving] = [await on.open(), await on.open()]
    await moving.regenerate({ keep: true })
    await on.commit(moving)
    await late.destroy()
    assert.deepEqual(gone(on), [{ id: late.id, reason: 'superseded', keys: [] }])
    assert.deepEqual((await on.commit(late)).setCookie, [])
    assert.deepEqual(await on.found(), { user: 'ada' })
  })

  test('a visit that pushes its deadline notices it, and sends no cookie', async () => {
    const inner = memoryStore()
    let ended = false
    const store = {
      ...inner,
      async touch(id: string, expiresAt: number, now: number): Promise<boolean> {
        const touched = await inner.touch(id, expiresAt, now)
        if (ended) await inner.delete(id)
        return touched
      },
    }
    const on = await visited({ user: 'ada' }, { store, permanent: true })
    on.clock.advance(2 * DAY)
    const visit = await on.open()
    ended = true
    assert.deepEqual((await on.commit(visit)).setCookie, [])
    assert.deepEqual(gone(on), [{ id: visit.id, reason: 'gone', keys: [] }])
  })
})

test('what another request saved and a move leaves behind is a conflict that a deletion won', async () => {
  const on = await visited()
  const [moving, other] = [await on.open(), await on.open()]
  Object.assign(other.data, { x: 1, y: 2 })
  await on.commit(other)
  await moving.regenerate({ keep: ['y'] })
  await on.commit(moving)
  assert.deepEqual(await on.found(), { y: 2 })
  const conflicts = on.events.filter(({ name }) => name === 'conflict').map(({ event }) => Object(event))
  assert.deepEqual(
    conflicts.map(({ key, winner }) => [key, winner]),
    [['x', 'deletion']],
  )
})

suite('what is told of a clash', () => {
  const clashes = (on: Scene): unknown[] =>
    on.events
      .filter(({ name }) => name === 'conflict')
      .map(({ event }) => [Object(event)['key'], Object(event)['winner']])

  test('update() tells it of what was unsaved before', async () => {
    const on = await visited({ x: 0, n: 0 })
    const [session, other] = [await on.open(), await on.open()]
    other.data['x'] = 2
    await other.save()
    session.data['x'] = 1
    await session.update((data) => void (data['n'] = 1))
    assert.deepEqual(clashes(on), [['x', 'ours']])
    assert.deepEqual(await on.found(), { x: 1, n: 1 })
  })

  test('nothing is told where nobody else wrote', async () => {
    const on = await visited({ x: 0 }, { renewAfter: '15m' })
    const session = await on.open()
    session.data['x'] = 1
    await session.save()
    await session.update((data) => void (data['x'] = 2))
    await session.regenerate({ keep: true })
    await on.commit(session)
    on.clock.advance(15 * 60_000)
    await on.commit(await on.open())
    assert.deepEqual(
      on.events.map(({ name }) => name),
      ['created', 'regenerated', 'renewed'],
    )
  })
})

test('a key taken over from another request is as any other: seen by a loop, changed, deleted', async () => {
  const on = await visited({ mine: -1 })
  const [session, other] = [await on.open(), await on.open()]
  Object.assign(other.data, { a: 1, b: 2 })
  await other.save()
  session.data['mine'] = 0
  await session.save()
  assert.deepEqual(Object.keys(session.data).toSorted(), ['a', 'b', 'mine'])
  session.data['a'] = 3
  delete session.data['b']
  await on.commit(session)
  assert.deepEqual(await on.found(), { mine: 0, a: 3 })
})

test('a cookie that may not travel makes no record, each time with an event', async () => {
  const on = scene({ cookie: { secure: true } })
  for (const times of [1, 2]) {
    const session = await on.open({ secure: false })
    session.data['a'] = 1
    assert.deepEqual((await on.commit(session)).setCookie, [])
    assert.equal(on.events.filter(({ name }) => name === 'withheld').length, times)
  }
  assert.equal(on.gates.count('create'), 0)
})

test('a save that conflicts for as long as a store call may take is given up as too_busy', async () => {
  const inner = memoryStore()
  let updates = 0
  const store = {
    ...inner,
    async update(): Promise<'conflict'> {
      updates += 1
      on.clock.advance(1_000)
      return 'conflict'
    },
  }
  const on = await visited({ user: 'ada' }, { store, storeTimeout: '2s' })
  const session = await on.open()
  session.data['user'] = 'bob'
  await assert.rejects(session.save(), { code: 'too_busy' })
  assert.equal(updates, 2)
})
