import { estimate, median } from '../http/statistics.ts'
import type { Estimate } from '../http/statistics.ts'
import type { Slice, Verb } from './cost.ts'
import { populationOf } from './population.ts'
import type { Found, Pair, Swept } from './run.ts'

/** What `bench/scale.md` says. */
export function report(all: readonly Found[]): string {
  const names = [...new Set(all.flatMap(({ filled }) => Object.keys(filled)))].toSorted(
    (a, b) => populationOf(a).sessions - populationOf(b).sessions,
  )
  const lines = [
    '# Measured at scale',
    '',
    'Written by `npm run bench:scale`. Every population of a store was there at once, and they took turns; ratios are',
    'taken inside a round, in brackets their 95 % bootstrap interval. A target is met when its upper end meets it.',
    '',
    ...table(
      ['store', 'Node', 'minutes', 'load average before, after'],
      all.map(({ what, node, minutes, load }) => [
        what,
        node,
        minutes.toFixed(1),
        load.map((one) => one.toFixed(1)).join(', '),
      ]),
    ),
    '## What a request costs',
    '',
    'A visitor who is known: open, read or change, commit; no HTTP. CPU of the application + of the database server,',
    'and the time between two answers with eight visitors at a time, in µs.',
    '',
    ...(['read', 'write'] as const).flatMap((verb) => costTable(all, names, verb)),
    '## What a session takes',
    '',
    'Bytes in the store for each session, indexes and all, of which its payload; the largest population.',
    '',
    ...table(
      ['store', 'bytes', 'payload', 'beyond it'],
      all.flatMap(({ store, filled }) => {
        const one = Object.values(filled).at(-1)
        if (one === undefined) return []
        return [[store, one.bytes.toFixed(0), one.payload.toFixed(0), (one.bytes - one.payload).toFixed(0)]]
      }),
    ),
    '## Starting',
    '',
    'Opening the store on what is there, and the first request then, in ms.',
    '',
    ...table(
      ['store', ...names.map((name) => `${name}: open`), ...names.map((name) => `${name}: first request`)],
      all.map(({ store, filled }) => [
        store,
        ...names.map((name) => filled[name]?.open.toFixed(1) ?? '–'),
        ...names.map((name) => filled[name]?.first.toFixed(1) ?? '–'),
      ]),
    ),
    ...sweepTables(all),
  ]
  return `${lines.join('\n')}\n`
}

function costTable(all: readonly Found[], names: readonly string[], verb: Verb): string[] {
  const [smallest = '', ...larger] = names
  const largest = larger.at(-1) ?? smallest
  const cell = (found: Found, name: string): string => {
    const some = slicesOf(found, name, verb)
    const of = (pick: (slice: Slice) => number): string => median(some.map(pick)).toFixed(0)
    return some.length === 0
      ? '–'
      : `${of(({ cpu }) => cpu)} + ${of(({ server }) => server)}; ${of(({ wall }) => wall)}`
  }
  return table(
    [verb, ...names, `CPU, ${largest} over ${smallest} (≤ 1.3)`, 'application alone', 'time'],
    all.map((found) => {
      const ratio = (pick: (slice: Slice) => number): Estimate =>
        estimate(ratios(slicesOf(found, largest, verb).map(pick), slicesOf(found, smallest, verb).map(pick)))
      const both = ratio(({ cpu, server }) => cpu + server)
      return [
        found.store,
        ...names.map((name) => cell(found, name)),
        `${words(both)} ${both.high <= 1.3 ? 'met' : 'missed'}`,
        words(ratio(({ cpu }) => cpu)),
        words(ratio(({ wall }) => wall)),
      ]
    }),
  )
}

function slicesOf({ slices }: Found, name: string, verb: Verb): Slice[] {
  return slices.filter((slice) => slice.population === name && slice.verb === verb)
}

function sweepTables(all: readonly Found[]): string[] {
  const rows = all.flatMap(({ store, sweep }) => (sweep ? [sweepRow(store, sweep)] : []))
  if (rows.length === 0) return []
  return [
    '## A sweep beside visitors',
    '',
    'Nine tenths of the largest population are dead and swept by the application that serves visitors over HTTP, 250 a',
    'second at random moments, one in two of them writing. Stretches of 1.5 s with and without the sweep take turns. Delays of',
    'the event loop contain the millisecond of the timer that measures them. Redis expires by itself.',
    '',
    ...table(
      [
        'store',
        'swept',
        's',
        'p50 without, with',
        'p99 without, with',
        'p99 with over without (≤ 1.2)',
        'loop delay p99 without, with',
        'longest without, with',
      ],
      rows,
    ),
  ]
}

function sweepRow(store: string, { records, seconds, done, pairs }: Swept): string[] {
  const whole = pairs.length > 1 && done ? pairs.slice(0, -1) : pairs
  const quiet = whole.flatMap((pair) => pair.quiet.latencies)
  const swept = whole.flatMap((pair) => pair.swept.latencies)
  const ratio = pooledRatio(whole)
  const ms = (value: number): string => value.toFixed(2)
  const loop = (pick: (one: Pair['quiet']) => number): string =>
    `${ms(median(whole.map((pair) => pick(pair.quiet))))}, ${ms(median(whole.map((pair) => pick(pair.swept))))}`
  const most = (side: 'quiet' | 'swept'): string => Math.max(...whole.map((pair) => pair[side].max)).toFixed(0)
  return [
    store,
    `${records}${done ? '' : ', not to the end'}`,
    seconds.toFixed(0),
    `${ms(quantile(quiet, 0.5))}, ${ms(quantile(swept, 0.5))}`,
    `${ms(quantile(quiet, 0.99))}, ${ms(quantile(swept, 0.99))}`,
    `${words(ratio)} ${ratio.high <= 1.2 ? 'met' : 'missed'}`,
    loop(({ p99 }) => p99),
    `${most('quiet')}, ${most('swept')}`,
  ]
}

/** The ratio of all latencies together, and how it varies when stretches are drawn anew. */
function pooledRatio(pairs: readonly Pair[]): Estimate {
  const ratioOf = (some: readonly Pair[]): number =>
    quantile(
      some.flatMap(({ swept }) => swept.latencies),
      0.99,
    ) /
    quantile(
      some.flatMap(({ quiet }) => quiet.latencies),
      0.99,
    )
  let state = 1
  const random = (): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return state / 2 ** 31
  }
  const drawn = Array.from({ length: 400 }, () =>
    ratioOf(pairs.flatMap(() => pairs[Math.floor(random() * pairs.length)] ?? [])),
  ).toSorted((a, b) => a - b)
  return { median: ratioOf(pairs), low: drawn[10] ?? Number.NaN, high: drawn[389] ?? Number.NaN }
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

function ratios(above: readonly number[], below: readonly number[]): number[] {
  return above.flatMap((value, round) => {
    const other = below[round]
    return other === undefined ? [] : [value / other]
  })
}

function words({ median: middle, low, high }: Estimate): string {
  return `${middle.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}]`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const align = head.map((_, at) => (at === 0 ? '---' : '--:')).join('|')
  return [`| ${head.join(' | ')} |`, `|${align}|`, ...rows.map((row) => `| ${row.join(' | ')} |`), '']
}
