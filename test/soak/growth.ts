/** Whether what a process uses stays flat. */
import type { AppStats } from './app.ts'

/** What may be added in the second half of a run, whatever its length: a leak adds more with every minute. */
export const BOUNDS: Readonly<Record<keyof AppStats, number>> = {
  heap: 4 * 2 ** 20,
  // The allocator gives back late, and in large pieces.
  rss: 32 * 2 ** 20,
  descriptors: 10,
  listeners: 3,
}

/** Of fewer samples a line says nothing. */
const FEWEST = 8

/** How much a least-squares line through the second half of the samples rises from its beginning to its end. */
function rise(samples: readonly number[]): number {
  const half = samples.slice(Math.floor(samples.length / 2))
  const mean = (half.length - 1) / 2
  const average = half.reduce((sum, each) => sum + each, 0) / half.length
  const [top, bottom] = half.reduce(
    ([over, under], each, index) => [over + (index - mean) * (each - average), under + (index - mean) ** 2],
    [0, 0],
  )
  return bottom === 0 ? 0 : (top / bottom) * (half.length - 1)
}

/** What grows, in words. Nothing for a run that was too short to tell. */
export function growing(samples: readonly AppStats[]): string[] {
  if (samples.length < FEWEST) return []
  return (Object.keys(BOUNDS) as (keyof AppStats)[]).flatMap((name) => {
    const added = rise(samples.map((each) => each[name]))
    return added > BOUNDS[name] ? [`${name} rose by ${Math.round(added)} in the second half of the run`] : []
  })
}
