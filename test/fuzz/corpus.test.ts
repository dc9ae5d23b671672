/**
 * The inputs that are kept, played back, and some new ones by seed, on every target that needs no server: see
 * `docs/reliability.md`. `npm run fuzz` is the long form.
 */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { seedOf } from '../proof/seed.ts'
import { corpusOf } from './corpus.ts'
import { fuzz, pollution } from './engine.ts'
import { serverTargets, targets } from './targets/index.ts'

/** New inputs for each target: as many as are made in a fraction of a second. The long run makes a million. */
const NEW = 80

for (const [name, open] of Object.entries(targets))
  test(`${name}: every input that is kept, and ${NEW} new ones`, async (context) => {
    const seed = seedOf(process.env['COATCHECK_SEED'])
    const target = await open()
    const kept = corpusOf(name)
    try {
      for (const [about, input] of Object.entries(kept)) {
        await assert.doesNotReject(async () => target.run(input), about)
        assert.equal(pollution(), undefined, about)
      }
      const least = target.seeds.length + Object.keys(kept).length
      // A target that waits for a server gets fewer: what counts is that each way in is still taken.
      const wanted = least + (name === 'demo' ? NEW / 10 : NEW)
      const { inputs } = await fuzz(target, {
        seed,
        corpus: Object.values(kept),
        enough: (done) => done >= wanted,
        batch: 50,
      })
      context.diagnostic(`COATCHECK_SEED=${seed}, ${inputs} inputs`)
      assert.ok(inputs >= wanted)
    } finally {
      await target.stop?.()
    }
  })

test('every file of inputs belongs to a target', () => {
  const known = Object.keys({ ...targets, ...serverTargets }).map((name) => `${name}.json`)
  const files = readdirSync(join(import.meta.dirname, 'corpus'))
  assert.ok(files.length > 0)
  assert.deepEqual(
    files.filter((file) => !known.includes(file)),
    [],
  )
})
