/**
 * `node:test` as far as the tests that are run over mutants use it: it registers tests to be run again and again in one
 * process, which the real one cannot. A process for each mutant would spend most of its time on starting.
 */
import { mock as tracker } from 'node:test'

type Hook = () => unknown

/** What a test is given. */
interface Context {
  readonly name: string
  readonly mock: typeof tracker
  after(hook: Hook): void
  diagnostic(message: string): void
}

type Body = (context: Context) => unknown

/** A test and the hooks around it, outermost first. */
interface Registered {
  readonly file: string
  readonly name: string
  readonly run: () => Promise<void>
}

interface Suite {
  readonly names: readonly string[]
  readonly beforeEach: Hook[]
  readonly afterEach: Hook[]
}

/** The tests of all files that were imported. */
export const registered: Registered[] = []

let file = ''
let suites: readonly Suite[] = []

/** Import a test file; every test it registers bears its name. */
export async function importTests(name: string, url: string): Promise<void> {
  file = name
  suites = [{ names: [], beforeEach: [], afterEach: [] }]
  await import(url)
}

export function suite(name: string, body: () => void): void {
  const before = suites
  suites = [...before, { names: [...(before.at(-1)?.names ?? []), name], beforeEach: [], afterEach: [] }]
  try {
    body()
  } finally {
    suites = before
  }
}

export const describe: typeof suite = suite

export function test(name: string, ...rest: readonly (Body | object | undefined)[]): void {
  const body = rest.find((each): each is Body => typeof each === 'function')
  if (!body || rest.length > 2) throw new Error(`test/mutation/node-test.ts cannot run "${name}"`)
  const around = suites
  const names = [...(around.at(-1)?.names ?? []), name]
  registered.push({ file, name: names.join(' > '), run: () => runTest(name, body, around) })
}

export const it: typeof test = test

export function beforeEach(hook: Hook): void {
  suites.at(-1)?.beforeEach.push(hook)
}

export function afterEach(hook: Hook): void {
  suites.at(-1)?.afterEach.push(hook)
}

async function runTest(name: string, body: Body, around: readonly Suite[]): Promise<void> {
  const ends: Hook[] = []
  // What a test mocks is given back when it ends, so each needs a tracker of its own.
  const mock: typeof tracker = Reflect.construct(tracker.constructor, [])
  const context: Context = { name, mock, after: (hook) => void ends.push(hook), diagnostic() {} }
  try {
    for (const { beforeEach: hooks } of around) for (const hook of hooks) await hook()
    await body(context)
  } finally {
    mock.reset()
    for (const hook of ends) await hook()
    for (const { afterEach: hooks } of around.toReversed()) for (const hook of hooks) await hook()
  }
}
