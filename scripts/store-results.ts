/** What one store's test file says when it runs: its kit cases counted per label, and everything that failed. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from 'node:test'
import { storeCases } from '../src/testing/store-cases.ts'

/** The kit's cases as one setup of a store ran them: `postgres, pg Pool`. */
export interface SetupResult {
  readonly setup: string
  passed: number
  failed: number
  /** Cases that do not apply, by what the store cannot: `second`. Each is a test too and has passed. */
  readonly exceptions: string[]
}

/** A server that the file started. */
export interface SeenServer {
  readonly name: string
  readonly version: string
}

/** Everything one test file said. */
export interface FileResult {
  readonly setups: readonly SetupResult[]
  readonly servers: readonly SeenServer[]
  /** Name and message of every test that failed, whether the kit's, the file's own, or the file itself. */
  readonly failures: readonly string[]
}

const EXCUSE = / \[does not apply: cannot (\w+)\]$/
const titles = storeCases.map(({ name, promise }) => (promise === undefined ? name : `${promise} ${name}`))

/** Run one test file in a process of its own. Never rejects because of what the tests say. */
export async function runStoreFile(file: string): Promise<FileResult> {
  const folder = mkdtempSync(join(tmpdir(), 'coatcheck-stores-'))
  const seen = join(folder, 'servers')
  process.env['COATCHECK_SERVERS_SEEN'] = seen
  process.env['COATCHECK_EVERY_CASE'] = 'yes'
  const setups = new Map<string, SetupResult>()
  const failures: string[] = []
  let stderr = ''
  /** The names of the tests around the one at hand. Events come in the order of the file, suites before their tests. */
  const path: string[] = []
  try {
    for await (const { type, data } of run({
      files: [file],
      execArgv: ['--conditions=coatcheck-source'],
      timeout: 120_000,
    })) {
      if (type === 'test:start') path.splice(data.nesting, Infinity, data.name)
      if (type === 'test:stderr') stderr += data.message
      if (type !== 'test:pass' && type !== 'test:fail') continue
      if (type === 'test:fail') failures.push(`${data.name}: ${reason(data.details.error)}`)
      const title = titles.find((known) => data.name.replace(EXCUSE, '').endsWith(known))
      if (title === undefined) continue
      const setup = setupOf([...path.slice(0, data.nesting), data.name.slice(0, data.name.indexOf(title))])
      const result = setups.get(setup) ?? { setup, passed: 0, failed: 0, exceptions: [] }
      setups.set(setup, result)
      const [, cannot] = EXCUSE.exec(data.name) ?? []
      if (type === 'test:fail') result.failed++
      else if (data.skip !== undefined || data.todo !== undefined) failures.push(`${data.name}: was skipped`)
      else if (cannot === undefined) result.passed++
      else result.exceptions.push(cannot)
    }
    // A file that does not even load says why on stderr alone.
    if (setups.size === 0 && stderr !== '') failures.push(stderr.trim())
    return { setups: [...setups.values()], servers: readServers(seen), failures }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Suites and labels name a setup between them: `sqlite, node:sqlite: ` and `postgres, pg Pool` alike. */
function setupOf(names: readonly string[]): string {
  return names
    .map((name) => name.replace(/: $/, ''))
    .filter((name) => name !== '')
    .join(', ')
}

function readServers(file: string): SeenServer[] {
  try {
    const lines = new Set(readFileSync(file, 'utf8').trim().split('\n'))
    return [...lines].map((line): SeenServer => JSON.parse(line))
  } catch {
    return []
  }
}

/** node:test wraps what a test threw. */
function reason(error: Error): string {
  const { cause } = error
  return cause instanceof Error ? cause.message : error.message
}
