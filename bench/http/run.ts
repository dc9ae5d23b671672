/**
 * `npm run bench [-- --quick] [--rounds N] [--only PART,… [--write]] [--check]`: Coatcheck and its peers, side by side.
 *
 * Every round starts the contenders of a framework in fresh processes on a core of their own, where they take turns in
 * short stretches, forwards and backwards; ratios are taken inside a round, so that what slows the machine slows both
 * sides. The headline is the server's
 * CPU time per request: it says what a request costs, whatever the load generator makes of the other core.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ensurePackages } from '../../scripts/ensure-packages.ts'
import { startMemcached, startPostgres, startRedis } from '../../test/servers/index.ts'
import { bundleSizes } from '../bundle-sizes.ts'
import { charts } from '../charts.ts'
import { measureInProcess } from '../in-process/measure.ts'
import { verdicts } from '../targets.ts'
import type { Verdict } from '../targets.ts'
import { startContender } from './contender-process.ts'
import type { Servers } from './contender-process.ts'
import { contendersNamed } from './contenders.ts'
import type { Contender } from './contenders.ts'
import { ensureFlask } from './flask-process.ts'
import { keptBy, measureTogether } from './measure.ts'
import type { Measurement } from './measure.ts'
import { ensurePhp } from './php-process.ts'
import { leaveServerCore } from './pinning.ts'
import { report, targetTable } from './report.ts'
import { columnOf, commandsOf } from './results.ts'
import type { Results } from './results.ts'
import { watchMemcached, watchPostgres, watchRedis } from './store-statistics.ts'
import type { Watch } from './store-statistics.ts'
import { checkRoutes } from './visitor.ts'

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    only: { type: 'string' },
    check: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})
/** Where the page about performance has the targets and the charts. */
const SHOWN = /(<!-- targets:.*-->)[^]*(<!-- end of targets -->)/

const { quick, check } = flags
const rounds = Number(flags.rounds ?? (quick ? 3 : 7))
if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds ${flags.rounds}: give a whole number from 1`)
const parts = flags.only?.split(',')
const chosen = contendersNamed(parts).filter((contender) => !quick || contender.quick)
if (chosen.length === 0) throw new Error(`--only ${flags.only}: no contender has that in its name`)
const pace = quick
  ? { settle: 1, warmUp: 0.2, measure: 0.3, atLeast: 1000 }
  : { settle: 2, warmUp: 0.3, measure: 0.5, atLeast: 1200 }
const needs = (store: Contender['store']): boolean => chosen.some((contender) => contender.store === store)
const runs = (platform: Contender['platform']): boolean => chosen.some((contender) => contender.platform === platform)

ensurePackages(join(import.meta.dirname, '..', 'peers'))
if (runs('flask')) ensureFlask()
if (runs('php')) ensurePhp()
leaveServerCore()
const started = Date.now()
const directory = mkdtempSync(join(tmpdir(), 'coatcheck-bench-'))
const redis = await startRedis()
const postgres = needs('postgres')
  ? await startPostgres({ config: { shared_preload_libraries: 'pg_stat_statements' } })
  : undefined
const memcached = needs('memcached') ? await startMemcached() : undefined
const postgresWatch = postgres && (await watchPostgres(postgres.url))
const watches: Partial<Record<Contender['store'], Watch>> = {
  redis: watchRedis(redis),
  ...(postgresWatch ? { postgres: postgresWatch.watch } : {}),
  ...(memcached ? { memcached: watchMemcached(memcached.port) } : {}),
}
const results: Results = new Map()
try {
  if (check) await checkAll()
  else await measureAll()
} finally {
  await postgresWatch?.close()
  await Promise.all([redis.stop(), postgres?.stop(), memcached?.stop()])
  rmSync(directory, { recursive: true, force: true })
}

/** A folder of its own for each start: a contender shall not sweep, or list, what another left. */
function serversFor(contender: Contender, round: number): Servers {
  const own = join(directory, `${contender.name}-${round}`)
  mkdirSync(own)
  return {
    redis: redis.url,
    postgres: postgres?.url ?? '',
    memcached: `127.0.0.1:${memcached?.port ?? 0}`,
    directory: own,
  }
}

async function checkAll(): Promise<void> {
  for (const contender of chosen) {
    const server = await startContender(contender, serversFor(contender, 0))
    try {
      await checkRoutes(server.origin, contender.name, keptBy(contender))
      say(`${contender.name} answers as it should`)
    } finally {
      await server.stop()
    }
  }
}

async function measureAll(): Promise<void> {
  const busy = [busyness()]
  // Whoever is on one framework is compared with the others there.
  const groups = [...Map.groupBy(chosen, ({ floor }) => floor).values()]
  say(`${chosen.length} contenders, ${rounds} rounds, Node ${process.version}, ${cpus()[0]?.model ?? 'CPU'}`)
  for (let round = 0; round < rounds; round += 1) {
    for (const group of groups) await measureGroup(round % 2 === 0 ? group : group.toReversed(), round)
    if (!parts || parts.includes('in-process')) await measureInProcessOnce(round)
    busy.push(busyness())
  }
  const sizes = await bundleSizes()
  const targets = verdicts({
    cpu: (contender, cell) => columnOf(results, contender, cell, ({ cpu }) => cpu),
    commands: (contender, cell) => commandsOf(results, contender, cell),
    size: (entry) => sizes.get(entry),
  })
  const minutes = ((Date.now() - started) / 60_000).toFixed(1)
  const circumstances = [
    `${new Date().toISOString().slice(0, 10)}: ${rounds} rounds in ${minutes} minutes, Node ${process.version}, ${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'})`,
    `load of the machine before and after each round (1 minute): ${busy.join(', ')}; the bench itself makes about 2`,
    'medians of the rounds; ratios are taken inside a round; in square brackets the 95 % bootstrap interval',
    ...(parts ? [`not everyone: only contenders with one of these in their names: ${parts.join(', ')}`] : []),
  ]
  if (quick) {
    console.log(`\n${targetTable(targets).join('\n')}\n${circumstances.join('\n')}`)
    return
  }
  const text = report(chosen, results, targets, circumstances)
  console.log(`\n${text}`)
  if (!parts || flags.write) writeResults(text, targets)
}

