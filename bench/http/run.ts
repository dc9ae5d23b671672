/**
 * `npm run bench [-- --quick] [--rounds N] [--only PART,…] [--check]`: Coatcheck and its peers, side by side, over HTTP.
 *
 * Every round starts each contender in a fresh process on a core of its own, in an order reversed from round to round;
 * ratios are taken inside a round, so that what slows the machine slows both sides. The headline is the server's CPU
 * time per request: it says what a request costs, whatever the load generator makes of the other core.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ensurePackages } from '../../scripts/ensure-packages.ts'
import { startPostgres, startRedis } from '../../test/servers/index.ts'
import { PINNING } from './contender-process.ts'
import type { Servers } from './contender-process.ts'
import { contenders } from './contenders.ts'
import type { Contender } from './contenders.ts'
import { cellsOf, measureContender } from './measure.ts'
import type { Measurement } from './measure.ts'
import { report } from './report.ts'

/** Contender to cell to one measurement a round. */
export type Rounds = Map<string, Map<string, Measurement[]>>

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    only: { type: 'string' },
  },
})
const quick = flags.quick
const rounds = Number(flags.rounds ?? (quick ? 3 : 9))
if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds ${flags.rounds}: give a whole number from 1`)
const parts = flags.only?.split(',')
const chosen = contenders.filter(
  ({ name, quick: isQuick }) => (!quick || isQuick) && (!parts || parts.some((part) => name.includes(part))),
)
const pace = quick ? { warmUp: 0.3, measure: 0.3 } : { warmUp: 0.5, measure: 1 }

ensurePackages(join(import.meta.dirname, '..', 'peers'))
if (PINNING) spawnSync('taskset', ['-pc', '1', String(process.pid)])
const directory = mkdtempSync(join(tmpdir(), 'bench-'))
const redis = await startRedis()
const postgres = quick ? undefined : await startPostgres()
const servers: Servers = { redis: redis.url, postgres: postgres?.url ?? '', directory }
const started = Date.now()
const results: Rounds = new Map()
try {
  console.log(`${chosen.length} contenders, ${rounds} rounds, Node ${process.version}, ${cpus()[0]?.model ?? 'CPU'}`)
  for (let round = 0; round < rounds; round += 1) {
    for (const contender of round % 2 === 0 ? chosen : chosen.toReversed()) await measureOnce(contender, round)
  }
} finally {
  await Promise.all([redis.stop(), postgres?.stop()])
  rmSync(directory, { recursive: true, force: true })
}
const text = report(chosen, results, { rounds, quick, minutes: (Date.now() - started) / 60_000 })
console.log(`\n${text}`)
if (!quick && !parts) {
  writeFileSync(join(import.meta.dirname, '..', 'results.md'), text)
  writeFileSync(join(import.meta.dirname, '..', 'results.json'), JSON.stringify(toJson(results)))
}

async function measureOnce(contender: Contender, round: number): Promise<void> {
  const own = results.get(contender.name) ?? new Map<string, Measurement[]>()
  results.set(contender.name, own)
  const cells = cellsOf(contender, quick)
  // A folder of its own: a contender shall not sweep, or list, what another left.
  const place = join(directory, `${contender.name}-${round}`)
  const measured = await measureContender(contender, cells, { ...servers, directory: place }, pace)
  for (const [cell, one] of measured) own.set(cell, [...(own.get(cell) ?? []), one])
  const seconds = ((Date.now() - started) / 1000).toFixed(0).padStart(4)
  const figures = [...measured].map(([cell, { cpu }]) => `${cell} ${cpu.toFixed(0)}`).join('  ')
  console.log(`${seconds} s  round ${round + 1}/${rounds}  ${contender.name.padEnd(26)} ${figures}`)
}

function toJson(all: Rounds): unknown {
  return Object.fromEntries([...all].map(([name, cells]) => [name, Object.fromEntries(cells)]))
}
