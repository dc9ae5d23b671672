import type { ListedRecord, Store } from '../store.ts'
import { check, same, sameRecord, versionOf } from './check.ts'
import { hostileOwners } from './hostile-values.ts'
import type { StoreCase } from './store-case.ts'
import type { PutRecord } from './store-context.ts'

const needs = ['list'] as const

/** Enumerating: everything once, or what one owner has, while the store stays in use. */
export const listCases: readonly StoreCase[] = [
  {
    name: 'the list of an empty store is empty, with and without an owner',
    needs,
    run: async ({ store }) => {
      same((await listed(store)).size, 0, 'the number of records')
      same((await listed(store, 'ada')).size, 0, 'the number of records of an owner')
    },
  },
  {
    name: 'list gives every record once, exactly as read does, with its size',
    promise: 'P12',
    needs,
    run: async ({ store, clock, put }) => {
      const small = await put({ payload: 'é😀' })
      const large = await put({ payload: 'x'.repeat(50_000), owner: 'ada' })
      const records = [small, large]
      for (let n = 0; n < 30; n++) records.push(await put({ payload: `record ${n}`, owner: `owner ${n % 3}` }))
      const found = await listed(store)
      same(found.size, records.length, 'the number of records')
      for (const { id, record } of records) {
        sameRecord(found.get(id) ?? null, record, 'a listed record')
        const { size } = found.get(id) ?? { size: Number.NaN }
        check(Number.isFinite(size) && size > 0, `its size: expected a number of bytes, got ${size}`)
      }
      check(
        (found.get(large.id)?.size ?? 0) > (found.get(small.id)?.size ?? 0),
        'a larger record must have a larger size',
      )
      sameRecord(await store.read(small.id, clock.now()), small.record, 'a record after it was listed')
    },
  },
  {
    name: 'more records than any page holds are all listed',
    promise: 'P12',
    needs,
    run: async ({ store, clock, id, record }) => {
      const ids = Array.from({ length: 1_100 }, id)
      for (let from = 0; from < ids.length; from += 50)
        await Promise.all(
          ids.slice(from, from + 50).map((key) => store.create(key, record({ owner: 'ada' }), clock.now())),
        )
      const found = await listed(store)
      same(ids.filter((key) => found.has(key)).length, ids.length, 'the number of records')
      same((await listed(store, 'ada')).size, ids.length, 'the number of records of their owner')
    },
  },
  {
    name: 'the version that list gives can be used for an update',
    needs,
    run: async ({ store, clock, put, record }) => {
      const { id, version } = await put()
      versionOf(await store.update(id, version, record(), clock.now()), 'update')
      const found = (await listed(store)).get(id)
      check(found !== undefined, 'the record is not in the list')
      versionOf(await store.update(id, found.version, record(), clock.now()), 'update with the listed version')
    },
  },
  {
    name: 'the list of an owner has exactly the records of that owner',
    promise: 'P12',
    needs,
    run: async ({ store, clock, put, record }) => {
      const none = await put()
      const ada = [await put({ owner: 'ada' }), await put({ owner: 'ada' }), await put({ owner: 'ada' })]
      const bob = await put({ owner: 'bob' })
      await expectIds(store, 'ada', ada)
      await expectIds(store, 'bob', [bob])
      await expectIds(store, 'nobody', [])

      const [first, second, third] = ada
      check(first !== undefined && second !== undefined && third !== undefined, 'three records were made')
      versionOf(await store.update(first.id, first.version, record({ owner: 'bob' }), clock.now()), 'give one to bob')
      versionOf(await store.update(second.id, second.version, record(), clock.now()), 'take the owner off one')
      versionOf(await store.update(none.id, none.version, record({ owner: 'ada' }), clock.now()), 'give one to ada')
      await expectIds(store, 'ada', [third, none])
      await expectIds(store, 'bob', [bob, first])
      await store.delete(third.id)
      await expectIds(store, 'ada', [none])
    },
  },
  {
    name: 'a record created over an expired or deleted one is listed under its new owner only',
    needs,
    run: async ({ store, clock, put, record }) => {
      const deleted = await put({ owner: 'ada' })
      const expired = await put({ owner: 'ada', life: 1000 })
      clock.advance(1000)
      await store.delete(deleted.id)
      for (const { id } of [deleted, expired])
        versionOf(await store.create(id, record({ owner: 'bob' }), clock.now()), 'create of the ID again')
      await expectIds(store, 'ada', [])
      await expectIds(store, 'bob', [deleted, expired])
    },
  },
  {
    name: 'a touched record is listed with its new deadline',
    needs,
    run: async ({ store, clock, put }) => {
      const { id, record } = await put({ owner: 'ada' })
      const expiresAt = record.expiresAt + 5000
      await store.touch(id, expiresAt, clock.now())
      sameRecord((await listed(store)).get(id) ?? null, { ...record, expiresAt }, 'the listed record')
      sameRecord((await listed(store, 'ada')).get(id) ?? null, { ...record, expiresAt }, 'the record listed by owner')
    },
  },
  {
    name: 'owners that look alike to a query, a collation or a path are told apart',
    promise: 'P12',
    needs,
    run: async ({ store, put }) => {
      const records = new Map<string, PutRecord>()
      for (const owner of hostileOwners()) records.set(owner, await put({ owner }))
      for (const [owner, record] of records) await expectIds(store, owner, [record])
    },
  },
  {
    name: 'every listed record can be deleted while the list runs, and those left alone are not missed',
    needs,
    run: async ({ store, clock, put }) => {
      const records = []
      for (let n = 0; n < 60; n++) records.push(await put({ owner: n % 2 === 0 ? 'leaves' : 'stays' }))
      const stays = new Set<string>()
      for await (const { id, owner } of entriesOf(store))
        if (owner === 'stays') stays.add(id)
        else await store.delete(id)
      for (const { id, record } of records) {
        same(stays.has(id), record.owner === 'stays', 'whether a record that stays was listed')
        same((await store.read(id, clock.now())) !== null, record.owner === 'stays', 'whether it is still there')
      }
      await expectIds(store, 'leaves', [])
    },
  },
  {
    name: 'a list that is left early or runs beside writes harms nothing, and ends',
    needs,
    run: async ({ store, clock, put, record }) => {
      const records = []
      for (let n = 0; n < 40; n++) records.push(await put())
      for await (const entry of entriesOf(store)) {
        same(entry.payload, 'an ordinary payload', 'the payload of the first')
        break
      }
      const seen = new Set<string>()
      for await (const { id } of entriesOf(store)) {
        seen.add(id)
        await store.read(id, clock.now())
        await store.touch(id, clock.now() + 3_600_000, clock.now())
        if (seen.size <= 40) await put({ payload: 'made meanwhile' })
      }
      for (const { id, version } of records) {
        check(seen.has(id), 'a record that was there all the time is missing from the list')
        versionOf(await store.update(id, version, record(), clock.now()), 'update after the list')
      }
    },
  },
]

function entriesOf(store: Store, owner?: string): AsyncIterable<ListedRecord> {
  check(store.list !== undefined, "the store has no list(): add it, or say cannot: ['list']")
  return owner === undefined ? store.list() : store.list({ owner })
}

/** The list as a map. An ID given twice fails. */
async function listed(store: Store, owner?: string): Promise<Map<string, ListedRecord>> {
  const found = new Map<string, ListedRecord>()
  for await (const entry of entriesOf(store, owner)) {
    check(!found.has(entry.id), `list gave ${entry.id} twice`)
    if (owner !== undefined) same(entry.owner, owner, 'the owner of a record listed by owner')
    found.set(entry.id, entry)
  }
  return found
}

async function expectIds(store: Store, owner: string, records: readonly PutRecord[]): Promise<void> {
  const found = await listed(store, owner)
  const expected = records.map(({ id }) => id)
  same(
    [...found.keys()].toSorted().join(' '),
    expected.toSorted().join(' '),
    `the IDs listed for the owner ${JSON.stringify(owner)}`,
  )
}