function writeResults(text: string, targets: readonly Verdict[]): void {
  const bench = join(import.meta.dirname, '..')
  writeFileSync(join(bench, 'results.md'), text)
  mkdirSync(join(bench, 'charts'), { recursive: true })
  const drawn = charts(chosen, results)
  for (const [name, { svg }] of drawn) writeFileSync(join(bench, 'charts', `${name}.svg`), svg)
  const images = [...drawn].map(([name, { title }]) => `![${title}](../bench/charts/${name}.svg)\n`)
  // Into the page that explains them.
  const page = join(bench, '..', 'docs', 'performance.md')
  const shown = [...targetTable(targets).slice(2), ...images].join('\n')
  writeFileSync(
    page,
    readFileSync(page, 'utf8').replace(SHOWN, (_all, begin, end) => `${begin}\n${shown}${end}`),
  )
}

async function measureGroup(group: readonly Contender[], round: number): Promise<void> {
  const measured = await measureTogether(group, {
    quick,
    pace,
    serversFor: (contender) => serversFor(contender, round),
    // Counts are the same in every round, so the first one is enough.
    watchOf: ({ store }) => (round === 0 ? watches[store] : undefined),
  })
  for (const { name } of group) {
    const cells = [...(measured.get(name) ?? [])]
    for (const [cell, one] of cells) add(name, cell, one)
    const figures = cells.map(([cell, { cpu }]) => `${cell} ${cpu.toFixed(0)}`).join('  ')
    say(`round ${round + 1}/${rounds}  ${name.padEnd(26)} ${figures}`)
  }
}

async function measureInProcessOnce(round: number): Promise<void> {
  for (const [name, cells] of await measureInProcess()) {
    for (const [cell, cpu] of cells) add(name, cell, { cpu, perSecond: Number.NaN, p50: Number.NaN, p99: Number.NaN })
    const figures = [...cells].map(([cell, cpu]) => `${cell} ${cpu.toFixed(1)}`).join('  ')
    say(`round ${round + 1}/${rounds}  ${name.padEnd(26)} ${figures}`)
  }
}

function add(contender: string, cell: string, one: Measurement): void {
  const cells = results.get(contender) ?? new Map<string, Measurement[]>()
  results.set(contender, cells)
  cells.set(cell, [...(cells.get(cell) ?? []), one])
}

function busyness(): string {
  return (loadavg()[0] ?? Number.NaN).toFixed(1)
}

function say(what: string): void {
  console.log(`${((Date.now() - started) / 1000).toFixed(0).padStart(5)} s  ${what}`)
}
