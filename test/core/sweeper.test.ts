/** Dead records are removed off the request path, while the process runs. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Clock } from '../../src/runtime/clock.ts'
import { createSessions } from '../../src/index.ts'
import type { SessionsOptions, SweepResult } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { gatedStore, testClock } from '../../src/testing/index.ts'
import { quietly, turns } from './unhandled.ts'

const MINUTE = 60_000

suite('the sweeper', () => {
  test('starts with the first use, not before, and sweeps for the first time within a minute', async () => {
    for (let run = 0; run < 50; run += 1) {
      const { sessions, waits, count } = swept({ sweepEvery: '5m' })
      assert.deepEqual(waits, [])
      await sessions.open(REQUEST)
      await sessions.open(REQUEST)
      assert.equal(waits.length, 1)
      assert.ok((waits[0] ?? -1) >= 0 && (waits[0] ?? MINUTE) < 50_000, `first after ${waits[0]}`)
      assert.equal(count(), 0)
    }
  })

  test('then every half to one and a half of the interval, spread over it', async () => {
    const { sessions, waits, pass } = swept({ sweepEvery: '10m' })
    await sessions.open(REQUEST)
    for (let sweep = 0; sweep < 200; sweep += 1) await pass()
    const [, ...later] = waits
    assert.ok(later.every((ms) => ms >= 5 * MINUTE && ms <= 15 * MINUTE))
    assert.ok(Math.min(...later) < 6 * MINUTE && Math.max(...later) > 14 * MINUTE)
  })

  test('an interval shorter than a minute holds for the first sweep, too', async () => {
    const { sessions, waits } = swept({ sweepEvery: '100ms' })
    await sessions.open(REQUEST)
    assert.ok((waits[0] ?? 100) < 100)
  })

  test('sweepEvery: false never starts by itself; sweep() works', async () => {
    const { sessions, waits, fill } = swept({ sweepEvery: false })
    await sessions.open(REQUEST)
    await fill(3)
    assert.deepEqual(waits, [])
    assert.equal(await sessions.sweep(), 3)
  })

  test('a store that expires by itself has no timer, and sweep() removes nothing', async () => {
    const { sweep: _, ...store } = memoryStore()
    const { sessions, waits } = swept({ store })
    await sessions.open(REQUEST)
    assert.deepEqual(waits, [])
    assert.equal(await sessions.sweep(), 0)
  })

  test('goes on in small batches until nothing is left, and tells the sum once', async () => {
    const { sessions, fill, batches, told } = swept({ sweepEvery: false })
    await fill(1_200)
    assert.equal(await sessions.sweep(), 1_200)
    assert.deepEqual(
      batches.map(({ removed }) => removed),
      [500, 500, 200],
    )
    assert.deepEqual(told, [1_200])
    assert.equal(await sessions.sweep(), 0)
    assert.deepEqual(told, [1_200])
  })

  test('several at once are one', async () => {
    const { sessions, fill, batches } = swept({ sweepEvery: false })
    await fill(10)
    assert.deepEqual(await Promise.all([sessions.sweep(), sessions.sweep(), sessions.sweep()]), [10, 10, 10])
    assert.equal(batches.length, 1)
    await fill(5)
    assert.equal(await sessions.sweep(), 5)
  })

  test('survives sweeps that fail or hang: the next one comes', async (t) => {
    const unhandled = quietly(t)
    const { sessions, gates, clock, pass, fill, told, waits } = swept({ sweepEvery: '5m', storeTimeout: '2s' })
    const errors: unknown[] = []
    sessions.on('storeError', ({ operation }) => errors.push(operation))
    await sessions.open(REQUEST)
    await fill(2)
    gates.fail('sweep', new Error('locked'))
    await pass()
    gates.hang('sweep')
    await pass()
    clock.advance(2_000)
    await turns()
    assert.equal(waits.length, 3)
    await pass()
    assert.deepEqual(errors, ['sweep', 'sweep'])
    assert.deepEqual(told, [2])
    assert.deepEqual(unhandled(), [])
  })

  test('sweep() passes a failure on to whoever asked', async () => {
    const { sessions, gates } = swept({ sweepEvery: false })
    gates.fail('sweep', new Error('locked'))
    await assert.rejects(sessions.sweep(), { code: 'store_failed' })
  })

  test('close() stops the timer', async () => {
    const { sessions, clock, count, waiting } = swept({ sweepEvery: '5m' })
    await sessions.open(REQUEST)
    await sessions.close()
    assert.equal(waiting(), 0)
    clock.advance(60 * MINUTE)
    await turns()
    assert.equal(count(), 0)
  })

  test('close() waits for the batch under way, and no other follows', async () => {
    const { sessions, gates, fill, count, waiting } = swept({ sweepEvery: '5m' })
    await sessions.open(REQUEST)
    await fill(1_200)
    gates.hold('sweep')
    const sweeping = sessions.sweep()
    const stop = await gates.reached('sweep')
    const closing = sessions.close()
    await turns()
    assert.equal(gates.count('close'), 0)
    stop.release()
    await closing
    assert.equal(await sweeping, 500)
    assert.equal(count(), 1)
    assert.equal(gates.calls.at(-1)?.operation, 'close')
    assert.equal(waiting(), 0)
  })
})

const REQUEST = { cookie: undefined, secure: false }

/** Sessions over a gated memory store, and a clock that tells how long each wait of the sweeper was to be. */
function swept(options: SessionsOptions) {
  const clock = testClock()
  const waits: number[] = []
  let waiting = 0
  const watched: Clock = {
    ...clock,
    after(ms, callback) {
      // The other user of timers is the time limit on store calls.
      const ofStore = ms === 2_000 || ms === 5_000
      if (!ofStore) {
        waits.push(ms)
        waiting += 1
      }
      const cancel = clock.after(ms, () => {
        if (!ofStore) waiting -= 1
        callback()
      })
      return () => {
        if (!ofStore) waiting -= 1
        cancel()
      }
    },
  }
  const memory = memoryStore()
  const batches: SweepResult[] = []
  const gates = gatedStore({
    ...memory,
    async sweep(now, limit) {
      // Bounded by records alone: how many a busy machine does in 25 ms is not the matter here.
      const batch = await memory.sweep(now, { ...limit, ms: 60_000 })
      batches.push(batch)
      return batch
    },
  })
  const sessions = createSessions({ store: gates.store, clock: watched, ...options })
  const told: number[] = []
  sessions.on('swept', ({ removed }) => told.push(removed))
  let made = 0
  return {
    sessions,
    gates,
    clock,
    waits,
    batches,
    told,
    waiting: (): number => waiting,
    count: (): number => gates.count('sweep'),
    /** Put dead records into the store. */
    fill: async (count: number): Promise<void> => {
      for (let n = 0; n < count; n += 1)
        await memory.create(`${(made += 1)}`, { payload: '', expiresAt: clock.now() }, clock.now() - 1)
    },
    /** Let time pass until the sweep that is waited for, and let it run. */
    pass: async (): Promise<void> => {
      clock.advance(waits.at(-1) ?? 0)
      await turns()
    },
  }
}
