/** A few seconds of what `npm run soak` does for minutes: see `docs/reliability.md`. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { breaks } from '../../scripts/breaks-core.ts'
import { inCopy } from '../proof/broken-core.ts'
import { seedOf } from '../proof/seed.ts'
import type { AppStats } from './app.ts'
import { BOUNDS, growing } from './growth.ts'
import { soak } from './soak.ts'
import type { SoakPlan, SoakReport } from './soak.ts'

const plan: Omit<SoakPlan, 'store'> = {
  // Each test says what is enough; a busy machine, which does less in its time, proves less.
  seconds: 20,
  seed: seedOf(process.env['COATCHECK_SEED']),
  faults: ['kill', 'pause', 'cut'],
  apps: 2,
  visitors: 16,
  lifetime: 5,
  fault: 0.2,
  between: 0.2,
  storeTimeout: 5,
  toTheEnd: false,
}

const faultsOf = ({ faults }: SoakReport): number => Object.values(faults).reduce((sum, each) => sum + each, 0)

/**
 * Broken on purpose, and what of it is to be noticed: a break that traffic shows at once. Rarer ones would be a matter of
 * luck here; `test/proof` has them noticed in all orders.
 */
const [BROKEN, FINDING] = ['update() works on the copy it has', /lost: session .* was counted to/] as const

suite('soak', () => {
  test('visitors, servers killed, stopped and cut off: nothing lost, resurrected or leaked', async (t) => {
    const report = await soak({
      ...plan,
      store: 'file',
      enough: (soFar) => soFar.tally.acknowledged > 250 && faultsOf(soFar) >= 2,
    })
    t.diagnostic(`COATCHECK_SEED=${plan.seed} ${JSON.stringify({ ...report.tally, ...report.faults })}`)
    assert.deepEqual(report.findings, [])
    assert.ok(report.tally.acknowledged > 50)
  })

  test(`a broken core is noticed: ${BROKEN}`, async (t) => {
    const broken = breaks.find((each) => each.name === BROKEN)
    assert.ok(broken, 'scripts/breaks-core.ts has no break called so')
    const report = await inCopy(
      broken,
      (copy) =>
        soak({
          ...plan,
          store: 'file',
          seconds: 90,
          faults: [],
          app: pathToFileURL(join(copy, 'test/soak/app.ts')),
          enough: ({ findings }) => findings.some((each) => FINDING.test(each)),
        }),
      ['test/soak'],
    )
    assert.match(report.findings.join('\n'), FINDING)
    t.diagnostic(report.findings[0] ?? '')
  })

  test('what grows is noticed, what swings is not', () => {
    const flat: AppStats = { heap: 20e6, rss: 90e6, descriptors: 30, listeners: 3 }
    const run = (change: (n: number) => Partial<AppStats>): AppStats[] =>
      Array.from({ length: 40 }, (_, n) => ({ ...flat, ...change(n) }))
    assert.deepEqual(growing(run((n) => ({ heap: 20e6 + (n % 2) * 3e6, descriptors: 30 + (n % 5) }))), [])
    assert.deepEqual(growing(run((n) => ({ heap: 20e6 + Math.min(n, 20) * 1e6 }))), [], 'warming up is not growing')
    for (const name of Object.keys(BOUNDS) as (keyof AppStats)[]) {
      const found = growing(run((n) => ({ [name]: flat[name] + (n / 18) * BOUNDS[name] })))
      assert.match(found.join(), new RegExp(`^${name} rose by`))
    }
  })
})
