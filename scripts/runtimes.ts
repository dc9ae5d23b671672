/**
 * `npm run test:runtimes`: the conformance kit, a visit to each database, and the requests of real workers on every
 * runtime, as a table of parts and runtimes.
 *
 * `npm run test:runtimes -- bun deno` runs only these; `--write` puts the table into docs/runtimes.md. Exits with 1 when
 * a case fails or a runtime ends before its last case.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ensureFerretdb } from './ensure-ferretdb.ts'
import { ensurePackages } from './ensure-packages.ts'
import { packages } from '../test/runtimes/packages.ts'
import type { PartResult } from '../test/runtimes/project/run-parts.ts'
import { programs, workers } from '../test/runtimes/runtimes.ts'
import type { Runtime } from '../test/runtimes/runtimes.ts'
import { makeUserProject } from '../test/runtimes/user-project.ts'
import { startFerretdb, startMariadb, startMemcached, startPostgres, startRedis } from '../test/servers/index.ts'

interface Column {
  readonly runtime: Runtime
  readonly results: readonly PartResult[]
}

const PAGE = join(import.meta.dirname, '..', 'docs', 'runtimes.md')
const [BEGIN, END] = ['<!-- measured: npm run test:runtimes -- --write -->\n', '<!-- end of table -->']

const wanted = process.argv.slice(2).filter((argument) => argument !== '--write')
const write = process.argv.includes('--write')
if (write && wanted.length > 0) throw new Error('--write takes the table of all runtimes: name none')

ensurePackages(packages)
ensureFerretdb()
const runtimes = [...(await programs()), ...workers()].filter(
  ({ name }) => wanted.length === 0 || wanted.some((word) => name.toLowerCase().startsWith(word.toLowerCase())),
)
if (runtimes.length === 0) throw new Error(`no runtime is called ${wanted.join(' or ')}`)

const servers = await Promise.all([startRedis(), startPostgres(), startMariadb(), startMemcached(), startFerretdb()])
const urls = Object.fromEntries(servers.map(({ name, url }) => [`${name}, one visit`, url]))
const project = makeUserProject()
const columns: Column[] = []
try {
  // One after another: each shares the machine with as little as possible.
  // oxlint-disable-next-line no-await-in-loop
  for (const runtime of runtimes) columns.push(await runColumn(runtime))
} finally {
  rmSync(project, { recursive: true })
  await Promise.all(servers.map((server) => server.stop()))
}
const table = tableOf(columns)
console.log(`\n${table}`)
if (write) writeTable(table)

async function runColumn(runtime: Runtime): Promise<Column> {
  const began = Date.now()
  const results: PartResult[] = []
  try {
    results.push(...(await runtime.run(project)))
    results.push(...((await runtime.visitServers?.(project, urls)) ?? []))
  } catch (error) {
    console.log(`! ${runtime.name}: ${String(error)}`)
    process.exitCode = 1
  }
  for (const { part, name, error } of results) {
    if (error === undefined) continue
    console.log(`! ${runtime.name}, ${part}: ${name}\n${error}`)
    process.exitCode = 1
  }
  const seconds = (Date.now() - began) / 1000
  console.log(`${runtime.name}: ${results.length} cases in ${seconds.toFixed(1)} s`)
  return { runtime, results }
}

/** As Markdown, which a terminal shows as well. */
function tableOf(all: readonly Column[]): string {
  const parts = [...new Set(all.flatMap(({ results }) => results.map(({ part }) => part)))]
  const rows = [
    ['passed', ...all.map(({ runtime }) => runtime.name)],
    [],
    ...parts.map((part) => [part, ...all.map(({ results }) => cellOf(results.filter((each) => each.part === part)))]),
  ]
  const widths = rows[0]?.map((_cell, at) => Math.max(...rows.map((row) => row[at]?.length ?? 3))) ?? []
  const lineOf = (row: readonly string[]): string =>
    `| ${widths.map((width, at) => (row.length > 0 ? (row[at] ?? '').padEnd(width) : '-'.repeat(width))).join(' | ')} |`
  return `${rows.map(lineOf).join('\n')}\n`
}

/** How many passed; a failure is never a smaller number alone. */
function cellOf(results: readonly PartResult[]): string {
  if (results.length === 0) return '-'
  const failed = results.filter(({ error }) => error !== undefined).length
  return failed === 0 ? `${results.length}` : `${results.length - failed}, ${failed} failed`
}

function writeTable(text: string): void {
  const page = readFileSync(PAGE, 'utf8')
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)]
  if (from < 0 || to < from) throw new Error(`${PAGE} has no place for the table`)
  writeFileSync(PAGE, `${page.slice(0, from)}${BEGIN}${text}${page.slice(to)}`)
}
