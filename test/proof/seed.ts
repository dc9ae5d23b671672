/** Chance that can be repeated: everything a proof picks, it picks by a seed that it tells. */

/** A seed out of what somebody gave; 1 when nobody did, so that tests do the same every day. Throws for no whole number. */
export function seedOf(given: string | undefined): number {
  if (given === undefined || given === '') return 1
  const seed = Number(given)
  if (!Number.isSafeInteger(seed)) throw new Error(`a seed is a whole number, and this is ${given}`)
  return seed
}

/** Numbers from 0 up to, not including, 1: Mulberry32. The same ones for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let x = Math.imul(state ^ (state >>> 15), state | 1)
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61)
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Some of `all`, each at most once. */
export function seededPick<One>(all: readonly One[], count: number, seed: number): readonly One[] {
  const random = seeded(seed)
  const left = [...all]
  return Array.from({ length: Math.min(count, left.length) }, () =>
    left.splice(Math.floor(random() * left.length), 1),
  ).flat()
}
