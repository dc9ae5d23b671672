/**
 * Programs the tests need and npm does not have: a browser, database servers.
 *
 * A missing one is installed where that is possible without asking (Debian or Ubuntu, as root: a container or a CI
 * machine) and is an error that names the command to type elsewhere. Never a skipped test: a check that silently
 * did not run reads like one that passed.
 */
import { spawnSync, type SpawnSyncReturns } from 'node:child_process'
import { accessSync, constants, existsSync, globSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Debian keeps servers out of the PATH of ordinary users. */
const SERVER_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/usr/lib/postgresql/*/bin'] as const

/**
 * The path of `command`, after installing `packages` when it is missing.
 *
 * Looks in the PATH, then where Debian puts servers. Throws with the exact command to run when the program is
 * missing and this process may not install it, or when the installation failed.
 */
export function ensureCommand(command: string, packages: readonly string[]): string {
  const present = findCommand(command)
  if (present !== null) return present
  const install = `apt-get update && apt-get install -y --no-install-recommends ${packages.join(' ')}`
  if (process.getuid?.() !== 0 || findCommand('apt-get') === null)
    throw new Error(`${command} is missing. On Debian or Ubuntu run, as root: ${install}`)
  const output = aptInstall(packages)
  const installed = findCommand(command)
  if (installed === null) throw new Error(`${command} is still missing after: ${install}\n${output}`)
  return installed
}

/** The path of an executable called `command`, or null. */
export function findCommand(command: string): string | null {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  for (const folder of [...folders, ...SERVER_FOLDERS.flatMap(newestFirst)]) {
    const path = join(folder, command)
    if (isExecutable(path)) return path
  }
  return null
}

function newestFirst(pattern: string): string[] {
  return globSync(pattern).toSorted((a, b) => b.localeCompare(a, 'en', { numeric: true }))
}

/**
 * Two test files may need programs at once. apt-get can wait for dpkg's lock but not for the one on its package
 * lists, so the whole installation runs under one flock of our own.
 */
function aptInstall(packages: readonly string[]): string {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const wait = ['-o', 'DPkg::Lock::Timeout=600']
  const run = (args: readonly string[]): SpawnSyncReturns<string> =>
    spawnSync('flock', ['/var/lock/coatcheck-apt.lock', 'apt-get', ...wait, ...args], { env, encoding: 'utf8' })
  // A package list that cannot be refreshed (one mirror of several is down) may still be good enough to install from.
  const update = run(['update', '-qq'])
  const install = run(['install', '-y', '-qq', '--no-install-recommends', ...packages])
  return [update, install].map(({ stdout, stderr, error }) => `${stdout}${stderr}${error?.message ?? ''}`).join('\n')
}

function isExecutable(path: string): boolean {
  if (!existsSync(path)) return false
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
