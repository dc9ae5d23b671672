/**
 * `npm run frameworks [-- NAME…]`: every example in examples/frameworks installed, built, checked by TypeScript and
 * started as in production, and a visitor walks through it. One line each; the exit code is 1 when one failed.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { quiet, startApp } from '../test/frameworks/app.ts'
import { frameworks } from '../test/frameworks/frameworks.ts'
import type { Framework } from '../test/frameworks/frameworks.ts'
import { walk } from '../test/frameworks/walk.ts'
import { ensurePackages } from './ensure-packages.ts'

const root = join(import.meta.dirname, '..')
const wanted = process.argv.slice(2)
for (const name of wanted) {
  if (frameworks.every((framework) => framework.name !== name))
    throw new Error(`no framework ${name}; there are ${frameworks.map((framework) => framework.name).join(', ')}`)
}

run(process.execPath, [join(root, 'scripts', 'build.ts')], root)
console.log('framework      install    build     walk')
let failed = false
for (const framework of frameworks) {
  if (wanted.length > 0 && !wanted.includes(framework.name)) continue
  process.stdout.write(framework.name.padEnd(12))
  try {
    await timed(() => install(framework))
    await timed(() => run('npm', ['run', '--silent', 'build'], framework.folder))
    await timed(() => visit(framework))
    console.log('   ok')
  } catch (error) {
    failed = true
    console.log('   FAILED')
    console.error(error)
  }
}
process.exitCode = failed ? 1 : 0

/** What `npm ci` installed of Coatcheck is replaced by what was just built: its own lock does not see a new build. */
function install({ folder }: Framework): void {
  ensurePackages(folder)
  const place = join(folder, 'node_modules', 'coatcheck')
  rmSync(place, { recursive: true, force: true })
  for (const part of ['dist', 'package.json']) cpSync(join(root, part), join(place, part), { recursive: true })
}

async function visit(framework: Framework): Promise<void> {
  const app = await startApp(framework)
  try {
    await walk(app, framework)
    await framework.walk?.(app)
  } catch (error) {
    console.error(app.output())
    throw error
  } finally {
    await app.stop()
  }
}

async function timed(stage: () => unknown): Promise<void> {
  const started = performance.now()
  await stage()
  process.stdout.write(`${((performance.now() - started) / 1000).toFixed(1).padStart(7)} s`)
}

function run(command: string, args: readonly string[], cwd: string): void {
  const bin = join(cwd, 'node_modules', '.bin')
  if (!existsSync(bin)) throw new Error(`${bin} is missing: run \`npm ci\``)
  const env = { ...process.env, ...quiet }
  const { status, error, stdout, stderr } = spawnSync(command, args, { cwd, env, encoding: 'utf8' })
  if (error) throw error
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`)
}
