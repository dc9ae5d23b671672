/** Random sequences of requests against a small reference model: see `docs/reliability.md`. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { breaks } from '../../scripts/breaks-core.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { shownByModel } from './broken-core.ts'
import { runModel } from './model-run.ts'
import { seedOf } from './seed.ts'

/** Breaks that show in what visitors find, when a session ends, and whose it is. */
const SHOWN = [
  'the absolute deadline is not part of the target',
  'every visit pushes the deadline',
  'polling counts as a visit',
  'a failed request keeps its data changes',
  'a renewed ID leads on for ever',
  'regenerate leaves a way to the new ID',
  'login() does not extend the absolute lifetime',
]

suite('the model', () => {
  test('sessions are what the model says', async (context) => {
    const seed = seedOf(process.env['COATCHECK_SEED'])
    context.diagnostic(`COATCHECK_SEED=${seed}`)
    const store = memoryStore()
    const requests = await runModel([store, store], { seed, runs: 300 })
    assert.ok(requests > 3000, `only ${requests} requests`)
  })

  for (const name of SHOWN)
    test(`a broken core is noticed: ${name}`, async (context) => {
      const broken = breaks.find((each) => each.name === name)
      assert.ok(broken, 'scripts/breaks-core.ts has no break called so')
      const shown = await shownByModel(broken, { seed: 1, runs: 1000 })
      assert.match(shown ?? 'nothing failed', /^Property failed after \d+ tests\n\{ seed: 1, path: /)
      context.diagnostic(/Counterexample: (.*)/.exec(shown ?? '')?.[1] ?? '')
    })
})
