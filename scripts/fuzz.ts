/**
 * `npm run fuzz`: changes inputs by chance, keeps those that reach new code, and stops a target at the first input after
 * which something does not hold. Each target runs in a thread of its own with bounded memory, and is watched: an input
 * that does not end is a finding, too.
 *
 * - `-- --minutes 30` for all targets together (default 5), `--seed 7` (default: drawn, and printed);
 * - `--target codec,record` for some; `--servers` for those as well that start a server;
 * - `--target codec --input '"…"'` runs one input, as a JSON text, and says what it comes to;
 * - `--growth` measures whether time grows faster than the input does.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import type { FuzzOrder, FuzzResult } from '../test/fuzz/fuzz-worker.ts'
import { measureGrowth } from '../test/fuzz/growth.ts'
import { seedOf } from '../test/proof/seed.ts'
import { serverTargets, targets } from '../test/fuzz/targets/index.ts'

/** No input may take longer: the largest take some milliseconds on an idle machine. */
const PATIENCE_S = 60

/** What one thread may use besides what is outside of JavaScript. */
const MEMORY_MB = 512

const { values } = parseArgs({
  options: {
    target: { type: 'string' },
    servers: { type: 'boolean', default: false },
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
    input: { type: 'string' },
    growth: { type: 'boolean', default: false },
  },
})
const all = { ...targets, ...serverTargets }
const names = values.target?.split(',') ?? Object.keys(values.servers ? all : targets)
const unknown = names.find((name) => !Object.hasOwn(all, name))
if (unknown !== undefined) throw new Error(`there is no target ${unknown}; there are ${Object.keys(all).join(', ')}`)

if (values.input !== undefined) await runOne(names, JSON.parse(values.input))
else if (values.growth) await runGrowth(names)
else await runAll(names, seedOf(values.seed), Number(values.minutes))

async function runOne([name = '']: readonly string[], input: string): Promise<void> {
  const target = await all[name]?.()
  try {
    await target?.run(input)
    console.log('everything holds')
  } finally {
    await target?.stop?.()
  }
}

async function runGrowth(wanted: readonly string[]): Promise<void> {
  for (const name of wanted) {
    const target = await all[name]?.()
    if (!target) continue
    for (const kind of Object.keys(target.growing ?? {})) {
      const { size, ms, ratio } = await measureGrowth(target, kind)
      const grown = ratio === undefined ? 'too short to compare' : `${ratio.toFixed(1)} times a quarter of it`
      console.log(`ok   ${name}, ${kind}: ${size} in ${ms.toFixed(1)} ms, ${grown}`)
    }
    await target.stop?.()
  }
}

async function runAll(wanted: readonly string[], seed: number, minutes: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'coatcheck-fuzz-'))
  // Relative paths in what is fuzzed lead here.
  process.chdir(folder)
  console.log(`${wanted.length} targets, seed ${seed}, ${minutes} minutes, Node ${process.version}`)
  let inputs = 0
  for (const name of wanted) {
    const order: FuzzOrder = { name, seed, seconds: (minutes * 60) / wanted.length }
    const result = await inThread(order)
    if ('failed' in result) {
      console.log(`✖ ${result.failed}`)
      process.exitCode = 1
      continue
    }
    inputs += result.inputs
    console.log(inWords(name, result))
  }
  process.chdir('/')
  rmSync(folder, { recursive: true, force: true })
  console.log(`${inputs} inputs${process.exitCode ? '' : ', and everything held'}`)
}

function inWords(
  name: string,
  { inputs, seconds, kept, covered, slowestMs, slowest, heapMb }: Exclude<FuzzResult, { failed: string }>,
): string {
  const { functions, functionsRun, lines, linesRun } = covered
  return [
    `ok   ${name}: ${inputs} inputs in ${seconds.toFixed(0)} s`,
    `${kept} kept`,
    `functions ${functionsRun}/${functions}`,
    `lines ${linesRun}/${lines}`,
    `slowest ${slowestMs.toFixed(0)} ms (${slowest.length} characters)`,
    `heap at the end ${heapMb.toFixed(0)} MB`,
  ].join(', ')
}

/** Runs one target, and ends its thread when nothing moves any more. */
function inThread(order: FuzzOrder): Promise<FuzzResult> {
  const shared = new SharedArrayBuffer(8 + 65_536)
  const [counters, text] = [new Int32Array(shared, 0, 2), new Uint8Array(shared, 8)]
  const worker = new Worker(new URL('../test/fuzz/fuzz-worker.ts', import.meta.url), {
    workerData: { ...order, shared },
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
  })
  const current = (): string => JSON.stringify(new TextDecoder().decode(text.slice(0, counters[1])))
  return new Promise((resolve) => {
    let [seen, still] = [-1, 0]
    const watch = setInterval(() => {
      const now = Atomics.load(counters, 0)
      still = now === seen ? still + 1 : 0
      seen = now
      if (still >= PATIENCE_S && now > 0)
        end({ failed: `${order.name}: no end in ${PATIENCE_S} s\n  with ${current()}` })
    }, 1000)
    const end = (result: FuzzResult): void => {
      clearInterval(watch)
      void worker.terminate().then(() => resolve(result))
    }
    worker.on('message', end)
    // Out of memory comes here as well.
    worker.on('error', (error) => end({ failed: `${order.name}: ${String(error)}\n  with ${current()}` }))
  })
}
