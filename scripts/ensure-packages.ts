/**
 * Packages that must not stand beside the project's own: a second TypeScript would take over `tsc`, a framework's
 * tools would make every `npm ci` wait. Such a folder has a package.json and a lock file of its own.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** `npm ci` in this folder, unless what is installed there is what its lock file says. Throws with npm's words. */
export function ensurePackages(folder: string): void {
  const lock = readFileSync(join(folder, 'package-lock.json'), 'utf8')
  const installed = join(folder, 'node_modules', '.installed-from')
  if (existsSync(installed) && readFileSync(installed, 'utf8') === lock) return
  const { status, error, stdout, stderr } = spawnSync('npm', ['ci', '--no-fund', '--no-audit'], {
    cwd: folder,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  })
  if (error) throw error
  if (status !== 0) throw new Error(`npm ci failed in ${folder}:\n${stdout}${stderr}`)
  // A copy of the lock, because npm's own note of what is installed differs from it even when nothing is missing.
  writeFileSync(installed, lock)
}
