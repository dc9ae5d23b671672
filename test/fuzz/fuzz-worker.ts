/** One target in a thread: see `scripts/fuzz.ts`, which starts and watches it. */
import { parentPort, workerData } from 'node:worker_threads'
import { countCode } from './coverage.ts'
import type { Covered } from './coverage.ts'

/** What to do. */
export interface FuzzOrder {
  readonly name: string
  readonly seed: number
  readonly seconds: number
}

/** What came of it. */
export type FuzzResult =
  | { readonly failed: string }
  | {
      readonly inputs: number
      readonly seconds: number
      readonly kept: number
      readonly covered: Covered
      readonly slowestMs: number
      readonly slowest: string
      readonly heapMb: number
    }

const { name, seed, seconds, shared }: FuzzOrder & { shared: SharedArrayBuffer } = workerData
const [counters, text] = [new Int32Array(shared, 0, 2), new Uint8Array(shared, 8)]
const encoder = new TextEncoder()
let current = ''

// A promise that nobody waits for and that rejects is a finding like any other.
process.on('unhandledRejection', (error) => {
  answer({ failed: `${name}: unhandled rejection: ${String(error)}\n  with ${JSON.stringify(current)}` })
})

try {
  answer(await run())
} catch (error) {
  answer({ failed: error instanceof Error ? `${error.message}\n  seed ${seed}` : String(error) })
}

async function run(): Promise<FuzzResult> {
  // Counting begins before the code is loaded, or there are no blocks to count; so what is watched is all of it at first.
  const coverage = countCode(['src/', 'demo/'])
  const [{ fuzz }, { corpusOf }, { serverTargets, targets }] = await Promise.all([
    import('./engine.ts'),
    import('./corpus.ts'),
    import('./targets/index.ts'),
  ])
  const target = await { ...targets, ...serverTargets }[name]?.()
  if (!target) throw new Error(`there is no target ${name}`)
  coverage.watch(target.covers)
  const started = performance.now()
  const elapsed = (): number => (performance.now() - started) / 1000
  try {
    const { inputs, kept, slowest } = await fuzz(target, {
      seed,
      coverage,
      corpus: Object.values(corpusOf(name)),
      enough: () => elapsed() > seconds,
      onInput(input) {
        current = input
        counters[1] = encoder.encodeInto(input, text).written
        Atomics.add(counters, 0, 1)
      },
    })
    const heapMb = process.memoryUsage().heapUsed / 2 ** 20
    const covered = coverage.covered()
    return { inputs, kept, covered, seconds: elapsed(), slowestMs: slowest.ms, slowest: slowest.input, heapMb }
  } finally {
    await target.stop?.()
  }
}

function answer(result: FuzzResult): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(result)
}
