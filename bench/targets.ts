/** What Coatcheck sets out to reach, and whether what was measured reaches it. */
import { estimateOf, median, ratio } from './http/statistics.ts'
import type { Column } from './http/statistics.ts'

/** What a run has measured. */
export interface Evidence {
  /** CPU, microseconds per request, one a round. Empty where a contender was not measured. */
  readonly cpu: (contender: string, cell: string) => Column
  /** Store commands per request; undefined where they were not counted. */
  readonly commands: (contender: string, cell: string) => number | undefined
  /** Bytes of an entry with its dependencies, minified and gzipped; undefined where it was not bundled. */
  readonly size: (entry: string) => number | undefined
}

/** One row of the table of targets. */
export interface Verdict {
  readonly what: string
  readonly limit: string
  readonly measured: string
  readonly met: boolean
}

/** A ratio of CPU times. It is met when the upper end of its interval meets the limit. */
export interface RatioTarget {
  readonly what: string
  readonly limit: number
  /** Contender and cell of each column that the figure is made of. */
  readonly columns: readonly (readonly [contender: string, cell: string])[]
  readonly figure: (columns: readonly Column[]) => number
}

/** What a library adds to its framework, over what another adds to its own: ours, its floor, theirs, its floor. */
function added([ours = [], floor = [], theirs = [], theirFloor = []]: readonly Column[]): number {
  const above = (column: Column, bottom: Column): number =>
    median(column.map((value, round) => value - (bottom[round] ?? Number.NaN)))
  return above(ours, floor) / above(theirs, theirFloor)
}

const SMALL = ['none small', 'anon small', 'read small', 'write small', 'new small'] as const

const LIMIT: readonly (readonly [cell: string, limit: number])[] = [
  ['read small', 1.15],
  ['write small', 1.25],
  ['read large', 1.5],
  ['write large', 1.5],
]

const RIVALS: readonly (readonly [framework: string, rival: string, title: string])[] = [
  ['fastify', 'fastify-session-redis', '@fastify/session'],
  ['koa', 'koa-session-redis', 'koa-session'],
  ['hono', 'hono-sessions-redis', 'hono-sessions'],
]

/** In the order of the table. */
export const RATIO_TARGETS: readonly RatioTarget[] = [
  ...LIMIT.map(([cell, limit]): RatioTarget => ({
    what: `node:http + Redis, ${cell}: over the hand-written limit`,
    limit,
    columns: [
      ['coatcheck-node-redis', cell],
      ['node-raw-redis', cell],
    ],
    figure: ratio,
  })),
  ...['none small', 'read small', 'write small', 'new small'].map((cell): RatioTarget => ({
    what: `Express + Redis, ${cell}: what is added, over what express-session + connect-redis adds`,
    limit: 0.6,
    columns: [
      ['coatcheck-express-redis', cell],
      ['express-floor', cell],
      ['express-session-redis', cell],
      ['express-floor', cell],
    ],
    figure: added,
  })),
  ...['read small', 'write small'].map((cell): RatioTarget => ({
    what: `in process on Express, an instant store, ${cell}: what is added, over what express-session adds`,
    limit: 0.2,
    columns: [
      ['in-process coatcheck', cell],
      ['in-process floor', cell],
      ['in-process express-session', cell],
      ['in-process floor', cell],
    ],
    figure: added,
  })),
  ...RIVALS.flatMap(([framework, rival, title]) =>
    [...SMALL, 'read large', 'write large', 'new large'].map((cell): RatioTarget => ({
      what: `${framework} + Redis, ${cell}: over ${title}`,
      limit: 1,
      columns: [
        [`coatcheck-${framework}-redis`, cell],
        [rival, cell],
      ],
      figure: ratio,
    })),
  ),
  ...['read small', 'write small'].map((cell): RatioTarget => ({
    what: `files, ${cell}: what is added to node:http, over what PHP's file sessions add to PHP`,
    limit: 2,
    columns: [
      ['coatcheck-node-file', cell],
      ['node-floor', cell],
      ['php-files', cell],
      ['php-floor', cell],
    ],
    figure: added,
  })),
]

/** What each request may cost in store commands, exactly. */
const COMMANDS: readonly (readonly [contender: string, cell: string, title: string, exactly: number])[] = [
  ['coatcheck-node-redis-lazy', 'none small', 'a cookie, the session unused (lazy)', 0],
  ['coatcheck-node-redis', 'read small', '/read', 1],
  ['coatcheck-node-redis', 'write small', '/write', 2],
  ['coatcheck-node-redis', 'new small', '/new', 1],
  ['coatcheck-node-redis', 'anon small', 'a visitor without a cookie', 0],
]

/** Bytes. */
export const SIZE_TARGETS: readonly (readonly [entry: string, title: string, limit: number])[] = [
  ['coatcheck', 'the core, minified and gzipped with its dependencies', 12_000],
  ['coatcheck + sealing', 'the core with sealing', 20_000],
]

/** A row for every target for which there is evidence. */
export function verdicts(evidence: Evidence): Verdict[] {
  return [...ratioVerdicts(evidence), ...commandVerdicts(evidence), ...sizeVerdicts(evidence)]
}

/** One round has no interval, and two hardly. */
const FEWEST_ROUNDS = 3

function ratioVerdicts({ cpu }: Evidence): Verdict[] {
  return RATIO_TARGETS.flatMap(({ what, limit, columns, figure }) => {
    const values = columns.map(([contender, cell]) => cpu(contender, cell))
    if (values.some(({ length }) => length < FEWEST_ROUNDS)) return []
    const found = estimateOf(values, figure)
    const measured = `${found.median.toFixed(2)}× [${found.low.toFixed(2)}, ${found.high.toFixed(2)}]`
    // Not `high > limit`: a NaN must not pass.
    return [{ what, limit: limit === 1 ? '< 1×' : `≤ ${limit}×`, measured, met: found.high <= limit }]
  })
}

function commandVerdicts({ commands }: Evidence): Verdict[] {
  const rows = COMMANDS.flatMap(([contender, cell, title, exactly]) => {
    const count = commands(contender, cell)
    return count === undefined ? [] : [{ title, exactly, count }]
  })
  if (rows.length === 0) return []
  return [
    {
      what: `store commands per request, Redis: ${rows.map(({ title }) => title).join('; ')}`,
      limit: rows.map(({ exactly }) => exactly).join(', '),
      measured: rows.map(({ count }) => Number(count.toFixed(2))).join(', '),
      met: rows.every(({ count, exactly }) => count === exactly),
    },
  ]
}

function sizeVerdicts({ size }: Evidence): Verdict[] {
  return SIZE_TARGETS.flatMap(([entry, title, limit]) => {
    const bytes = size(entry)
    if (bytes === undefined) return []
    return [{ what: title, limit: `≤ ${kilobytes(limit)}`, measured: kilobytes(bytes), met: bytes <= limit }]
  })
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`
}
