/**
 * Runs tests over one mutant after another in one process: of all tests only those that reach the mutant, quickest
 * first, until one fails. A test that fails must then pass without the mutant, or the process is no longer what it was:
 * it is replaced, and the mutant tried again.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import { importTests, registered } from './node-test.ts'

/** What Stryker's instrumented sources read and write. */
interface Switchboard {
  activeMutant?: string | undefined
  currentTestId?: string | undefined
  hitCount?: number | undefined
  hitLimit?: number | undefined
  mutantCoverage?: Coverage
}

interface Coverage {
  static: Record<string, number>
  perTest: Record<string, Record<string, number>>
}

interface MutantRun {
  readonly activeMutant: { readonly id: string }
  readonly testFilter?: readonly string[]
  readonly hitLimit?: number
  readonly mutantActivation: 'runtime' | 'static'
}

type RunResult =
  | {
      readonly status: 'killed'
      readonly killedBy: readonly string[]
      readonly failureMessage: string
      nrOfTests: number
    }
  | { readonly status: 'survived'; readonly nrOfTests: number }
  | { readonly status: 'timeout'; readonly reason: string }

interface Timed {
  readonly id: string
  readonly ms: number
  readonly failure: Error | undefined
}

/** Stryker's numbers. */
const SUCCESS = 0
const SKIPPED = 2
const ACTIVE_MUTANT_OF_CHILDREN = '__STRYKER_ACTIVE_MUTANT__'
/** For one test on a busy machine; the slowest of them needs two seconds on an idle one. */
const LIMIT_MS = 40_000
/** It looks at what all tests before it have left, so it says nothing after some of them. */
const AFTER_ALL = /no token of all these/
const TIMED_OUT = new Error('the test takes too long')

const shim = new URL('node-test.ts', import.meta.url).href
const switchboard: Switchboard = {}
// The name is Stryker's, and the object must be there before the first source that was changed is loaded.
Reflect.set(globalThis, '__stryker__', switchboard)

export class InProcessRunner {
  static inject = ['options'] as const
  readonly #files: readonly string[]
  /** Where the first run leaves how long each test took, for the processes that run mutants. */
  readonly #times: string
  #loaded = false
  /** A test that never ended may still be running: the process is not to be trusted with another mutant. */
  #soiled = false

  constructor({
    inProcess,
  }: {
    readonly inProcess: { readonly testFiles: readonly string[]; readonly times: string }
  }) {
    this.#files = inProcess.testFiles
    this.#times = inProcess.times
  }

  capabilities(): { reloadEnvironment: boolean } {
    return { reloadEnvironment: false }
  }

