/**
 * `npm run test:frameworks [-- NAME…]`: every example in examples/frameworks installed, built, checked by TypeScript and
 * started as in production, and a visitor walks through it. One line each; the exit code is 1 when one failed.
 */
import { spawnSync } from 'node:child_process'
import { quiet } from '../test/frameworks/app.ts'
import { frameworks } from '../test/frameworks/frameworks.ts'
import { compiled } from '../test/frameworks/install.ts'
import { walkThrough } from '../test/frameworks/walk.ts'

const wanted = process.argv.slice(2)
for (const name of wanted) {
  if (frameworks.every((framework) => framework.name !== name))
    throw new Error(`no framework ${name}; there are ${frameworks.map((framework) => framework.name).join(', ')}`)
}

const coatcheck = compiled()
console.log('framework      install    build     walk')
let failed = false
for (const framework of frameworks) {
  if (wanted.length > 0 && !wanted.includes(framework.name)) continue
  process.stdout.write(framework.name.padEnd(12))
  try {
    await timed(() => coatcheck.into(framework))
    await timed(() => run('npm', ['run', '--silent', 'build'], framework.folder))
    await timed(() => walkThrough(framework))
    console.log('   ok')
  } catch (error) {
    failed = true
    console.log('   FAILED')
    console.error(error)
  }
}
coatcheck.remove()
process.exitCode = failed ? 1 : 0

async function timed(stage: () => unknown): Promise<void> {
  const started = performance.now()
  await stage()
  process.stdout.write(`${((performance.now() - started) / 1000).toFixed(1).padStart(7)} s`)
}

function run(command: string, args: readonly string[], cwd: string): void {
  const env = { ...process.env, ...quiet }
  const { status, error, stdout, stderr } = spawnSync(command, args, { cwd, env, encoding: 'utf8' })
  if (error) throw error
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`)
}
