/** A store that stops answering, at every operation of everything a request can do: an error in time, and no more. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Session } from '../../src/index.ts'
import type { GateSide, StoreOperation } from '../../src/testing/index.ts'
import { refusal } from './refusal.ts'
import { visited } from './site.ts'
import type { Data, Scene } from './site.ts'
import { quietly, turns } from './unhandled.ts'

const DAY = 86_400_000

interface Act {
  /** What is prepared before the store hangs. */
  readonly before?: (on: Scene, session: Session<Data>) => unknown
  readonly run: (on: Scene, session: Session<Data>) => Promise<unknown>
  /** The store calls it makes, in order. */
  readonly calls: readonly StoreOperation[]
  /** Which call is found to have taken effect when only its answer is lost, counted from 1: then all is well. */
  readonly mends?: number
}

const change = (_: Scene, { data }: Session<Data>): void => {
  data['a'] = 1
}
const conflict = async (on: Scene, session: Session<Data>): Promise<void> => {
  const other = await on.open()
  other.data['b'] = 2
  await on.commit(other)
  change(on, session)
}

const ACTS: Readonly<Record<string, Act>> = {
  'open()': { run: (on) => on.open(), calls: ['read'] },
  'the commit of a new session': {
    run: async (on) => {
      const session = await on.sessions.open({ cookie: undefined, secure: false })
      change(on, session)
      await on.commit(session)
    },
    calls: ['create'],
  },
  'the commit of a change': { before: change, run: (on, session) => on.commit(session), calls: ['update'] },
  'the commit of a change that conflicts': {
    before: conflict,
    run: (on, session) => on.commit(session),
    calls: ['update', 'read', 'update'],
  },
  'the commit of a visit': {
    before: (on) => on.clock.advance(2 * DAY),
    run: (on, session) => on.commit(session),
    calls: ['touch', 'read'],
  },
  'save()': { before: change, run: (_, session) => session.save(), calls: ['update'] },
  'update()': { run: (_, session) => session.update((data) => void (data['a'] = 1)), calls: ['update'] },
  'update() that conflicts': {
    before: conflict,
    run: (_, session) => session.update((data) => void (data['c'] = 1)),
    calls: ['update', 'read', 'update'],
  },
  'reload()': { run: (_, session) => session.reload(), calls: ['read'] },
  'the commit of regenerate()': {
    before: (_, session) => session.regenerate({ keep: true }),
    run: (on, session) => on.commit(session),
    calls: ['create', 'update'],
    mends: 2,
  },
  'the commit of regenerate() that conflicts': {
    before: async (on, session) => {
      await conflict(on, session)
      await session.regenerate({ keep: true })
    },
    run: (on, session) => on.commit(session),
    calls: ['create', 'update', 'read', 'update', 'update'],
    mends: 5,
  },
  'destroy()': { run: (_, session) => session.destroy(), calls: ['update', 'delete'] },
}

suite('a store that stops answering', () => {
  for (const [name, act] of Object.entries(ACTS)) {
    test(`${name}: the calls it makes`, async () => {
      const { on, session, made } = await prepared(act)
      await act.run(on, session)
      assert.deepEqual(
        on.gates.calls.slice(made).map(({ operation }) => operation),
        act.calls,
      )
    })

    for (const [nth, operation] of act.calls.entries())
      for (const side of ['before', 'after'] as const)
        test(`${name}: call ${nth + 1}, ${operation}, ${side === 'before' ? 'never done' : 'done, but never answered'}`, async (t) => {
          await hung(act, nth, operation, side, quietly(t))
        })
  }
})

suite('a store that fails twice', () => {
  test('regenerate: the error is the first one, not that of tidying up', async () => {
    const on = await visited()
    const session = await on.open()
    await session.regenerate({ keep: true })
    const [first, second] = [new Error('supersede'), new Error('delete')]
    on.gates.fail('update', first)
    on.gates.fail('delete', second)
    await assert.rejects(on.commit(session), (error) => error instanceof Error && error.cause === first)
    assert.deepEqual(await on.found(), { user: 'ada' })
    // Nothing has moved, so it can be tried again.
    assert.equal((await on.commit(session)).setCookie.length, 1)
    assert.deepEqual(await on.found(), { user: 'ada' })
  })
})

async function hung(
  act: Act,
  nth: number,
  operation: StoreOperation,
  side: GateSide,
  unhandled: () => readonly unknown[],
): Promise<void> {
  const { on, session, made, data } = await prepared(act)
  const { cookie } = on
  // From this call on nothing is answered, but for the deletes that clean up: they are bounded like all.
  on.gates.hold(operation, { side, times: 1, only: () => on.gates.calls.length > made + nth })
  const outcome = act.run(on, session).then(
    () => 'resolved',
    (error: unknown) => error,
  )
  const stop = await on.gates.reached(operation, side)
  on.clock.advance(4_999)
  await turns()
  assert.equal(on.events.filter(({ name }) => name === 'storeError').length, 0)
  on.clock.advance(1)
  const error = await outcome
  if (side === 'after' && nth + 1 === act.mends) {
    assert.equal(error, 'resolved')
    assert.notEqual(on.cookie, cookie)
    assert.deepEqual(await on.found(), session.data)
    assert.ok(Object.keys(data).every((key) => key in session.data))
    return
  }
  assert.ok(refusal('store_timeout', operation, '5 seconds')(error), String(error))
  assert.equal(on.cookie, cookie, 'a cookie was sent')

  // The answer comes after all.
  stop.release()
  await turns()
  assert.deepEqual(unhandled(), [])
  const found = await on.found()
  // All that was there, or a session that has ended; nothing between.
  assert.ok(Object.keys(found).length === 0 || Object.keys(data).every((key) => key in found), JSON.stringify(found))

  // And the store works again: the same visitor goes on.
  const next = await on.open()
  if (next.ended) on.cookie = undefined
  const going = next.ended ? await on.open() : next
  going.data['next'] = true
  await on.commit(going)
  assert.deepEqual(await on.found(), { ...found, next: true })
}

/** A visitor with a stored session, opened by a request that has come as far as the act. */
async function prepared(act: Act): Promise<{ on: Scene; session: Session<Data>; made: number; data: Data }> {
  const on = await visited()
  const session = await on.open()
  await act.before?.(on, session)
  const data = await on.found()
  return { on, session, made: on.gates.count(), data }
}
