import { check, same, sameRecord, versionOf } from './check.ts'
import { hostileOwners, hostilePayloads, lettersOf } from './hostile-values.ts'
import type { StoreCase } from './store-case.ts'

/** Payloads and owners: whatever goes in comes out, character for character. */
export const valueCases: readonly StoreCase[] = [
  ...Object.entries(hostilePayloads()).map(([name, payload]): StoreCase => ({
    name: `a payload is kept exactly: ${name}`,
    promise: 'P10',
    run: async ({ store, clock, put, record, maxPayload }) => {
      check(new TextEncoder().encode(payload).length <= maxPayload.bytes, 'maxPayload is too small for this case')
      const created = await put({ payload })
      sameRecord(await store.read(created.id, clock.now()), created.record, 'the created record')
      const other = await put({ payload: 'other' })
      const next = record({ payload })
      versionOf(await store.update(other.id, other.version, next, clock.now()), 'update')
      sameRecord(await store.read(other.id, clock.now()), next, 'the updated record')
    },
  })),
  {
    name: 'a payload of 1 MiB, or of the largest size the store takes, is kept exactly',
    promise: 'P10',
    run: async ({ store, clock, put, record, maxPayload }) => {
      const { id, version, record: first } = await put({ payload: lettersOf(maxPayload.bytes) })
      sameRecord(await store.read(id, clock.now()), first, 'the created record')
      // Two bytes each in UTF-8, one unit each in JavaScript: sizes counted in the wrong unit show here.
      const next = record({ payload: 'é'.repeat(Math.floor(maxPayload.bytes / 2)) })
      const version2 = versionOf(await store.update(id, version, next, clock.now()), 'update')
      sameRecord(await store.read(id, clock.now()), next, 'the updated record')
      const small = record({ payload: 'small again' })
      versionOf(await store.update(id, version2, small, clock.now()), 'update to a small one')
      sameRecord(await store.read(id, clock.now()), small, 'the record made small again')
    },
  },
  {
    name: 'a payload above the limit that the setup states is refused as record_too_large, and nothing changes',
    promise: 'P10',
    run: async ({ store, clock, put, id, record, maxPayload }) => {
      if (!maxPayload.enforced) return
      const payload = lettersOf(maxPayload.bytes + 1)
      const kept = await put()
      const fresh = id()
      await refused(store.create(fresh, record({ payload }), clock.now()), 'create')
      same(await store.read(fresh, clock.now()), null, 'read of the refused record')
      await refused(store.update(kept.id, kept.version, record({ payload }), clock.now()), 'update')
      sameRecord(await store.read(kept.id, clock.now()), kept.record, 'the record after a refused update')
    },
  },
  {
    name: 'what the caller does to its objects afterwards does not reach the store',
    run: async ({ store, clock, put, id, record }) => {
      const own = record({ payload: 'original', owner: 'ada' })
      const original = { ...own }
      const key = id()
      versionOf(await store.create(key, own, clock.now()), 'create')
      spoil(own)
      const read = sameRecord(await store.read(key, clock.now()), original, 'after the input was changed')
      const { version } = read
      spoil(read)
      sameRecord(await store.read(key, clock.now()), original, 'after the record read was changed')
      versionOf(await store.update(key, version, record(), clock.now()), 'update with its version')
      await put()
    },
  },
  {
    name: 'an owner is kept exactly, whatever characters it has',
    promise: 'P10',
    run: async ({ store, clock, put, record }) => {
      for (const owner of hostileOwners()) {
        const created = await put({ owner })
        sameRecord(await store.read(created.id, clock.now()), created.record, 'the created record')
        const other = await put()
        const next = record({ owner })
        versionOf(await store.update(other.id, other.version, next, clock.now()), 'update')
        sameRecord(await store.read(other.id, clock.now()), next, 'the updated record')
      }
    },
  },
]

async function refused(result: Promise<unknown>, what: string): Promise<void> {
  const outcome = await result.then(
    () => 'it was accepted',
    (error: unknown) =>
      typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : String(error),
  )
  same(outcome, 'record_too_large', `${what} of a payload above the limit`)
}

/** Change whatever can be changed. A frozen object stays as it is, which is as good. */
function spoil(record: object): void {
  for (const [key, value] of Object.entries({ payload: 'spoiled', expiresAt: 1, owner: 'eve', version: 'none' }))
    Reflect.set(record, key, value)
}
