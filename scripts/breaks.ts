/**
 * `npm run breaks`: does the suite notice when a promise is broken?
 *
 * Each break of `breaks-core.ts` is made in a copy of the repository, and the fast tests of the core must then fail:
 * by a named test, not because the copy does not load. `npm run breaks -- regenerate` makes only those whose name has
 * the word. Exits with 1 when a break survives, or no longer fits the code.
 */
import { spawn } from 'node:child_process'
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { breaks } from './breaks-core.ts'
import type { Break } from './breaks-core.ts'

const root = join(import.meta.dirname, '..')
/** One for each core that the smallest machine has. */
const WORKERS = 2
/** A run takes some seconds; a break may make tests hang, which `--test-timeout` turns into failures. */
const LIMIT_MS = 90_000

/** The adapter cases over one adapter: what they find in the core, they find with each. */
const NODE_CASES = `import { test } from 'node:test'
import { memoryStore } from '../src/stores/memory.ts'
import { runAdapterCases } from '../src/testing/adapter-cases.ts'
import { servers } from './adapters/servers.ts'

const { 'node:http': serve } = servers
if (!serve) throw new Error('test/adapters/servers.ts has no node:http')
runAdapterCases({ test, label: 'node:http: ', serve, open: async () => ({ store: memoryStore() }) })
`

const COPIED = [
  'package.json',
  'src',
  'docs/session.md',
  'test/core',
  'test/stores/memory.test.ts',
  'test/tokens',
  'test/adapters',
]
/** These need a process of their own: they count warnings that come once per process, listen to all events, or start servers. */
const ALONE = ['test/core/respond.test.ts', 'test/stores/memory.test.ts', 'test/node-cases.test.ts']
/** All others share one: starting a process costs more than most of the files. */
const TOGETHER = ['test/core/*.test.ts']

interface Run {
  /** The first failing test; undefined when none failed. */
  readonly failed: string | undefined
  readonly passed: number
  /** Why the tests did not run to their end, when that was not for a failing one. */
  readonly broken: string | undefined
}

const started = Date.now()
const [word = ''] = process.argv.slice(2)
const chosen = breaks.filter(({ name }) => name.includes(word))
if (chosen.length === 0) throw new Error(`no break has "${word}" in its name`)

const folder = mkdtempSync(join(tmpdir(), 'coatcheck-breaks-'))
const underWay = new Set<() => void>()
process.once('exit', () => {
  for (const end of underWay) end()
  rmSync(folder, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

const copies = Array.from({ length: WORKERS }, (_, n) => copyInto(join(folder, String(n))))
const [anyCopy = folder] = copies
const unbroken = await runTests(anyCopy)
if (unbroken.failed !== undefined || unbroken.broken !== undefined || unbroken.passed === 0) {
  console.error(`the tests fail without any break: ${unbroken.failed ?? unbroken.broken ?? 'there are none'}`)
  process.exit(1)
}
console.log(`unbroken: ${unbroken.passed} tests pass (${seconds()})`)

const left = [...chosen]
let survived = 0
await Promise.all(copies.map((copy) => work(copy)))
console.log(`\n${chosen.length - survived} of ${chosen.length} breaks are noticed (${seconds()})`)
process.exitCode = survived === 0 ? 0 : 1

async function work(copy: string): Promise<void> {
  for (let next = left.shift(); next !== undefined; next = left.shift()) {
    const problem = await attempt(copy, next)
    if (problem) survived += 1
  }
}

/** Make the break, run the tests, mend the copy. True when nobody noticed. */
async function attempt(copy: string, { name, file, edits, why }: Break): Promise<boolean> {
  const path = join(copy, 'src', file)
  const original = readFileSync(path, 'utf8')
  const unfit = edits.find(([find]) => original.split(find).length !== 2)
  if (unfit) {
    console.log(`✖ ${name}: src/${file} has this not exactly once: ${unfit[0]}`)
    return true
  }
  writeFileSync(
    path,
    edits.reduce((text, [find, replace]) => text.replace(find, () => replace), original),
  )
  const { failed, broken } = await runTests(copy)
  writeFileSync(path, original)
  if (failed === undefined) {
    console.log(`✖ ${name}: ${broken ?? `every test passes, although ${why}`}`)
    return true
  }
  console.log(`✔ ${name}: ${failed}`)
  return false
}

/** Up to the first failure. */
async function runTests(copy: string): Promise<Run> {
  const together = globSync(TOGETHER, { cwd: copy }).filter((file) => !ALONE.includes(file))
  const first = await runFiles(copy, ['--test-isolation=none', ...together.toSorted()])
  if (first.failed !== undefined || first.broken !== undefined) return first
  const second = await runFiles(copy, ALONE)
  return { ...second, passed: first.passed + second.passed }
}

function runFiles(copy: string, files: readonly string[]): Promise<Run> {
  const flags = ['--conditions=coatcheck-source', '--test', '--test-reporter=tap', '--test-timeout=10000']
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  return new Promise((resolve, reject) => {
    // A group of its own, so that the test processes it starts end with it.
    const child = spawn(process.execPath, [...flags, ...files], { cwd: copy, env, detached: true })
    let failed: string | undefined
    let broken: string | undefined
    let passed = 0
    const end = (): void => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL')
    }
    underWay.add(end)
    const timer = setTimeout(() => {
      broken = `the tests did not finish in ${LIMIT_MS / 1000} s`
      end()
    }, LIMIT_MS)
    child.stderr.resume()
    // Inner tests report before the suite and the file they are in, so the first one is the one that failed.
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [, not, name] = /^\s*(not )?ok \d+ - (.*)$/.exec(line) ?? []
      if (name === undefined) return
      if (not === undefined) passed += 1
      else if (failed === undefined) {
        // Where only a whole file fails, it does not load: such a break shows nothing.
        if (name.endsWith('.test.ts')) broken = `${name} does not load`
        else failed = name
        end()
      }
    })
    child.once('error', reject)
    child.once('close', (code) => {
      clearTimeout(timer)
      underWay.delete(end)
      if (failed === undefined && code !== 0) broken ??= `the tests ended with ${code}, without a failing one`
      resolve({ failed, passed, broken })
    })
  })
}

function copyInto(copy: string): string {
  for (const path of COPIED) {
    mkdirSync(dirname(join(copy, path)), { recursive: true })
    cpSync(join(root, path), join(copy, path), { recursive: true })
  }
  // The first looks for the texts to edit, which a break takes away; the others are of a back end that is not broken.
  for (const test of globSync('test/core/{breaks,backend-cookie*}.test.ts', { cwd: copy })) rmSync(join(copy, test))
  writeFileSync(join(copy, 'test/node-cases.test.ts'), NODE_CASES)
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'dir')
  return copy
}

function seconds(): string {
  return `${((Date.now() - started) / 1000).toFixed(0)} s`
}
