/**
 * `npm run mutants`: small changes are made to the sources, one at a time (a condition turned round, a statement left
 * out), and the tests must notice each. Stryker makes them and runs the tests that reach them; `test/mutation/areas.ts`
 * says what and which.
 *
 * `npm run mutants -- cookie token` runs these areas. `--only src/cookie/token.ts` one file. `--to 25 --seed 7` a quarter
 * of the mutants, the same ones for the same seed; `--from 25 --to 50` the next quarter, and all that was found is added
 * up. `--survivors` tries again what survived, after a test was added. `--no-run` tells the results again. They are kept
 * under `.mutants/`: what was run over sources that have not changed since is not run again, unless there is `--again`.
 *
 * Exits with 1 when an area has less than 90 % killed.
 */
import { spawn } from 'node:child_process'
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { areas } from '../test/mutation/areas.ts'
import { argued } from '../test/mutation/argued.ts'
import { score, summarise } from '../test/mutation/report.ts'
import type { StrykerReport, Summary, Survivor } from '../test/mutation/report.ts'
import { ensurePackages } from './ensure-packages.ts'

const root = join(import.meta.dirname, '..')
const results = join(root, '.mutants')
const packages = join(root, 'test', 'mutation')
const WANTED_PERCENT = 90
const CONDITION = '--conditions=coatcheck-source'
/** Twice as long as tests take where nothing else runs is not yet a hang on a machine that is busy. */
const TIMEOUT = { timeoutMS: 30_000, timeoutFactor: 3 }

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    from: { type: 'string', default: '0' },
    to: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    survivors: { type: 'boolean', default: false },
    alone: { type: 'boolean', default: false },
    again: { type: 'boolean', default: false },
    'no-run': { type: 'boolean', default: false },
  },
})

const unknown = positionals.find((name) => !Object.hasOwn(areas, name))
if (unknown !== undefined) throw new Error(`there is no area ${unknown}; there are ${Object.keys(areas).join(', ')}`)
const chosen = Object.keys(areas).filter((name) => {
  const asked = positionals.length === 0 || positionals.includes(name)
  return asked && (values.only === undefined || areas[name]?.files.includes(values.only))
})
if (chosen.length === 0) throw new Error(`no area has ${values.only}`)

mkdirSync(results, { recursive: true })
if (!values['no-run']) ensurePackages(packages)
const table: string[] = []
for (const name of chosen) {
  if (!values['no-run']) await run(name)
  const summary = found(name)
  for (const each of summary.survivors.filter(({ why }) => why === undefined)) console.log(inWords(each))
  table.push(row(name, summary))
  if (score(summary) < WANTED_PERCENT) process.exitCode = 1
}
console.log(`\n| area | mutants | tried | killed | of these by hanging | survived | of these argued | killed |`)
console.log(`|---|---|---|---|---|---|---|---|\n${table.join('\n')}`)

/** All that is known of an area. */
function found(name: string): Summary {
  const reports = globSync(`${name}@*.json`, { cwd: results }).map((file) => join(results, file))
  return summarise(reports, argued, (file) => readFileSync(join(root, file), 'utf8'))
}

async function run(name: string): Promise<void> {
  const area = areas[name]
  if (!area) throw new Error(`there is no area ${name}`)
  const { only, survivors, from, to, seed } = values
  const left = found(name).survivors.filter(({ why, file }) => why === undefined && file === (only ?? file))
  const mutate = survivors ? left.map(({ range }) => range) : only === undefined ? area.files : [only]
  if (mutate.length === 0) return
  const part = survivors ? `survivors-${Date.now()}` : `${from}-${to}-seed-${seed}${only ? `-${basename(only)}` : ''}`
  const report = join(results, `${name}@${part}.json`)
  if (!values.again && existsSync(report) && isOfNow(report)) return
  console.log(`\n== ${name}: ${mutate.join(', ')}`)
  rmSync(report, { force: true })
  const config = join(results, `${name}.config.json`)
  writeFileSync(config, JSON.stringify(strykerOptions(mutate, area.tests, report), null, 2))
  await stryker(config)
  if (!existsSync(report)) throw new Error(`${name}: Stryker did not finish`)
}

function isOfNow(report: string): boolean {
  const { files } = JSON.parse(readFileSync(report, 'utf8')) as StrykerReport
  return Object.entries(files).every(([file, { source }]) => source === readFileSync(join(root, file), 'utf8'))
}

function strykerOptions(mutate: readonly string[], tests: readonly string[], report: string): object {
  return {
    mutate,
    // A process for each mutant and test file costs ten times as much, and tests can rely on being alone there.
    testRunner: values.alone ? 'tap' : 'in-process',
    testRunnerNodeArgs: [CONDITION, '--no-warnings'],
    inProcess: { testFiles: tests, times: join(results, `times-${process.pid}.json`) },
    warnings: { unknownOptions: false, slow: false },
    tap: {
      testFiles: tests,
      nodeArgs: [CONDITION, '--test-reporter=tap', '--test-timeout=60000'],
      forceBail: true,
    },
    coverageAnalysis: 'perTest',
    // What is worked out while a module loads needs a new process for each mutant: that is what `--alone` is for.
    ignoreStatic: !values.alone,
    concurrency: 2,
    plugins: ['@stryker-mutator/tap-runner', join(packages, 'plugins.ts')],
    ignorers: ['messages'],
    checkers: values.from === '0' && values.to === '100' ? [] : ['sample'],
    ignorePatterns: [
      '/*',
      '!/src',
      '!/test',
      '!/docs',
      '!/package.json',
      '/test/*/packages',
      '/test/mutation',
      '/test/types',
    ],
    // Stryker would read tsconfig.json with the compiler's old API, which TypeScript 7 does not have.
    tsconfigFile: '.mutants/none.json',
    tempDirName: '.mutants/copies',
    reporters: ['json', 'progress-append-only'],
    jsonReporter: { fileName: report },
    allowConsoleColors: false,
    allowEmpty: true,
    ...TIMEOUT,
  }
}

/** A group of its own, so that the test processes it starts end with it. */
function stryker(config: string): Promise<void> {
  const bin = join(packages, 'node_modules', '@stryker-mutator', 'core', 'bin', 'stryker.js')
  const env = {
    ...process.env,
    MUTANTS_FROM: values.survivors ? '0' : values.from,
    MUTANTS_TO: values.survivors ? '100' : values.to,
    MUTANTS_SEED: values.seed,
    // Each mutant is a process or more that reads the same sources.
    NODE_COMPILE_CACHE: join(results, 'compiled'),
  }
  const child = spawn(process.execPath, [bin, 'run', config], { cwd: root, env, stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => child.kill(signal))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', () => resolve())
  })
}

function inWords({ file, line, mutator, was, becomes, unreached }: Survivor): string {
  const how = unreached ? 'no test reaches it' : 'every test passes'
  return `✖ ${file}:${line} ${mutator}, ${how}\n  - ${was.replaceAll('\n', '\n    ')}\n  + ${becomes.replaceAll('\n', '\n    ')}`
}

function row(name: string, summary: Summary): string {
  const { made, tried, killed, timedOut, survivors } = summary
  const arguedFor = survivors.filter(({ why }) => why !== undefined).length
  return `| ${[name, made, tried, killed, timedOut, survivors.length, arguedFor, `${score(summary).toFixed(1)} %`].join(' | ')} |`
}
