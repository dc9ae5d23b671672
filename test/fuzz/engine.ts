/**
 * The fuzzer: changes inputs of a growing pool by chance, keeps each that runs code that none has run before, and stops
 * at the first after which something does not hold. Everything is drawn by one seed.
 */
import { chance } from './chance.ts'
import type { Chance } from './chance.ts'
import type { Coverage } from './coverage.ts'
import { mutateJson, mutateText } from './mutate.ts'
import { Finding, isOwn } from './target.ts'
import type { FuzzTarget } from './target.ts'

/** How far to go. */
export interface FuzzRun {
  readonly seed: number
  /** Asked before each batch. */
  readonly enough: (inputs: number) => boolean
  /** Inputs to begin with, besides the target's own. */
  readonly corpus?: readonly string[]
  /** Without it, the pool stays what it is. */
  readonly coverage?: Coverage
  /** Inputs between two looks at what has run; default 1024. */
  readonly batch?: number
  /** Told of each input before it runs, for whoever watches from outside whether it ever ends. */
  readonly onInput?: (input: string) => void
}

/** What a run came to. */
export interface FuzzReport {
  readonly inputs: number
  /** Inputs kept because they ran new code. */
  readonly kept: number
  readonly slowest: { readonly ms: number; readonly input: string }
}

/** Thrown with the input that shows it, made as short as it gets. */
class FailedInput extends Error {
  override readonly name = 'FailedInput'
  readonly input: string

  constructor(target: FuzzTarget, input: string, cause: unknown) {
    super(`${target.name}: ${String(cause)}\n  with ${JSON.stringify(input)}`, { cause })
    this.input = input
  }
}

/** Inputs between two looks at what has run. A look costs a millisecond. */
const BATCH = 1024

/** A batch of slow inputs ends earlier, so that whoever watches sees it move. */
const BATCH_MS = 400

/** Fuzz until it is enough. Rejects with {@link FailedInput} at the first finding. */
export async function fuzz(target: FuzzTarget, run: FuzzRun): Promise<FuzzReport> {
  const { coverage, enough, onInput, batch: size = BATCH } = run
  const draw = chance(run.seed)
  const pool = [...new Set([...target.seeds, ...(run.corpus ?? [])])]
  const report = { inputs: 0, kept: 0, slowest: { ms: 0, input: '' } }
  let order = 0

  async function one(input: string): Promise<void> {
    onInput?.(input)
    const started = performance.now()
    await check(target, input)
    const ms = performance.now() - started
    if (ms > report.slowest.ms) report.slowest = { ms, input }
  }

  /** Keeps of a batch the inputs that run what none did before: half by half, since most batches have none. */
  async function keepNew(batch: readonly string[]): Promise<void> {
    if (!coverage) return
    for (const input of batch) await one(input)
    const isLast = batch.length === 1
    if (coverage.look(isLast) === 0) return
    if (isLast) {
      pool.push(...batch)
      report.kept += 1
      return
    }
    const half = Math.ceil(batch.length / 2)
    await keepNew(batch.slice(0, half))
    await keepNew(batch.slice(half))
  }

  coverage?.look(true)
  for (const input of pool) {
    await one(input)
    report.inputs += 1
  }
  coverage?.look(true)
  while (!enough(report.inputs)) {
    const batch: string[] = []
    const started = performance.now()
    while (batch.length < size && performance.now() - started < BATCH_MS) {
      const input = next(target, pool, order, draw)
      order += 1
      batch.push(input)
      await one(input)
    }
    report.inputs += batch.length
    if (coverage && coverage.look(false) > 0) await keepNew(batch)
    const polluted = pollution()
    if (polluted !== undefined) throw new FailedInput(target, await culprit(target, batch), new Finding(polluted))
  }
  return report
}

/** Runs one input. Rejects with {@link FailedInput} when something does not hold. */
async function check(target: FuzzTarget, input: string): Promise<void> {
  try {
    const running = target.run(input)
    if (running) await running
  } catch (error) {
    if (isOwn(error)) return
    const shortest = await shrink(input, (each) => fails(target, each))
    throw new FailedInput(target, shortest, (await failureOf(target, shortest)) ?? error)
  }
}

async function fails(target: FuzzTarget, input: string): Promise<boolean> {
  return (await failureOf(target, input)) !== undefined
}

async function failureOf(target: FuzzTarget, input: string): Promise<unknown> {
  try {
    await target.run(input)
    return undefined
  } catch (error) {
    return isOwn(error) ? undefined : error
  }
}

/** The newest inputs are mutated most: what they reached is what the others have not been mutated from yet. */
function next(target: FuzzTarget, pool: readonly string[], order: number, draw: Chance): string {
  const recent = draw.is(0.3) ? Math.max(0, pool.length - 8) : 0
  const from = recent + draw.below(pool.length - recent)
  const material = { words: target.words, other: draw.any(pool, '') }
  const input = pool[from] ?? ''
  // The inputs to begin with have run already, as they are.
  return target.form === 'json' && order % 16 !== 0
    ? mutateJson(input, draw, material)
    : mutateText(input, draw, material)
}

/** Leaves out piece after piece, as long as it still fails. */
async function shrink(input: string, stillFails: (shorter: string) => Promise<boolean>): Promise<string> {
  let result = input
  let tries = 0
  for (let size = Math.ceil(input.length / 2); size >= 1; size = size > 1 ? Math.ceil(size / 2) : 0)
    for (let at = 0; at < result.length && tries < 2000;) {
      const shorter = result.slice(0, at) + result.slice(at + size)
      tries += 1
      if (await stillFails(shorter)) result = shorter
      else at += size
    }
  return result
}

const BUILT_IN: readonly [name: string, object: object][] = [
  ['Object', Object.prototype],
  ['Array', Array.prototype],
  ['Function', Function.prototype],
  ['String', String.prototype],
  ['Map', Map.prototype],
  ['Promise', Promise.prototype],
]
const CLEAN = BUILT_IN.map(([, object]) => Object.getOwnPropertyDescriptors(object))

/** Which built-in prototype is not what it was when this was loaded, if one is not. */
export function pollution(): string | undefined {
  const found = BUILT_IN.find(([, object], at) => !isAsIn(object, CLEAN[at] ?? {}))
  return found && `${found[0]}.prototype has been changed`
}

function isAsIn(object: object, clean: PropertyDescriptorMap): boolean {
  const keys = Reflect.ownKeys(object)
  return keys.length === Reflect.ownKeys(clean).length && keys.every((key) => isSame(object, clean, key))
}

function isSame(object: object, clean: PropertyDescriptorMap, key: PropertyKey): boolean {
  const [now, then] = [Reflect.getOwnPropertyDescriptor(object, key), clean[key]]
  return now?.value === then?.value && now?.get === then?.get && now?.set === then?.set
}

/** The input of a batch that changes a prototype: by taking the change back, and trying one by one. */
async function culprit(target: FuzzTarget, batch: readonly string[]): Promise<string> {
  for (const input of batch) {
    for (const [at, [, object]] of BUILT_IN.entries()) {
      const clean = CLEAN[at] ?? {}
      for (const key of Reflect.ownKeys(object)) if (!Object.hasOwn(clean, key)) Reflect.deleteProperty(object, key)
      Object.defineProperties(object, clean)
    }
    await failureOf(target, input)
    if (pollution() !== undefined) return input
  }
  return batch.join('\n')
}
