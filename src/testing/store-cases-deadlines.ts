import { check, same, sameRecord, versionOf } from './check.ts'
import type { StoreCase } from './store-case.ts'
import { LIFE } from './store-context.ts'

/** 31 December 9999, 23:59:59.999 UTC: the latest deadline a store must keep. */
const LATEST = 253_402_300_799_999

/** Deadlines, and touch, which moves them. The clock of the case decides what is dead, never the machine's. */
export const deadlineCases: readonly StoreCase[] = [
  {
    name: 'a record is read one millisecond before its deadline, and is null at the deadline and after it',
    promise: 'P7',
    run: async ({ store, clock, put }) => {
      const { id, record } = await put()
      clock.advance(LIFE - 1)
      sameRecord(await store.read(id, clock.now()), record, 'one millisecond before the deadline')
      clock.advance(1)
      same(await store.read(id, clock.now()), null, 'read at the deadline')
      clock.advance(LIFE)
      same(await store.read(id, clock.now()), null, 'read long after the deadline')
    },
  },
  {
    name: "an update is taken one millisecond before the deadline, and is 'gone' at it, without reviving the record",
    promise: 'P3',
    run: async ({ store, clock, put, record }) => {
      const early = await put()
      const late = await put()
      clock.advance(LIFE - 1)
      versionOf(await store.update(early.id, early.version, record(), clock.now()), 'update before the deadline')
      clock.advance(1)
      same(await store.update(late.id, late.version, record(), clock.now()), 'gone', 'update at the deadline')
      same(await store.read(late.id, clock.now()), null, 'read after that')
    },
  },
  {
    name: 'create over an expired record succeeds, and nothing of the old one is left',
    promise: 'P3',
    run: async ({ store, clock, put, record }) => {
      const old = await put({ payload: 'old', owner: 'ada' })
      clock.advance(LIFE)
      const next = record({ payload: 'new' })
      versionOf(await store.create(old.id, next, clock.now()), 'create at the deadline of the old record')
      sameRecord(await store.read(old.id, clock.now()), next, 'the new record')
      const late = await store.update(old.id, old.version, record({ payload: 'late' }), clock.now())
      same(late, 'conflict', 'update with the version of the expired record')
      sameRecord(await store.read(old.id, clock.now()), next, 'the new record after that')
    },
  },
  {
    name: 'an expired record can be deleted: true, then false',
    run: async ({ store, clock, put }) => {
      const { id } = await put()
      clock.advance(LIFE + 1)
      same(await store.delete(id), true, 'delete of an expired record')
      same(await store.delete(id), false, 'delete of it again')
    },
  },
  {
    name: 'a record whose deadline has already come is taken and is dead',
    run: async ({ store, clock, id, record }) => {
      const born = id()
      versionOf(await store.create(born, record({ life: 0 }), clock.now()), 'create with a deadline of now')
      same(await store.read(born, clock.now()), null, 'read of it')
      same(await store.touch(born, clock.now() + LIFE, clock.now()), false, 'touch of it')
      versionOf(await store.create(born, record(), clock.now()), 'create over it')
    },
  },
  {
    name: 'an update may move the deadline back, also to now, which ends the record',
    run: async ({ store, clock, put, record }) => {
      const { id, version } = await put()
      const clipped = record({ life: 1000 })
      const next = versionOf(await store.update(id, version, clipped, clock.now()), 'update to an earlier deadline')
      sameRecord(await store.read(id, clock.now()), clipped, 'the record with the earlier deadline')
      versionOf(await store.update(id, next, record({ life: 0 }), clock.now()), 'update to a deadline of now')
      same(await store.read(id, clock.now()), null, 'read after that')
    },
  },
  {
    name: 'touch moves the deadline forward and changes nothing else',
    promise: 'P7',
    run: async ({ store, clock, put }) => {
      const { id, record } = await put({ owner: 'ada' })
      clock.advance(60_000)
      const expiresAt = clock.now() + LIFE
      same(await store.touch(id, expiresAt, clock.now()), true, 'touch')
      sameRecord(await store.read(id, clock.now()), { ...record, expiresAt }, 'the touched record')
      clock.set(expiresAt - 1)
      sameRecord(await store.read(id, clock.now()), { ...record, expiresAt }, 'just before its new deadline')
      clock.advance(1)
      same(await store.read(id, clock.now()), null, 'read at its new deadline')
    },
  },
  {
    name: 'touch to an earlier or the same deadline is true and changes nothing',
    promise: 'P7',
    run: async ({ store, clock, put }) => {
      const { id, record } = await put()
      for (const expiresAt of [record.expiresAt - 1, record.expiresAt, clock.now(), clock.now() - LIFE, 0]) {
        same(await store.touch(id, expiresAt, clock.now()), true, `touch to ${expiresAt}`)
        sameRecord(await store.read(id, clock.now()), record, `the record after a touch to ${expiresAt}`)
      }
    },
  },
  {
    name: 'touch keeps the version: an update that was read before it still succeeds',
    promise: 'P9',
    run: async ({ store, clock, put, record }) => {
      const { id, version } = await put()
      for (let times = 1; times <= 3; times++)
        same(await store.touch(id, clock.now() + LIFE + times, clock.now()), true, `touch ${times}`)
      const next = record({ payload: 'after the touches', life: LIFE * 2 })
      versionOf(await store.update(id, version, next, clock.now()), 'update with the version from before the touches')
      sameRecord(await store.read(id, clock.now()), next, 'the updated record')
    },
  },
  {
    name: 'touch does not bring an old version back into use',
    promise: 'P2',
    run: async ({ store, clock, put, record }) => {
      const { id, version } = await put()
      versionOf(await store.update(id, version, record(), clock.now()), 'update')
      same(await store.touch(id, clock.now() + LIFE * 2, clock.now()), true, 'touch')
      same(await store.update(id, version, record(), clock.now()), 'conflict', 'update with the old version')
    },
  },
  {
    name: 'touch of an ID that was never stored, or was deleted, is false and makes nothing',
    promise: 'P3',
    run: async ({ store, clock, put, id }) => {
      const { id: deleted } = await put()
      await store.delete(deleted)
      for (const missing of [id(), deleted]) {
        same(await store.touch(missing, clock.now() + LIFE, clock.now()), false, 'touch')
        same(await store.read(missing, clock.now()), null, 'read after that')
        same(await store.delete(missing), false, 'delete after that')
      }
    },
  },
  {
    name: 'touch of an expired record is false and does not revive it',
    promise: 'P3',
    run: async ({ store, clock, put }) => {
      const { id } = await put()
      clock.advance(LIFE)
      same(await store.touch(id, clock.now() + LIFE, clock.now()), false, 'touch at the deadline')
      same(await store.read(id, clock.now()), null, 'read after that')
    },
  },
  {
    name: 'deadlines are kept to the millisecond, up to the end of the year 9999',
    run: async ({ store, clock, put }) => {
      for (const life of [1, 999, 1001, 86_400_001, 31 * 86_400_000 + 7, LATEST - clock.now()]) {
        const { id, record } = await put({ life })
        sameRecord(await store.read(id, clock.now()), record, `a record that lives for ${life} ms`)
      }
      const { id, record } = await put()
      same(await store.touch(id, LATEST, clock.now()), true, 'touch to the end of 9999')
      const latest = { ...record, expiresAt: LATEST }
      sameRecord(await store.read(id, clock.now()), latest, 'a record touched to the end of 9999')
    },
  },
  {
    name: "the clock that is passed in decides, not the machine's: far in the future",
    promise: 'P7',
    run: async ({ store, clock, put }) => {
      clock.set(Date.UTC(2100, 0, 1))
      const { id, record } = await put()
      sameRecord(await store.read(id, clock.now()), record, 'a record made in the year 2100')
      clock.advance(LIFE)
      same(await store.read(id, clock.now()), null, 'read at its deadline')
    },
  },
  {
    name: "the clock that is passed in decides, not the machine's: long ago (native expiry: exact or null, no error)",
    promise: 'P7',
    run: async ({ store, clock, put, expiry }) => {
      clock.set(Date.UTC(2005, 5, 1))
      const { id, record } = await put()
      const found = await store.read(id, clock.now())
      // A server that expires by its own clock may rightly have dropped it; anything it still gives must be right.
      if (expiry === 'swept' || found !== null) sameRecord(found, record, 'a record made in the year 2005')
      check((await store.read(id, record.expiresAt)) === null, 'read at its deadline: expected null')
    },
  },
]
