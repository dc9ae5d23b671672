/**
 * `npm run faults`: visitors at work on every store while something happens to it, and a ledger of what they were told
 * and of what is there afterwards, as the table of docs/reliability.md. Ends with 1 when a store that keeps what it
 * acknowledges has lost or brought back anything.
 *
 * `--store redis`, `--fault kill`: only these. `--seconds N`: bring each about again and again for so long (default:
 * once). `--seed S` (default: drawn, and printed) decides who does what on which handle, and what is cut; when, is the
 * machine's business.
 */
import { parseArgs } from 'node:util'
import { faults } from '../test/faults/faults.ts'
import type { Outcome } from '../test/faults/load.ts'
import { seedOf } from '../test/proof/seed.ts'

const { values } = parseArgs({
  options: {
    store: { type: 'string' },
    fault: { type: 'string' },
    seconds: { type: 'string', default: '0' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 100_000)) },
  },
})
const [seed, seconds] = [seedOf(values.seed), seedOf(values.seconds)]
const wanted = faults.filter(({ store, name }) => store === (values.store ?? store) && name === (values.fault ?? name))
if (wanted.length === 0)
  throw new Error(`there is no such fault; there are ${faults.map(({ store, name }) => `${store} ${name}`).join(', ')}`)

console.log(`seed ${seed}, Node ${process.version}\n`)
console.log(
  '| store | fault | requests | acknowledged | failed | longest | unknown, of these made | conflicts | lost | resurrected |',
)
console.log('|---|---|---|---|---|---|---|---|---|---|')
const total = { lost: 0, resurrected: 0, requests: 0, acknowledged: 0 }
const began = performance.now()
for (const fault of wanted) {
  try {
    const outcome = await fault.run({ seed, seconds })
    console.log(row(fault.store, `${fault.what} (\`${fault.name}\`)${fault.durable ? '' : ', reported only'}`, outcome))
    total.requests += outcome.requests
    total.acknowledged += outcome.acknowledged
    if (!fault.durable) continue
    total.lost += outcome.lost + outcome.doubled
    total.resurrected += outcome.resurrected
  } catch (error) {
    process.exitCode = 1
    console.log(`✖ ${fault.store} ${fault.name}:`, error)
  }
}
const took = ((performance.now() - began) / 1000).toFixed(0)
console.log(
  `\n${wanted.length} faults, ${total.requests} requests, ${total.acknowledged} acknowledged changes, ${took} s; durable: lost ${total.lost} resurrected ${total.resurrected}`,
)
if (total.lost + total.resurrected > 0) process.exitCode = 1

function row(store: string, what: string, outcome: Outcome): string {
  const { requests, acknowledged, failed, longest, unknown, madeUnknown, conflicts, lost, resurrected } = outcome
  const errors = Object.entries(failed).map(([code, count]) => `${count} \`${code}\``)
  const notes = [
    outcome.orphaned > 0 ? `; ${outcome.orphaned} moved to an ID nobody was told` : '',
    outcome.doubled > 0 ? `; ${outcome.doubled} doubled` : '',
  ].join('')
  const cells = [
    store,
    what,
    requests,
    acknowledged,
    errors.join(', ') || 'none',
    `${longest} ms`,
    `${unknown}, ${madeUnknown}${notes}`,
    conflicts,
    lost,
    resurrected,
  ]
  return `| ${cells.join(' | ')} |`
}
