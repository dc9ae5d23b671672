import { check, same, sameRecord, versionOf } from './check.ts'
import type { StoreCase } from './store-case.ts'

/** Create, read, update, delete: what each answers, and what it leaves alone. */
export const basicCases: readonly StoreCase[] = [
  {
    name: 'reading an ID that was never stored gives null',
    run: async ({ store, clock, id }) => same(await store.read(id(), clock.now()), null, 'read'),
  },
  {
    name: 'a created record is read back exactly: payload, deadline, owner',
    run: async ({ store, clock, put }) => {
      const { id, record } = await put({ payload: '{"a":1}', owner: 'ada' })
      sameRecord(await store.read(id, clock.now()), record, 'the record read')
      sameRecord(await store.read(id, clock.now()), record, 'the record read again')
    },
  },
  {
    name: 'a record without an owner comes back without one',
    run: async ({ store, clock, put }) => {
      const { id, record } = await put()
      sameRecord(await store.read(id, clock.now()), record, 'the record read')
    },
  },
  {
    name: 'create on a live ID gives null and leaves the record untouched',
    run: async ({ store, clock, put, record }) => {
      const first = await put({ payload: 'first', owner: 'ada' })
      same(await store.create(first.id, record({ payload: 'second' }), clock.now()), null, 'create on a live ID')
      sameRecord(await store.read(first.id, clock.now()), first.record, 'the record after that')
      const next = await store.update(first.id, first.version, record({ payload: 'third' }), clock.now())
      versionOf(next, 'update with the version from before the refused create')
    },
  },
  {
    name: 'an update with the version of the create succeeds and replaces payload, deadline and owner',
    run: async ({ store, clock, put, record }) => {
      const { id, version } = await put({ payload: 'old', owner: 'ada' })
      const next = record({ payload: 'new', owner: 'bob', life: 77_000 })
      versionOf(await store.update(id, version, next, clock.now()), 'update')
      sameRecord(await store.read(id, clock.now()), next, 'the updated record')
    },
  },
  {
    name: 'an update with the version that read gave succeeds, many times in a row',
    run: async ({ store, clock, put, record }) => {
      const { id, record: first } = await put({ payload: '0' })
      let current = first
      for (let round = 1; round <= 12; round++) {
        const { version } = sameRecord(await store.read(id, clock.now()), current, `the record of round ${round}`)
        current = record({ payload: String(round) })
        versionOf(await store.update(id, version, current, clock.now()), `update ${round}`)
      }
    },
  },
  {
    name: 'an update with the version of the last update succeeds without a read between',
    run: async ({ store, clock, put, record }) => {
      let { id, version } = await put()
      for (let round = 1; round <= 5; round++)
        version = versionOf(await store.update(id, version, record(), clock.now()), `update ${round}`)
    },
  },
  {
    name: "an update with an old version is a 'conflict' and leaves the record untouched",
    promise: 'P2',
    run: async ({ store, clock, put, record }) => {
      const { id, version } = await put({ payload: 'first' })
      const second = record({ payload: 'second', owner: 'ada' })
      const newer = versionOf(await store.update(id, version, second, clock.now()), 'update')
      const late = await store.update(id, version, record({ payload: 'late' }), clock.now())
      same(late, 'conflict', 'update with the old version')
      sameRecord(await store.read(id, clock.now()), second, 'the record after the conflict')
      versionOf(await store.update(id, newer, record(), clock.now()), 'update with the right version after that')
    },
  },
  {
    name: 'an update that writes the same bytes again still takes the old version out of use',
    promise: 'P2',
    run: async ({ store, clock, put }) => {
      const { id, version, record } = await put()
      versionOf(await store.update(id, version, record, clock.now()), 'update with the same content')
      same(await store.update(id, version, record, clock.now()), 'conflict', 'update with the old version')
    },
  },
  {
    name: "an update of an ID that was never stored is 'gone' and stores nothing",
    promise: 'P3',
    run: async ({ store, clock, put, id, record }) => {
      const missing = id()
      const { version } = await put()
      same(await store.update(missing, version, record(), clock.now()), 'gone', 'update')
      same(await store.read(missing, clock.now()), null, 'read after that')
    },
  },
  {
    name: "an update after delete is 'gone' and does not bring the record back",
    promise: 'P3',
    run: async ({ store, clock, put, record }) => {
      const { id, version } = await put()
      same(await store.delete(id), true, 'delete')
      same(await store.update(id, version, record(), clock.now()), 'gone', 'update after delete')
      same(await store.read(id, clock.now()), null, 'read after that')
    },
  },
  {
    name: 'a version is never used again for one ID, however often it is deleted and created',
    promise: 'P3',
    run: async ({ store, clock, put, record }) => {
      const first = await put({ payload: 'life 0' })
      const old = [first.version]
      for (let life = 1; life <= 3; life++) {
        const next = versionOf(await store.update(first.id, old.at(-1) ?? '', record(), clock.now()), 'update')
        old.push(next)
        check(await store.delete(first.id), 'delete of a live record: expected true')
        const reborn = record({ payload: `life ${life}` })
        const version = versionOf(await store.create(first.id, reborn, clock.now()), 'create after delete')
        for (const stale of old)
          same(
            await store.update(first.id, stale, record({ payload: 'stale' }), clock.now()),
            'conflict',
            `life ${life}, update with a version from an earlier life`,
          )
        sameRecord(await store.read(first.id, clock.now()), reborn, `the record of life ${life}`)
        old.push(version)
      }
    },
  },
  {
    name: 'an update without an owner removes the stored one, and a later one sets another',
    run: async ({ store, clock, put, record }) => {
      const { id, version } = await put({ owner: 'ada' })
      const anonymous = record({ payload: 'anonymous' })
      const next = versionOf(await store.update(id, version, anonymous, clock.now()), 'update without an owner')
      sameRecord(await store.read(id, clock.now()), anonymous, 'the record without its owner')
      const owned = record({ owner: 'bob' })
      versionOf(await store.update(id, next, owned, clock.now()), 'update with another owner')
      sameRecord(await store.read(id, clock.now()), owned, 'the record with its new owner')
    },
  },
  {
    name: 'delete gives true for a record, false when there is none, and false the second time',
    run: async ({ store, clock, put, id }) => {
      same(await store.delete(id()), false, 'delete of an ID that was never stored')
      const kept = await put()
      same(await store.delete(kept.id), true, 'delete of a record')
      same(await store.delete(kept.id), false, 'delete of it again')
      same(await store.read(kept.id, clock.now()), null, 'read after delete')
    },
  },
  {
    name: 'an ID that was deleted can be created again',
    run: async ({ store, clock, put, record }) => {
      const { id } = await put({ payload: 'old', owner: 'ada' })
      await store.delete(id)
      const reborn = record({ payload: 'new' })
      versionOf(await store.create(id, reborn, clock.now()), 'create after delete')
      sameRecord(await store.read(id, clock.now()), reborn, 'the new record')
    },
  },
  {
    name: 'records do not touch each other, even when their IDs differ in one digit',
    run: async ({ store, clock, id, record }) => {
      const stem = id().slice(0, 63)
      const versions = []
      for (const digit of ['0', '1', 'f']) {
        const made = await store.create(stem + digit, record({ payload: digit, owner: digit }), clock.now())
        versions.push(versionOf(made, `create of ...${digit}`))
      }
      const changed = record({ payload: 'changed', life: 99_000 })
      versionOf(await store.update(`${stem}0`, versions[0] ?? '', changed, clock.now()), 'update of one')
      await store.touch(`${stem}0`, clock.now() + 99_500, clock.now())
      await store.delete(`${stem}1`)
      sameRecord(await store.read(`${stem}f`, clock.now()), record({ payload: 'f', owner: 'f' }), 'the third record')
    },
  },
  {
    name: 'close is harmless when it is called twice',
    run: async ({ store, put }) => {
      await put()
      await store.close?.()
      await store.close?.()
    },
  },
]
