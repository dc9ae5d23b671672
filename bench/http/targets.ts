/** What Coatcheck sets out to reach, as ratios of CPU time taken inside one round. */
export interface Target {
  readonly what: string
  readonly limit: number
  /** One ratio a round; none where a contender was not measured. */
  readonly ratio: (cpu: Column) => number[]
}

/** The CPU times of a contender in a cell, one a round. */
type Column = (contender: string, cell: string) => readonly number[]

const over = (a: readonly number[], b: readonly number[]): number[] => byRound([a, b], ([x, y]) => x / y)

/** (ours − floor) ÷ (theirs − floor): what a library adds, against what another one adds. */
const added = (ours: readonly number[], theirs: readonly number[], floor: readonly number[]): number[] =>
  byRound([ours, theirs, floor], ([x, y, bottom]) => (x - bottom) / (y - bottom))

export const TARGETS: readonly Target[] = [
  ...(
    [
      ['read small', 1.15],
      ['write small', 1.25],
      ['read large', 1.5],
      ['write large', 1.5],
    ] as const
  ).map(([cell, limit]): Target => ({
    what: `node:http + Redis, ${cell}, over the hand-written limit`,
    limit,
    ratio: (cpu) => over(cpu('coatcheck-node-redis', cell), cpu('node-raw-redis', cell)),
  })),
  ...['none small', 'read small', 'write small', 'new small'].map((cell): Target => ({
    what: `Express + Redis, ${cell}: what is added, over what express-session + connect-redis adds`,
    limit: 0.6,
    ratio: (cpu) =>
      added(cpu('coatcheck-express-redis', cell), cpu('express-session-redis', cell), cpu('express-floor', cell)),
  })),
  ...(
    [
      ['fastify', 'fastify-session-redis'],
      ['koa', 'koa-session-redis'],
      ['hono', 'hono-sessions-redis'],
    ] as const
  ).flatMap(([framework, peer]) =>
    ['none small', 'read small', 'write small', 'new small', 'read large', 'write large'].map((cell): Target => ({
      what: `${framework} + Redis, ${cell}, over ${peer}`,
      limit: 1,
      ratio: (cpu) => over(cpu(`coatcheck-${framework}-redis`, cell), cpu(peer, cell)),
    })),
  ),
]

function byRound<const Columns extends readonly (readonly number[])[]>(
  columns: Columns,
  figure: (row: { [Key in keyof Columns]: number }) => number,
): number[] {
  const rounds = Math.min(...columns.map(({ length }) => length))
  return Array.from({ length: rounds }, (_, round) => {
    // Every column is at least as long as `rounds`.
    const row = columns.map((column) => column[round] ?? Number.NaN)
    return figure(row as { [Key in keyof Columns]: number })
  })
}
