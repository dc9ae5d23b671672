/** A figure with what the rounds leave open about it. */
export interface Estimate {
  readonly median: number
  /** The bounds of its 95 % bootstrap interval; of few rounds, the smallest and the largest. */
  readonly low: number
  readonly high: number
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2
}

const RESAMPLES = 2000

/** The median of the rounds, and how far it could lie elsewhere. The same rounds give the same interval. */
export function estimate(values: readonly number[]): Estimate {
  const random = generator(values.length)
  const medians = Array.from({ length: RESAMPLES }, () =>
    median(values.map(() => values[Math.floor(random() * values.length)] ?? Number.NaN)),
  ).toSorted((a, b) => a - b)
  const at = (share: number): number => medians[Math.round(share * (RESAMPLES - 1))] ?? Number.NaN
  return { median: median(values), low: at(0.025), high: at(0.975) }
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
