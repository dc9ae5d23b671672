/** Whether time grows faster than the input does, told without any limit in seconds: by comparing a machine with itself. */
import { Finding } from './target.ts'
import type { FuzzTarget } from './target.ts'

/** The longest input, in characters or pieces, and the shortest time that can be compared, in ms. */
const [LARGEST, COMPARABLE] = [1 << 18, 4]

/** Four times the input may take up to this many times as long: four is linear, sixteen is quadratic. */
const TOO_MUCH = 10

/** What is known of one kind of growing input. */
export interface Growth {
  /** The largest size that was tried. */
  readonly size: number
  readonly ms: number
  /** How many times as long as a quarter of it took; undefined where both are too short to compare. */
  readonly ratio: number | undefined
}

/** Grow an input until its time can be compared with that of one four times as large. Throws a {@link Finding}. */
export async function measureGrowth(
  target: FuzzTarget,
  kind: string,
  now = (): number => performance.now(),
): Promise<Growth> {
  const make = target.growing?.[kind]
  if (!make) throw new Error(`${target.name} has no growing input ${kind}`)
  let [size, before] = [256, Number.NaN]
  for (;;) {
    const ms = await shortest(target, make(size), 2, now)
    const last = size * 4 > LARGEST
    if (before >= COMPARABLE && ms / before > TOO_MUCH) {
      // Somebody else may have been at work: only what is so every time counts.
      let least = ms / before
      for (let left = 3; left > 0 && least > TOO_MUCH; left -= 1)
        least = Math.min(
          least,
          (await shortest(target, make(size), 3, now)) / (await shortest(target, make(size / 4), 3, now)),
        )
      if (least > TOO_MUCH)
        throw new Finding(`${target.name}, ${kind}: ${size} take ${least.toFixed(1)} times as long as ${size / 4}`)
    }
    // Enough has been seen to tell when both are comparable.
    if (last || before >= COMPARABLE) return { size, ms, ratio: before >= COMPARABLE ? ms / before : undefined }
    ;[size, before] = [size * 4, ms]
  }
}

async function shortest(target: FuzzTarget, input: string, tries: number, now: () => number): Promise<number> {
  let least = Infinity
  for (let left = tries; left > 0; left -= 1) {
    const started = now()
    await target.run(input)
    least = Math.min(least, now() - started)
  }
  return least
}
