import type { Contender } from './contenders.ts'
import type { Measurement } from './measure.ts'
import type { Rounds } from './run.ts'
import { estimate, median } from './statistics.ts'
import type { Estimate } from './statistics.ts'
import { TARGETS } from './targets.ts'

/** How the figures came about. */
export interface Circumstances {
  readonly rounds: number
  readonly quick: boolean
  readonly minutes: number
}

const CELLS = ['none small', 'anon small', 'read small', 'write small', 'new small', 'read large', 'write large']

/** Everything that was measured, as Markdown. */
export function report(contenders: readonly Contender[], results: Rounds, how: Circumstances): string {
  const lines = [
    '# Measured side by side',
    '',
    `${how.rounds} rounds in ${how.minutes.toFixed(1)} minutes, ${how.quick ? 'quick' : 'full'}; Node ${process.version}.`,
    'Ratios are taken inside a round; in brackets their 95 % bootstrap interval.',
    '',
    ...targetTable(results),
    ...table('Server CPU, µs per request, and the ratio to the framework alone', contenders, (contender, cell) => {
      const own = column(results, contender.name, cell, ({ cpu }) => cpu)
      const floor = column(results, contender.floor, floorCell(cell), ({ cpu }) => cpu)
      if (own.length === 0) return '–'
      const ratio = contender.name === contender.floor ? '' : ` (×${median(ratios(own, floor)).toFixed(2)})`
      return `${median(own).toFixed(0)}${ratio}`
    }),
    ...table('Requests per second at 32 connections', contenders, (contender, cell) => {
      const own = column(results, contender.name, cell, ({ perSecond }) => perSecond)
      return own.length === 0 ? '–' : median(own).toFixed(0)
    }),
    ...table('Waiting time of the visitors, ms: p50 / p99', contenders, (contender, cell) => {
      const p50 = column(results, contender.name, cell, (one) => one.p50)
      const p99 = column(results, contender.name, cell, (one) => one.p99)
      return p50.length === 0 ? '–' : `${median(p50).toFixed(0)} / ${median(p99).toFixed(0)}`
    }),
  ]
  return `${lines.join('\n')}\n`
}

function targetTable(results: Rounds): string[] {
  const rows = TARGETS.flatMap(({ what, limit, ratio }) => {
    const values = ratio((name, cell) => column(results, name, cell, ({ cpu }) => cpu))
    if (values.length === 0) return []
    const found = estimate(values)
    return [`| ${what} | ≤ ${limit} | ${words(found)} | ${found.high <= limit ? 'met' : 'missed'} |`]
  })
  if (rows.length === 0) return []
  return ['| target | limit | measured | |', '|---|--:|--:|---|', ...rows, '']
}

function words({ median: middle, low, high }: Estimate): string {
  return `${middle.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}]`
}

function table(
  title: string,
  contenders: readonly Contender[],
  cell: (c: Contender, name: string) => string,
): string[] {
  return [
    `## ${title}`,
    '',
    `| | ${CELLS.join(' | ')} |`,
    `|---|${CELLS.map(() => '--:').join('|')}|`,
    ...contenders.map(
      (contender) => `| ${contender.title} | ${CELLS.map((name) => cell(contender, name)).join(' | ')} |`,
    ),
    '',
  ]
}

function column(results: Rounds, name: string, cell: string, pick: (one: Measurement) => number): number[] {
  return (results.get(name)?.get(cell) ?? []).map(pick)
}

/** A framework alone keeps no data, so its small and its large pages are the same. */
function floorCell(cell: string): string {
  return cell.replace('large', 'small')
}

/** Round by round. */
function ratios(above: readonly number[], below: readonly number[]): number[] {
  return above.flatMap((value, round) => {
    const other = below[round]
    return other === undefined ? [] : [value / other]
  })
}
