import { check, isWritten, same, sameRecord, versionOf } from './check.ts'
import type { StoreCase } from './store-case.ts'
import { LIFE, type PutRecord } from './store-context.ts'
import { microtasks, PLENTY, several, sweepAll, sweepOnce } from './sweeping.ts'

const needs = ['sweep'] as const

/** Removing what is dead, in batches, beside everything else. */
export const sweepCases: readonly StoreCase[] = [
  {
    name: 'sweeping an empty store, or one with nothing dead, removes nothing and says there is no more',
    promise: 'P8',
    needs,
    run: async ({ store, clock, put }) => {
      same(await sweepAll(store, clock.now()), 0, 'removed from an empty store')
      const { id, record } = await put()
      clock.advance(LIFE - 1)
      same(await sweepAll(store, clock.now()), 0, 'removed one millisecond before the deadline')
      sameRecord(await store.read(id, clock.now()), record, 'the record after that')
    },
  },
  {
    name: 'a sweep removes every dead record and no live one',
    promise: 'P8',
    needs,
    run: async (context) => {
      const { store, clock, put } = context
      const dead = await several(context, 30, LIFE)
      const living = await several(context, 30, LIFE + 1)
      const { id: touched, record } = await put()
      await store.touch(touched, clock.now() + LIFE + 1, clock.now())
      clock.advance(LIFE)
      same(await sweepAll(store, clock.now()), 30, 'the number removed')
      for (const { id } of dead) same(await store.delete(id), false, 'delete of a record that was swept')
      for (const kept of living) sameRecord(await store.read(kept.id, clock.now()), kept.record, 'a live record')
      const expiresAt = record.expiresAt + 1
      sameRecord(await store.read(touched, clock.now()), { ...record, expiresAt }, 'a record that was touched')
    },
  },
  {
    name: 'a batch removes at most limit.records, says more, and batches together remove all',
    promise: 'P8',
    needs,
    run: async (context) => {
      const { store, clock } = context
      const dead = await several(context, 25, LIFE)
      clock.advance(LIFE)
      const first = await sweepOnce(store, clock.now(), { records: 10, ms: PLENTY })
      check(first.removed <= 10, `the first batch of 10: removed ${first.removed}`)
      same(first.more, true, 'more, after a first batch of 10 of 25')
      let removed = first.removed
      for (let result = first; result.more;) {
        result = await sweepOnce(store, clock.now(), { records: 10, ms: PLENTY })
        check(result.removed <= 10, `a batch of 10: removed ${result.removed}`)
        removed += result.removed
      }
      same(removed, 25, 'the number removed in all')
      for (const { id } of dead) same(await store.delete(id), false, 'delete of a record that was swept')
    },
  },
  {
    name: 'batches of one record, and of one millisecond, make progress to the end',
    promise: 'P8',
    needs,
    run: async (context) => {
      const { store, clock } = context
      await several(context, 12, LIFE)
      clock.advance(LIFE)
      same(await sweepAll(store, clock.now(), { records: 1, ms: PLENTY }), 12, 'removed one by one')
      await several(context, 12, LIFE)
      clock.advance(LIFE)
      same(await sweepAll(store, clock.now(), { records: PLENTY, ms: 1 }), 12, 'removed a millisecond at a time')
    },
  },
  {
    name: 'a sweep that was begun earlier does not hide what has died since',
    promise: 'P8',
    needs,
    run: async (context) => {
      const { store, clock } = context
      const later = await several(context, 10, LIFE + 1)
      await several(context, 10, LIFE)
      clock.advance(LIFE)
      await sweepOnce(store, clock.now(), { records: 3, ms: PLENTY })
      clock.advance(1)
      same(
        (await sweepAll(store, clock.now(), { records: 3, ms: PLENTY })) > 0,
        true,
        'whether later batches removed any',
      )
      for (const { id } of later) same(await store.delete(id), false, 'delete of a record that was swept')
    },
  },
  {
    name: 'swept records are no longer listed',
    promise: 'P8',
    needs: ['sweep', 'list'],
    run: async (context) => {
      const { store, clock, put } = context
      await several(context, 5, LIFE, 'ada')
      const { id } = await put({ owner: 'ada', life: LIFE * 2 })
      clock.advance(LIFE)
      await sweepAll(store, clock.now())
      for (const filter of [undefined, { owner: 'ada' }]) {
        const ids = []
        for await (const entry of store.list?.(filter) ?? []) ids.push(entry.id)
        same(ids.join(' '), id, 'the IDs listed')
      }
    },
  },
  {
    name: 'a swept ID can be created again, and its old version stays out of use',
    promise: 'P3',
    needs,
    run: async ({ store, clock, put, record }) => {
      const { id, version } = await put()
      clock.advance(LIFE)
      await sweepAll(store, clock.now())
      same(await store.update(id, version, record(), clock.now()), 'gone', 'update of a swept record')
      same(await store.touch(id, clock.now() + LIFE, clock.now()), false, 'touch of a swept record')
      const next = record({ payload: 'new' })
      versionOf(await store.create(id, next, clock.now()), 'create of a swept ID')
      same(await store.update(id, version, record(), clock.now()), 'conflict', 'update with the swept version')
      sameRecord(await store.read(id, clock.now()), next, 'the new record')
    },
  },
  {
    name: 'a sweep does not remove what is created over the dead at the same time',
    promise: 'P8',
    needs,
    run: async (context) => {
      const { store, clock, record } = context
      const dead = await several(context, 20, LIFE)
      clock.advance(LIFE)
      const sweeping = sweepAll(store, clock.now(), { records: 3, ms: PLENTY })
      const input = record({ payload: 'new life', owner: 'ada' })
      await Promise.all(
        dead.map(async ({ id }) => versionOf(await store.create(id, input, clock.now()), 'create during a sweep')),
      )
      await sweeping
      for (const { id } of dead) sameRecord(await store.read(id, clock.now()), input, 'a record created during a sweep')
    },
  },
  {
    name: "a sweep by a clock that is ahead never removes what another's touch or update has saved",
    promise: 'P8',
    needs,
    run: async (context) => {
      const { store, clock, record } = context
      const records = await several(context, 30, LIFE)
      const behind = clock.now() + LIFE - 1
      const ahead = behind + 2
      const rescued = record({ payload: 'rescued', life: LIFE * 2 })
      const rescue = ({ id, version }: PutRecord, n: number) =>
        n % 2 === 0
          ? store.touch(id, rescued.expiresAt, behind)
          : store.update(id, version, rescued, behind).then(isWritten)
      // Half before the sweep begins, half at ever later moments beside it, so that either side wins some.
      const early = records.slice(0, 15).map(rescue)
      const sweeping = sweepAll(store, ahead, { records: 4, ms: PLENTY })
      const late = records.slice(15).map((each, n) => microtasks(n * 20).then(() => rescue(each, n)))
      const saved = await Promise.all([...early, ...late])
      for (const [n, { id }] of records.entries())
        same((await store.read(id, ahead)) !== null, saved[n], 'whether a record is alive whose rescue said so')
      await sweeping
      for (const [n, { id }] of records.entries())
        same((await store.read(id, ahead)) !== null, saved[n], 'whether it is alive once the sweep is over')
    },
  },
  {
    name: 'two sweeps at once harm nothing, and no record counts twice',
    promise: 'P8',
    needs,
    run: async (context) => {
      const { store, clock } = context
      const dead = await several(context, 40, LIFE)
      const living = await several(context, 10, LIFE * 2)
      clock.advance(LIFE)
      const sweep = () => sweepAll(store, clock.now(), { records: 7, ms: PLENTY })
      const [one, two] = await Promise.all([sweep(), sweep()])
      same(one + two + (await sweepAll(store, clock.now())), 40, 'the number removed by all of them')
      for (const { id } of dead) same(await store.delete(id), false, 'delete of a record that was swept')
      for (const { id, record } of living) sameRecord(await store.read(id, clock.now()), record, 'a live record')
    },
  },
]
