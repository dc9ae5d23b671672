/** Runs cases one after another and tells each result as a line of JSON, and at the end how many there were. */
import type { PartCase } from './parts.ts'

/** Generous, because a case decides its races by gates and waits for no clock: only what hangs takes this long. */
const LIMIT_MS = 60_000

/** What one case came to. */
export interface PartResult {
  readonly part: string
  readonly name: string
  readonly ms: number
  /** What it failed with. */
  readonly error?: string
}

/** The last line: a runtime that ended too early, by whatever status, has not told it. */
export interface Ended {
  readonly ended: number
}

/** Run the parts that are `wanted` (all, if none is named). */
export async function runParts(
  parts: Readonly<Record<string, readonly PartCase[]>>,
  wanted: readonly string[],
  tell: (line: string) => unknown,
): Promise<void> {
  let count = 0
  for (const [part, cases] of Object.entries(parts)) {
    if (wanted.length > 0 && !wanted.includes(part)) continue
    for (const { name, run } of cases) {
      const began = Date.now()
      // oxlint-disable-next-line no-await-in-loop -- one after another: what fails is what failed
      const error = await failureOf(run)
      const result: PartResult = { part, name, ms: Date.now() - began, ...(error !== undefined && { error }) }
      tell(JSON.stringify(result))
      count++
    }
  }
  tell(JSON.stringify({ ended: count } satisfies Ended))
}

async function failureOf(run: () => Promise<void>): Promise<string | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no end after ${LIMIT_MS / 1000} s`)), LIMIT_MS)
  })
  try {
    await Promise.race([run(), late])
    return undefined
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error)
  } finally {
    clearTimeout(timer)
  }
}
