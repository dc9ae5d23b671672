/** The promises to visitors over encrypted records on servers, opened by URL. The whole kit: encrypted.test.ts. */
import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { openStore } from '../../src/stores/open.ts'
import { excuseOf, runStoreCase, sessionCases } from '../../src/testing/index.ts'
import type { StoreAbility, StoreSetup } from '../../src/testing/index.ts'
import { testKey } from '../core/sealed-site.ts'
import { places } from '../processes/places.ts'

/** What makes an empty store of each, and what it cannot do. */
const SERVERS: Readonly<Record<string, { readonly apart: string; readonly cannot: readonly StoreAbility[] }>> = {
  sqlite: { apart: 'table', cannot: [] },
  postgres: { apart: 'table', cannot: [] },
  mysql: { apart: 'table', cannot: [] },
  redis: { apart: 'prefix', cannot: ['sweep'] },
  memcached: { apart: 'prefix', cannot: ['list', 'sweep'] },
}

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
    async open(clock) {
      const url = `${place.url}${place.url.includes('?') ? '&' : '?'}${apart}=encrypted${++count}`
      return { store: await openStore(url, { keys, ownerKeys, clock }) }
    },
  }
  suite(`encrypted ${name}`, { concurrency: 4 }, () => {
    for (const sessionCase of sessionCases.filter((each) => excuseOf(each, setup) === undefined))
      test(`${sessionCase.promise} ${sessionCase.name}`, () => runStoreCase(sessionCase, setup))
  })
}

after(() => Promise.all(opened.map(({ place }) => place.stop())))
