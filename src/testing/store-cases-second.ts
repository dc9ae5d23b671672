import { same, sameRecord, versionOf } from './check.ts'
import type { StoreCase } from './store-case.ts'
import { LIFE } from './store-context.ts'
import { PLENTY, sweepAll } from './sweeping.ts'
import { races } from './races.ts'
import { raceBodies } from './store-cases-races.ts'

const needs = ['second'] as const

/** Two handles on the same data, as two processes have. */
export const secondCases: readonly StoreCase[] = [
  {
    name: 'what one handle writes, touches and deletes, the other sees at once',
    needs,
    run: async ({ store, second, clock, put, record }) => {
      const other = await second()
      const { id, record: first } = await put({ owner: 'ada' })
      const { version } = sameRecord(await other.read(id, clock.now()), first, 'read through the other handle')
      const next = record({ payload: 'by the other', owner: 'bob' })
      const written = versionOf(await other.update(id, version, next, clock.now()), 'update through the other handle')
      sameRecord(await store.read(id, clock.now()), next, 'read through the first handle')
      const expiresAt = clock.now() + LIFE * 2
      same(await store.touch(id, expiresAt, clock.now()), true, 'touch through the first handle')
      sameRecord(await other.read(id, clock.now()), { ...next, expiresAt }, 'the touched record through the other')
      same(await store.create(id, record(), clock.now()), null, 'create of an ID that is live')
      same(await other.delete(id), true, 'delete through the other handle')
      same(await store.read(id, clock.now()), null, 'read through the first handle after that')
      same(await store.update(id, written, record(), clock.now()), 'gone', 'update through it after that')
      same(await store.touch(id, expiresAt, clock.now()), false, 'touch through it after that')
    },
  },
  {
    name: 'a version is never used again for one ID, whichever handle writes',
    promise: 'P3',
    needs,
    run: async ({ store, second, clock, put, record }) => {
      const other = await second()
      const { id, version } = await put()
      await other.delete(id)
      const reborn = record({ payload: 'reborn' })
      versionOf(await other.create(id, reborn, clock.now()), 'create through the other handle')
      same(await store.update(id, version, record(), clock.now()), 'conflict', 'update with the old version')
      sameRecord(await store.read(id, clock.now()), reborn, 'the record after that')
    },
  },
  {
    name: 'records outlive the handle that wrote them',
    needs,
    run: async ({ store, second, clock, put, record }) => {
      const { id, version, record: first } = await put({ owner: 'ada' })
      await store.close?.()
      const other = await second()
      sameRecord(await other.read(id, clock.now()), first, 'the record, after the first handle was closed')
      versionOf(await other.update(id, version, record(), clock.now()), 'update with the version from before')
    },
  },
  {
    name: 'closing one handle leaves the other in use',
    needs,
    run: async ({ store, second, clock, put }) => {
      const other = await second()
      const { id, record } = await put()
      await other.close?.()
      sameRecord(await store.read(id, clock.now()), record, 'the record, after the other handle was closed')
      same(await store.delete(id), true, 'delete')
    },
  },
  {
    name: 'two handles that sweep at once remove each dead record once and no live one',
    promise: 'P8',
    needs: ['second', 'sweep'],
    run: async ({ store, second, clock, put }) => {
      const other = await second()
      for (let n = 0; n < 40; n++) await put()
      const kept = await put({ life: LIFE * 2 })
      clock.advance(LIFE)
      const removed = await Promise.all(
        [store, other].map((handle) => sweepAll(handle, clock.now(), { records: 7, ms: PLENTY })),
      )
      same((removed[0] ?? 0) + (removed[1] ?? 0), 40, 'the number removed by both')
      sameRecord(await store.read(kept.id, clock.now()), kept.record, 'the live record')
    },
  },
  ...races(raceBodies, async ({ store, second }) => [store, await second()], {
    needs,
    through: ' (through two handles)',
  }),
]
