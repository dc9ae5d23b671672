/**
 * `npm test`: every check of the project, cheapest first, stopping at the first that fails.
 *
 * `npm test -- test/codec.test.ts …` runs only these test files. The checks run one after another: two at a time
 * would save seconds and cost the reader a log in which they are interleaved.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { basename, delimiter, join } from 'node:path'
import { ensureChromium } from './ensure-chromium.ts'
import { ensureFerretdb } from './ensure-ferretdb.ts'
import { ensurePackages } from './ensure-packages.ts'

interface Stage {
  readonly name: string
  readonly command: readonly [string, ...string[]]
}

const root = join(import.meta.dirname, '..')
/** The binary that runs this file, so that every check runs on the version that was checked. */
const node = process.execPath

const stages: readonly Stage[] = [
  { name: 'format', command: bin('oxfmt', '--check') },
  { name: 'lint', command: bin('oxlint', '--type-aware') },
  { name: 'types', command: bin('tsc', '-p', 'tsconfig.json') },
  { name: 'build', command: [node, 'scripts/build.ts'] },
  { name: 'unused code', command: bin('knip') },
]

const wanted = process.argv.slice(2)
const started = Date.now()
if (wanted.length === 0) {
  heading(`node ${process.version}`)
  for (const stage of stages) runStage(stage)
  heading('browser, FerretDB, other runtimes and the peers of the bench')
  console.log(ensureChromium())
  // The first time on a machine this takes minutes, which a test would call a timeout.
  console.log(ensureFerretdb())
  ensurePackages(join(root, 'examples', 'frameworks', 'h3'))
  ensurePackages(join(root, 'test', 'runtimes', 'packages'))
  ensurePackages(join(root, 'bench', 'peers'))
}
heading('tests')
process.exitCode = runTests(wanted.length > 0 ? wanted : testFiles())

function runStage({ name, command: [file, ...args] }: Stage): void {
  heading(name)
  const { status, error } = spawnSync(file, args, { cwd: root, stdio: 'inherit' })
  if (error) throw error
  if (status !== 0) {
    console.error(`\n${name} failed: ${[file, ...args].join(' ')}`)
    process.exit(1)
  }
}

/** The packages of the frameworks' examples bring thousands of folders, and tests of their own. */
function testFiles(): readonly string[] {
  const exclude = (name: string): boolean => basename(name) === 'node_modules'
  return globSync('{test,examples}/**/*.test.ts', { cwd: root, exclude }).toSorted()
}

/** The spec reporter ends with the counts, so nothing is printed after it. */
function runTests(files: readonly string[]): number {
  if (files.length === 0) throw new Error('no test file found under test/ and examples/')
  // Half of the files wait for servers and browsers. Left to itself, Node would run one at a time on two cores.
  const concurrency = `--test-concurrency=${Math.max(3, availableParallelism() - 1)}`
  const flags = [
    '--conditions=coatcheck-source',
    '--test',
    '--test-reporter=spec',
    '--test-timeout=120000',
    concurrency,
  ]
  const env = {
    ...process.env,
    // Tests start servers and child processes with `node`: they get this one too.
    PATH: [join(root, 'node_modules', '.bin'), process.env['PATH']].join(delimiter),
    // Hundreds of processes load the same source: stripping its types anew took half of the time of a small file.
    NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'compiled'),
  }
  const run = spawnSync(node, [...flags, ...files], { cwd: root, stdio: 'inherit', env })
  if (run.error) throw run.error
  return run.status ?? 1
}

function bin(name: string, ...args: string[]): [string, ...string[]] {
  const path = join(root, 'node_modules', '.bin', name)
  if (!existsSync(path)) throw new Error(`${path} is missing: run \`npm ci\``)
  return [path, ...args]
}

function heading(name: string): void {
  console.log(`\n== ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`)
}
