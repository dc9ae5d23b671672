/**
 * `npm run soak -- --minutes 5 --store redis`: mixed traffic from visitors through several servers onto one store,
 * while servers and store are killed, stopped and cut off; every promise is checked with every answer. Says how it goes
 * every few seconds, and ends with one line.
 *
 * The interrupt key ends it early, with all that is checked at the end; a second one at once.
 *
 * - `--store` a kind (`file`, the default, `sqlite`, `redis`, `postgres`, `mysql`, `memcached` …), started for it, or a
 *   URL, of which only the servers in front of it are killed.
 * - `--minutes N` (default 1), `--seed S` (default: drawn, and printed), `--faults kill,pause,cut` or `none`,
 *   `--servers N` (default 3), `--visitors N` (default 24), `--lifetime N` of a session in seconds (default 20).
 */
import { parseArgs } from 'node:util'
import { seedOf } from '../test/proof/seed.ts'
import type { FaultKind } from '../test/soak/faults.ts'
import { soak } from '../test/soak/soak.ts'
import type { SoakReport } from '../test/soak/soak.ts'

const KINDS: readonly FaultKind[] = ['kill', 'pause', 'cut']

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    store: { type: 'string', default: 'file' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
    faults: { type: 'string', default: KINDS.join() },
    servers: { type: 'string', default: '3' },
    visitors: { type: 'string', default: '24' },
    lifetime: { type: 'string', default: '20' },
  },
})
const seed = seedOf(values.seed)
const number = (count: number): string => count.toLocaleString('en')

console.log(
  `${values.store}, ${values.minutes} minutes, faults ${values.faults}, seed ${seed}, Node ${process.version}`,
)
let shown = 0
let interrupted = false
process.once('SIGINT', () => (interrupted = true))
const report = await soak({
  store: values.store,
  seconds: positive('minutes') * 60,
  seed,
  faults: faultKinds(values.faults),
  apps: positive('servers'),
  visitors: positive('visitors'),
  lifetime: positive('lifetime'),
  fault: 3,
  between: 4,
  storeTimeout: 1,
  toTheEnd: true,
  enough: () => interrupted,
  onProgress(soFar) {
    for (const finding of soFar.findings.slice(shown)) console.log(`✖    ${finding}`)
    shown = soFar.findings.length
    const [latest] = soFar.samples.slice(-1)
    const used = latest
      ? `; heap ${megabytes(latest.heap)}, RSS ${megabytes(latest.rss)}, ${latest.descriptors} files`
      : ''
    console.log(`     ${soFar.seconds.toFixed(0)} s: ${inWords(soFar)}${used}`)
  },
})
for (const finding of report.findings.slice(shown)) console.log(`✖    ${finding}`)
for (const line of summary(report)) console.log(line)
process.exitCode = Object.values(report.broken).every((count) => count === 0) ? 0 : 1

function summary({ tally, broken, faults, samples, seconds }: SoakReport): string[] {
  const done = Object.entries(faults).map(([name, count]) => `${name} ${count}`)
  const other = broken.other === 0 ? '' : `, ${broken.other} other promises broken`
  return [
    `faults: ${done.join(', ') || 'none'}`,
    `sessions: ${number(tally.begun)} begun, ${number(tally.ended)} ended, ` +
      `${number(tally.doubtful)} ended for a request without an answer, ${number(tally.forgotten)} forgotten by the store`,
    `${number(tally.haunts)} tries with cookies that are over, ${number(tally.conflicts)} conflicts, ` +
      `${number(tally.errors)} errors, ${number(tally.unanswered)} requests without an answer`,
    `${values.store}, seed ${seed}, ${seconds.toFixed(0)} s; the first server: ${fromTo(samples)}`,
    `requests ${number(tally.requests)} acknowledged ${number(tally.acknowledged)} ` +
      `lost ${broken.lost} resurrected ${broken.resurrected} leaked ${broken.leaked}${other}`,
  ]
}

function positive(option: 'minutes' | 'servers' | 'visitors' | 'lifetime'): number {
  const given = Number(values[option])
  if (!(given > 0)) throw new Error(`--${option} takes a number above 0, not ${values[option]}`)
  return given
}

function faultKinds(text: string): readonly FaultKind[] {
  if (text === 'none') return []
  return text.split(',').map((word) => {
    const kind = KINDS.find((each) => each === word)
    if (!kind) throw new Error(`--faults takes ${KINDS.join()} or none, not ${word}`)
    return kind
  })
}

function inWords({ tally, broken, faults }: SoakReport): string {
  const done = Object.values(faults).reduce((sum, each) => sum + each, 0)
  return [
    `${number(tally.requests)} requests, ${number(tally.acknowledged)} acknowledged`,
    `${tally.errors} errors, ${tally.unanswered} unanswered`,
    `${done} faults`,
    `lost ${broken.lost} resurrected ${broken.resurrected} leaked ${broken.leaked} other ${broken.other}`,
  ].join(', ')
}

function fromTo(samples: SoakReport['samples']): string {
  const half = samples.slice(Math.floor(samples.length / 2))
  const [first, last] = [half[0], half.at(-1)]
  if (!first || !last) return 'too short to be measured'
  return [
    `heap ${megabytes(first.heap)} to ${megabytes(last.heap)}`,
    `RSS ${megabytes(first.rss)} to ${megabytes(last.rss)}`,
    `files ${first.descriptors} to ${last.descriptors}`,
    `most listeners ${first.listeners} to ${last.listeners}`,
  ].join(', ')
}

function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MB`
}
