/** The ledger, on stores that break their word; then a few faults of each kind on real servers. All: `npm run faults`. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { RecordInput, Store } from '../../src/store.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { faults } from './faults.ts'
import { type Outcome, underFault } from './load.ts'

/** What requests may fail with; `too_busy` where a slow machine leaves no time for another attempt. */
const CODES = ['store_failed', 'store_timeout', 'too_busy']

/** What visitors of a store find that does some of its calls in another way. */
async function visited(change: (store: Store) => Partial<Store>): Promise<Outcome> {
  const store = memoryStore()
  const changed = { ...store, ...change(store) }
  return await underFault([changed, changed], (watch) => watch.successes(50), { seed: 1 })
}

/** Says of every seventh call that it is its turn. */
function everySeventh(): () => boolean {
  let calls = 0
  return () => (calls += 1) % 7 === 0
}

suite('the ledger', () => {
  test('finds nothing where nothing is wrong', async () => {
    const outcome = await visited(() => ({}))
    const { failed, unknown, lost, resurrected, doubled, orphaned } = outcome
    assert.deepEqual(
      { failed, unknown, lost, resurrected, doubled, orphaned },
      {
        failed: {},
        unknown: 0,
        lost: 0,
        resurrected: 0,
        doubled: 0,
        orphaned: 0,
      },
    )
    assert.ok(outcome.acknowledged >= 50 && outcome.requests >= outcome.acknowledged)
  })

  test('finds changes that were acknowledged and not made', async () => {
    const due = everySeventh()
    const outcome = await visited((store) => ({
      update: async (id, expected, record, now) =>
        due() ? { version: expected } : store.update(id, expected, record, now),
    }))
    assert.ok(outcome.lost > 0)
  })

  test('finds sessions that vanish', async () => {
    const due = everySeventh()
    const outcome = await visited((store) => ({
      async create(id, record, now) {
        const made = await store.create(id, record, now)
        if (due()) await store.delete(id)
        return made
      },
    }))
    assert.ok(outcome.lost > 0)
  })

  test('finds sessions that come back', async () => {
    const made = new Map<string, [RecordInput, number]>()
    const outcome = await visited((store) => ({
      create(id, record, now) {
        made.set(id, [record, now])
        return store.create(id, record, now)
      },
      async delete(id) {
        const deleted = await store.delete(id)
        await store.create(id, ...(made.get(id) ?? assert.fail('never made')))
        return deleted
      },
    }))
    assert.ok(outcome.resurrected > 0)
  })

  test('finds additions that were made twice', async () => {
    // What was made is said to be a conflict, so that it is tried again.
    const due = everySeventh()
    const outcome = await visited((store) => ({
      async update(id, expected, record, now) {
        const made = await store.update(id, expected, record, now)
        return typeof made === 'object' && due() ? 'conflict' : made
      },
    }))
    assert.ok(outcome.doubled > 0)
  })

  test('does not take for lost what nobody was promised: made or not, it is unknown', async () => {
    const due = everySeventh()
    const outcome = await visited((store) => ({
      async update(id, expected, record, now) {
        const before = due()
        const made = await store.update(id, expected, record, now)
        if (before) throw new Error('the reply is lost')
        return made
      },
      async delete(id) {
        if (due()) throw new Error('the request is lost')
        return store.delete(id)
      },
    }))
    assert.deepEqual([outcome.lost, outcome.resurrected, outcome.doubled], [0, 0, 0])
    assert.ok(outcome.unknown > 0 && outcome.madeUnknown > 0)
    assert.deepEqual(Object.keys(outcome.failed), ['store_failed'])
  })
})

suite('what was acknowledged outlives', { concurrency: 2 }, () => {
  for (const [store, name] of [
    ['redis', 'late'],
    ['mysql', 'after'],
    ['memcached', 'before'],
    ['file', 'full'],
  ]) {
    const fault =
      faults.find((each) => each.store === store && each.name === name) ?? assert.fail(`no ${store} ${name}`)
    test(`${store}: ${fault.what}`, async () => {
      const { failed, lost, resurrected, doubled } = await fault.run({ seed: 1 })
      assert.deepEqual({ lost, resurrected, doubled }, { lost: 0, resurrected: 0, doubled: 0 })
      const codes = Object.keys(failed)
      assert.notEqual(codes.length, 0, 'requests failed of it')
      assert.deepEqual(
        codes.filter((code) => !CODES.includes(code)),
        [],
      )
    })
  }
})