  async dryRun(): Promise<object> {
    await this.#load()
    const first = await runTests(idsOf(), false)
    const coverage = structuredClone(switchboard.mutantCoverage ?? { static: {}, perTest: {} })
    // Some tests count on a process of their own: a warning comes once in it, or nobody else listens. They can say
    // nothing here; that all tests pass where they belong is for `npm test` to show.
    const again = await runTests(idsOf(), false)
    const unfit = new Set([...first, ...again].filter(({ failure }) => failure !== undefined).map(({ id }) => id))
    for (const id of unfit) delete coverage.perTest[id]
    const tests = first.map(({ id, ms }) => ({
      id,
      name: id,
      timeSpentMs: ms,
      status: unfit.has(id) ? SKIPPED : SUCCESS,
    }))
    for (const id of unfit) console.error(`left out, as it needs a process of its own: ${id}`)
    writeFileSync(this.#times, JSON.stringify(Object.fromEntries(first.map(({ id, ms }) => [id, ms]))))
    return { status: 'complete', tests, mutantCoverage: coverage }
  }

  async mutantRun({ activeMutant, testFilter, hitLimit, mutantActivation }: MutantRun): Promise<RunResult> {
    if (this.#soiled) process.exit(1)
    if (mutantActivation === 'static') activate(activeMutant.id, hitLimit)
    await this.#load()
    activate(activeMutant.id, hitLimit)
    const ran = await runTests(this.#quickestFirst(testFilter ?? idsOf()), true)
    const hits = switchboard.hitCount ?? 0
    activate(undefined, undefined)
    const last = ran.at(-1)
    if (last?.failure === undefined) return { status: 'survived', nrOfTests: ran.length }
    if (last.failure === TIMED_OUT || (hitLimit !== undefined && hits > hitLimit)) {
      this.#soiled = true
      return { status: 'timeout', reason: String(last.failure) }
    }
    // A static mutant has formed the modules of this process, which is replaced anyway.
    const [without] = mutantActivation === 'static' ? [] : await runTests([last.id], true)
    if (without?.failure !== undefined) {
      console.error(`fails without a mutant, too: ${last.id}: ${String(without.failure)}`)
      process.exit(1)
    }
    return { status: 'killed', killedBy: [last.id], failureMessage: String(last.failure), nrOfTests: ran.length }
  }

  #quickestFirst(ids: readonly string[]): readonly string[] {
    if (!existsSync(this.#times)) return ids
    const times = JSON.parse(readFileSync(this.#times, 'utf8')) as Readonly<Record<string, number>>
    return ids.toSorted((a, b) => (times[a] ?? 0) - (times[b] ?? 0))
  }

  async #load(): Promise<void> {
    if (this.#loaded) return
    this.#loaded = true
    registerHooks({
      resolve: (specifier, context, next) =>
        specifier === 'node:test' && context.parentURL !== shim
          ? { url: shim, format: 'module-typescript', shortCircuit: true }
          : next(specifier, context),
    })
    for (const file of this.#files) await importTests(file, pathToFileURL(file).href)
  }
}

function activate(mutant: string | undefined, hitLimit: number | undefined): void {
  switchboard.activeMutant = mutant
  switchboard.hitLimit = hitLimit
  switchboard.hitCount = hitLimit === undefined ? undefined : 0
  // Tests start processes, which read the same sources.
  if (mutant === undefined) delete process.env[ACTIVE_MUTANT_OF_CHILDREN]
  else process.env[ACTIVE_MUTANT_OF_CHILDREN] = mutant
}

function idsOf(): readonly string[] {
  return registered.filter(({ name }) => !AFTER_ALL.test(name)).map(({ file, name }) => `${file} ${name}`)
}

async function runTests(ids: readonly string[], bail: boolean): Promise<readonly Timed[]> {
  const ran: Timed[] = []
  for (const id of ids) {
    const found = registered.find(({ file, name }) => `${file} ${name}` === id)
    if (!found) continue
    const started = performance.now()
    switchboard.currentTestId = id
    const failure = await outcome(found.run)
    switchboard.currentTestId = undefined
    ran.push({ id, ms: performance.now() - started, failure })
    if (bail && failure !== undefined) break
  }
  return ran
}

/** What a test failed with: thrown by itself, or by something it did not wait for. */
async function outcome(run: () => Promise<void>): Promise<Error | undefined> {
  const { promise, reject } = Promise.withResolvers<never>()
  const stray = (error: unknown): void => reject(errorOf(error))
  const limit = setTimeout(() => reject(TIMED_OUT), LIMIT_MS)
  process.on('uncaughtException', stray)
  process.on('unhandledRejection', stray)
  try {
    await Promise.race([run(), promise])
    // A rejection that nobody handles is told after the turn in which it happened.
    await new Promise((resolve) => setImmediate(resolve))
    await Promise.race([promise, Promise.resolve()])
    return undefined
  } catch (error) {
    return errorOf(error)
  } finally {
    clearTimeout(limit)
    process.off('uncaughtException', stray)
    process.off('unhandledRejection', stray)
  }
}

function errorOf(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(`thrown: ${inspect(thrown)}`)
}
