/**
 * `npm run bench:micro`: what the parts cost, without HTTP: a request's open and commit on each store, sealing, the
 * first import of each entry, and what each weighs.
 *
 * mitata takes times, not CPU time: on a busy machine read the quartiles, not the averages.
 */
import { join } from 'node:path'
import { bench, group, run } from 'mitata'
import { ensurePackages } from '../../scripts/ensure-packages.ts'
import { bundleSizes } from '../bundle-sizes.ts'
import { importTimes } from './import-times.ts'
import { openStores } from './stores.ts'
import { verbsOf } from './verbs.ts'

ensurePackages(join(import.meta.dirname, '..', 'peers'))

const stores = await openStores()
try {
  for (const { name, store } of stores.all) {
    const verbs = await verbsOf(store)
    group(`${name}: open and commit`, () => {
      for (const [verb, act] of Object.entries(verbs)) bench(`${name}: ${verb}`, act)
    })
  }
  await run()
} finally {
  await stores.close()
}

const sizes = await bundleSizes()
console.log('\n| entry | first import, ms (median of 5 processes) | minified and gzipped, kB |\n|---|--:|--:|')
for (const [entry, ms] of importTimes([...sizes.keys()])) {
  console.log(`| ${entry} | ${ms.toFixed(1)} | ${((sizes.get(entry) ?? Number.NaN) / 1000).toFixed(1)} |`)
}
