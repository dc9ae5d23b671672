import { estimate, median, ratio } from './statistics.ts'
import type { Verdict } from '../targets.ts'
import type { Contender } from './contenders.ts'
import { columnOf, floorCell } from './results.ts'
import type { Results } from './results.ts'
import type { StoreWork } from './store-statistics.ts'

/** How the figures came about, a line each. */
export type Circumstances = readonly string[]

const CELLS = [
  'none small',
  'anon small',
  'read small',
  'write small',
  'new small',
  'read large',
  'write large',
  'new large',
]

/** Everything that was measured, as Markdown. */
export function report(
  contenders: readonly Contender[],
  results: Results,
  targets: readonly Verdict[],
  circumstances: Circumstances,
): string {
  const sections = [
    ...circumstances.map((line) => `- ${line}`),
    '',
    ...targetTable(targets),
    ...cpuTable(contenders, results),
    ...table('Requests per second at 32 connections', contenders, results, ({ name }, cell) =>
      median(columnOf(results, name, cell, ({ perSecond }) => perSecond)).toFixed(0),
    ),
    ...table('Waiting time of the visitors, ms: p50 / p99', contenders, results, ({ name }, cell) => {
      const p50 = columnOf(results, name, cell, (one) => one.p50)
      const p99 = columnOf(results, name, cell, (one) => one.p99)
      return `${median(p50).toFixed(1)} / ${median(p99).toFixed(1)}`
    }),
    ...workTable(contenders, results),
  ]
  return `# Measured side by side\n\nWritten by \`npm run bench\`; what it means: [Performance](../docs/performance.md).\n\n${sections.join('\n')}`
}

/** The targets as a table of Markdown; nothing when there are none. */
export function targetTable(targets: readonly Verdict[]): string[] {
  if (targets.length === 0) return []
  const rows = targets.map(
    ({ what, limit, measured, met }) => `| ${what} | ${limit} | ${measured} | ${met ? 'met' : '**missed**'} |`,
  )
  return ['## Targets', '', '| what | target | measured | |', '|---|--:|--:|---|', ...rows, '']
}

function cpuTable(contenders: readonly Contender[], results: Results): string[] {
  const cpuOf = (name: string, cell: string): readonly number[] => columnOf(results, name, cell, ({ cpu }) => cpu)
  const title = 'Server CPU, µs per request, [its interval], and × the same framework without sessions'
  return table(title, contenders, results, ({ name, floor }, cell) => {
    const own = estimate(cpuOf(name, cell))
    const figure = `${own.median.toFixed(0)} [${own.low.toFixed(0)}, ${own.high.toFixed(0)}]`
    const below = cpuOf(floor, floorCell(cell))
    return name === floor || below.length === 0 ? figure : `${figure} ×${ratio([cpuOf(name, cell), below]).toFixed(2)}`
  })
}

function workTable(contenders: readonly Contender[], results: Results): string[] {
  const watched = contenders.filter(({ name }) =>
    [...(results.get(name)?.values() ?? [])].some((rounds) => rounds.some(({ work }) => work)),
  )
  if (watched.length === 0) return []
  const title = "Store commands per request, and bytes to and from the store, by the server's own count"
  return table(title, watched, results, ({ name }, cell) => {
    const work = results
      .get(name)
      ?.get(cell)
      ?.find((one) => one.work)?.work
    return work ? workWords(work) : '–'
  })
}

function workWords({ commands, bytes }: StoreWork): string {
  const counts = Object.entries(commands).filter(([, count]) => count >= 0.005)
  if (counts.length === 0) return '0'
  const names = counts
    .toSorted(([a], [b]) => a.localeCompare(b, 'en'))
    .map(([name, count]) => (count === 1 ? name : `${Number(count.toFixed(2))}×${name}`))
  const { in: sent, out: received, wal = 0 } = bytes
  const traffic = sent === undefined || received === undefined ? [] : [`${sent.toFixed(0)} → ${received.toFixed(0)} B`]
  return [names.join('+'), ...traffic, ...(wal > 0 ? [`WAL ${wal.toFixed(0)} B`] : [])].join(', ')
}

function table(
  title: string,
  contenders: readonly Contender[],
  results: Results,
  words: (contender: Contender, cell: string) => string,
): string[] {
  const cells = CELLS.filter((cell) => contenders.some(({ name }) => results.get(name)?.has(cell)))
  return [
    `## ${title}`,
    '',
    `| | ${cells.join(' | ')} |`,
    `|---|${cells.map(() => '--:').join('|')}|`,
    ...contenders.map((contender) => {
      const row = cells.map((cell) => (results.get(contender.name)?.has(cell) ? words(contender, cell) : '–'))
      return `| ${contender.title} | ${row.join(' | ')} |`
    }),
    '',
  ]
}
