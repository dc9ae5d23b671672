/** A figure with what the rounds leave open about it. */
export interface Estimate {
  readonly median: number
  /** The bounds of its 95 % bootstrap interval; of few rounds, the smallest and the largest. */
  readonly low: number
  readonly high: number
}

/** One value a round; values at one place in several columns were measured in one round. */
export type Column = readonly number[]

/** The middle value, or what lies between the two in the middle. NaN of none. */
export function median(values: Column): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2
}

const RESAMPLES = 2000

/** The median of the rounds, and how far it could lie elsewhere. The same rounds give the same interval. */
export function estimate(values: Column): Estimate {
  return estimateOf([values], ([column = []]) => median(column))
}

/**
 * A figure of several columns, and how far it could lie elsewhere: rounds are drawn anew as a whole, so that what
 * slowed one of them slows all its columns.
 */
export function estimateOf(columns: readonly Column[], figure: (columns: readonly Column[]) => number): Estimate {
  const rounds = Math.min(...columns.map(({ length }) => length))
  const random = generator(rounds)
  const figures = Array.from({ length: RESAMPLES }, () => {
    const drawn = Array.from({ length: rounds }, () => Math.floor(random() * rounds))
    return figure(columns.map((column) => drawn.map((round) => column[round] ?? Number.NaN)))
  }).toSorted((a, b) => a - b)
  const at = (share: number): number => figures[Math.round(share * (RESAMPLES - 1))] ?? Number.NaN
  return { median: figure(columns.map((column) => column.slice(0, rounds))), low: at(0.025), high: at(0.975) }
}

/** One column over another, round by round; then the median. */
export function ratio([above = [], below = []]: readonly Column[]): number {
  return median(above.map((value, round) => value / (below[round] ?? Number.NaN)))
}

/** mulberry32: small and seeded, so that a report can be made again from its rounds. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
