/**
 * `npm run stores`: every store against its real server with every client, one line for each.
 *
 * `npm run stores -- postgres mysql` runs only these. Exits with 1 when a case fails, did not run, or a server is
 * missing: a line that is not there would read like one that passed.
 */
import { globSync, readFileSync } from 'node:fs'
import { basename, delimiter, join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { ensureFerretdb } from './ensure-ferretdb.ts'
import { runStoreFile, type FileResult, type SetupResult } from './store-results.ts'
import { storeCases } from '../src/testing/store-cases.ts'

interface StoreRow {
  /** `test/stores/NAME.test.ts` runs the kit's cases. */
  readonly name: string
  /** Packages that a setup may be named after; the first is meant where it names none. */
  readonly clients: readonly string[]
  /** The server without which the store proves nothing, as test/servers calls it. Default: it needs none. */
  readonly server?: string
  /** The database that a client brings along. */
  readonly embedded?: (client: string) => string
}

/** A new store is one line here. */
const stores: readonly StoreRow[] = [
  { name: 'memory', clients: [] },
  { name: 'file', clients: [] },
  { name: 'encrypted', clients: [] },
  { name: 'sqlite', clients: ['node:sqlite', 'better-sqlite3'], embedded: sqliteIn },
  { name: 'postgres', clients: ['pg', 'postgres'], server: 'PostgreSQL' },
  { name: 'mysql', clients: ['mysql2'], server: 'MariaDB' },
  { name: 'memcached', clients: [], server: 'Memcached' },
  { name: 'redis', clients: ['redis', 'ioredis'], server: 'Redis' },
  { name: 'mongodb', clients: ['mongodb'], server: process.env['MONGODB_URL'] ? 'MongoDB' : 'FerretDB' },
]

/** Keep no records on the server, so the kit's cases have nothing to be about: `npm test` runs what they promise. */
const WITHOUT_RECORDS = ['cookie', 'null']

const root = join(import.meta.dirname, '..')
const HEADINGS = ['store', 'server', 'client', 'passed', 'failed', 'known exceptions']
const WIDTHS = [54, 34, 22, 6, 6, 0]

process.env['PATH'] = [join(root, 'node_modules', '.bin'), process.env['PATH']].join(delimiter)
const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !stores.some((store) => store.name === name))
if (unknown.length > 0) throw new Error(`no store ${unknown.join(', ')}: there are ${stores.map(nameOf).join(', ')}`)

const problems = wanted.length > 0 ? [] : unlisted()
printLine(HEADINGS)
for (const store of stores.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  // Built from source the first time, which takes longer than a test may.
  if (store.server === 'FerretDB') ensureFerretdb()
  // One after another: a server under test shares the machine with as little as possible.
  // oxlint-disable-next-line no-await-in-loop
  const result = await runStoreFile(join(root, 'test', 'stores', `${store.name}.test.ts`))
  for (const setup of result.setups) printLine(lineOf(store, setup, result))
  problems.push(...check(store, result))
}
for (const problem of problems) console.log(`! ${problem}`)
if (problems.length > 0) process.exitCode = 1

/** A store has its test file; parts of a store's tests are called after it (`file-lock.test.ts`). */
function unlisted(): string[] {
  const files = globSync('test/stores/*.test.ts', { cwd: root }).map((file) => basename(file, '.test.ts'))
  const names = files.filter(
    (name) => !name.includes('-') && name !== 'open' && ![...WITHOUT_RECORDS, ...stores.map(nameOf)].includes(name),
  )
  return names.map((name) => `${name}: test/stores/${name}.test.ts has no line in scripts/stores.ts`)
}

function lineOf(
  store: StoreRow,
  { setup, passed, failed, exceptions }: SetupResult,
  { servers }: FileResult,
): string[] {
  const behind = servers.filter(({ name }) => name === store.server || setup.includes(name))
  const client = clientOf(store, setup)
  const counts = Object.entries(Object.groupBy(exceptions, (cannot) => cannot))
  return [
    setup === '' ? store.name : setup,
    behind.map(({ name, version }) => `${name} ${version}`).join(', ') || store.embedded?.(client) || '-',
    versioned(client),
    `${passed}`,
    `${failed}`,
    counts.map(([cannot, cases]) => `${cases?.length ?? 0} (cannot ${cannot})`).join(', ') || '0',
  ]
}

function check(store: StoreRow, { setups, servers, failures }: FileResult): string[] {
  const found = failures.map((failure) => `${store.name}: ${failure}`)
  if (setups.length === 0) found.push(`${store.name}: no case of the kit ran`)
  if (store.server !== undefined && !servers.some(({ name }) => name === store.server))
    found.push(`${store.name}: ${store.server} was never started`)
  for (const { setup, passed, failed, exceptions } of setups) {
    const ran = passed + failed + exceptions.length
    if (ran !== storeCases.length) found.push(`${setup || store.name}: ${ran} of ${storeCases.length} cases ran`)
  }
  return found
}

/** `postgres` is a client's name and stands in every setup of the PostgreSQL store, so the store's is left out. */
function clientOf({ name, clients }: StoreRow, setup: string): string {
  const words = setup.replace(new RegExp(`^${name}\\b`), '').split(/[\s,]+/)
  return clients.find((candidate) => words.includes(candidate)) ?? clients[0] ?? ''
}

function versioned(client: string): string {
  if (client === '') return '-'
  if (client.startsWith('node:')) return `${client} ${process.versions.node}`
  const { version } = JSON.parse(readFileSync(join(root, 'node_modules', client, 'package.json'), 'utf8'))
  return `${client} ${version}`
}

function sqliteIn(client: string): string {
  if (client === 'node:sqlite') return `SQLite ${process.versions['sqlite'] ?? 'unknown'}`
  const database = new BetterSqlite3(':memory:')
  try {
    return `SQLite ${String(database.prepare('select sqlite_version()').pluck().get())}`
  } finally {
    database.close()
  }
}

function nameOf({ name }: StoreRow): string {
  return name
}

function printLine(cells: readonly string[]): void {
  console.log(
    cells
      .map((cell, index) => cell.padEnd(WIDTHS[index] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
