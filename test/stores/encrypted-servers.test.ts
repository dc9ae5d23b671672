/** The promises to visitors over encrypted records on servers, opened by URL. The whole kit: encrypted.test.ts. */
import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import type { StoredRecord } from '../../src/store.ts'
import { encryptedStore } from '../../src/stores/encrypted.ts'
import { openStore } from '../../src/stores/open.ts'
import { excuseOf, runStoreCase, sessionCases } from '../../src/testing/index.ts'
import type { StoreAbility, StoreSetup } from '../../src/testing/index.ts'
import { testKey } from '../core/sealed-site.ts'
import { places } from '../processes/places.ts'
import { everyCase } from './other-setups.ts'

/** What makes an empty store of each, and what it cannot do. */
const SERVERS: Readonly<Record<string, { readonly apart: string; readonly cannot: readonly StoreAbility[] }>> = {
  file: { apart: 'folder', cannot: [] },
  sqlite: { apart: 'table', cannot: [] },
  postgres: { apart: 'table', cannot: [] },
  mysql: { apart: 'table', cannot: [] },
  redis: { apart: 'prefix', cannot: ['sweep'] },
  memcached: { apart: 'prefix', cannot: ['list', 'sweep'] },
  mongodb: { apart: 'collection', cannot: [] },
}

/** The promises have been seen over encrypted files by encrypted.test.ts; Redis is what is least like them. */
const KEEPS_PROMISES = everyCase ? Object.keys(SERVERS) : ['redis']

const keys = [testKey(1), testKey(2)]
const ownerKeys = [testKey(3)]
const opened = await Promise.all(
  Object.entries(SERVERS).map(async ([name, means]) => {
    const place = (await places[name]?.()) ?? assert.fail(`there is no place ${name}`)
    return { name, place, ...means }
  }),
)
let count = 0

for (const { name, place, apart, cannot } of opened) {
  const setup: StoreSetup = {
    cannot,
    expiry: cannot.includes('sweep') ? 'native' : 'swept',
    open: async (clock) => ({ store: await openStore(emptyStore(), { keys, ownerKeys, clock }) }),
  }
  function emptyStore(): string {
    if (apart === 'folder') return `${place.url}/encrypted${++count}`
    return `${place.url}${place.url.includes('?') ? '&' : '?'}${apart}=encrypted${++count}`
  }

  suite(`encrypted ${name}`, { concurrency: 4 }, () => {
    const cases = KEEPS_PROMISES.includes(name) ? sessionCases : []
    for (const sessionCase of cases.filter((each) => excuseOf(each, setup) === undefined))
      test(`${sessionCase.promise} ${sessionCase.name}`, () => runStoreCase(sessionCase, setup))

    test('payloads that were swapped, put there in clear or made with a removed key open nothing', () =>
      swapped(emptyStore()))

    if (!cannot.includes('list')) test('reseal() encrypts every record with the new key', () => resealed(emptyStore()))
  })
}

const CLEAR = '{"v":1,"kind":"live","createdAt":0,"permanent":true,"keys":["user"]}\n"eve"\n'
const [A, B] = ['a'.repeat(64), 'b'.repeat(64)]

/** With other means than ours, as a thief has: what is in the store, and a way to change it. */
async function swapped(url: string): Promise<void> {
  const inner = await openStore(url)
  const store = encryptedStore(inner, { keys })
  const now = Date.now()
  const expiresAt = now + 60_000
  for (const id of [A, B]) await store.create(id, { payload: `${CLEAR}of ${id}`, expiresAt }, now)
  const found = async (id: string): Promise<StoredRecord> => (await inner.read(id, now)) ?? assert.fail('it is gone')
  const [one, other] = [await found(A), await found(B)]
  assert.doesNotMatch(one.payload + other.payload, /createdAt|Y3JlYXRl|NyZWF0Z|jcmVhdG/)

  async function verdict(payload: string): Promise<string | undefined> {
    const { version } = await found(A)
    assert.notEqual(typeof (await inner.update(A, version, { payload, expiresAt }, now)), 'string')
    return (await store.read(A, now))?.unreadable
  }
  assert.equal(await verdict(other.payload), 'wrong_seal')
  assert.equal(await verdict(CLEAR), 'not_encrypted')
  assert.equal(await verdict(one.payload), undefined)
  assert.equal((await store.read(A, now))?.payload, `${CLEAR}of ${A}`)
  assert.equal((await encryptedStore(inner, { keys: [testKey(9)] }).read(A, now))?.unreadable, 'unknown_key')
  await store.close?.()
}

async function resealed(url: string): Promise<void> {
  const inner = await openStore(url)
  const old = encryptedStore(inner, { keys: [testKey(2)] })
  const now = Date.now()
  const record = { payload: CLEAR, expiresAt: now + 60_000, owner: 'ada' }
  for (const id of [A, B]) await old.create(id, record, now)
  const store = encryptedStore(inner, { keys, ownerKeys })
  const { seen, resealed: written } = await store.reseal()
  assert.deepEqual([seen, written], [2, 2])
  const later = encryptedStore(inner, { keys: keys.slice(0, 1), ownerKeys })
  const { version: _, ...read } = (await later.read(A, now)) ?? assert.fail('it is gone')
  assert.deepEqual(read, record)
  assert.equal((await Array.fromAsync(later.list?.({ owner: 'ada' }) ?? [])).length, 2)
  assert.equal((await Array.fromAsync(inner.list?.({ owner: 'ada' }) ?? [])).length, 0)
  await store.close?.()
}

after(() => Promise.all(opened.map(({ place }) => place.stop())))
