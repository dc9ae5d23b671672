/** Requests at once, and sequences of the model, on every store with its real server, by seed: see `docs/reliability.md`. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openStore } from '../../src/stores/open.ts'
import { places } from '../processes/places.ts'
import { runModel } from './model-run.ts'
import { sampleRaces } from './sample.ts'
import { seedOf } from './seed.ts'

const RUNS = 20

for (const [name, open] of Object.entries(places))
  test(`${name}: races keep every promise, and sessions are what the model says`, async (context) => {
    const seed = seedOf(process.env['COATCHECK_SEED'])
    context.diagnostic(`COATCHECK_SEED=${seed}`)
    const place = await open()
    // Two handles, as two processes have.
    const handles = [await openStore(place.url), await openStore(place.url)]
    try {
      const calls = await sampleRaces(handles, { seed, runs: RUNS })
      assert.ok(calls > 4 * RUNS, `only ${calls} store calls: something ends before it should`)
      await runModel(handles, { seed, runs: 3, steps: 15 })
    } finally {
      for (const handle of handles) await handle.close?.()
      await place.stop()
    }
  })
