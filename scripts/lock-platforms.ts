/**
 * Makes package-lock.json complete for every platform: `node scripts/lock-platforms.ts [FOLDER]` after `npm install`.
 *
 * Tools with native parts name one optional package per platform. npm leaves a platform out of the lock when the
 * registry in use cannot serve it just then (mirrors fetch foreign platforms late), and `npm ci` afterwards refuses
 * that lock on every platform. The version is no secret, its parent names it exactly, so the entry can be written
 * without the package. What it lacks is the checksum: npm fills it in where the package is installed.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

interface LockEntry {
  readonly version?: string
  readonly dev?: boolean
  readonly os?: readonly string[]
  readonly cpu?: readonly string[]
  readonly libc?: readonly string[]
  readonly optional?: boolean
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

interface Lock {
  packages: Record<string, LockEntry>
}

/** An optional package that a locked one names and that has no entry of its own. */
export interface MissingPlatform {
  readonly name: string
  readonly version: string
  readonly dev: boolean
}

/** What `npm ci` would call missing. A range instead of a version is refused: there the choice is npm's. */
export function missingPlatforms(lock: Lock): MissingPlatform[] {
  const missing: MissingPlatform[] = []
  for (const [place, entry] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      if (lock.packages[`${place}/node_modules/${name}`] ?? lock.packages[`node_modules/${name}`]) continue
      if (!/^\d+\.\d+\.\d+$/.test(version)) throw new Error(`${place} wants ${name}@${version}: run npm install`)
      missing.push({ name, version, dev: entry.dev ?? false })
    }
  }
  return missing
}

if (import.meta.main) {
  const path = join(process.argv[2] ?? join(import.meta.dirname, '..'), 'package-lock.json')
  const lock: Lock = JSON.parse(readFileSync(path, 'utf8'))
  const missing = missingPlatforms(lock)
  for (const { name, version, dev } of missing) {
    console.log(`${name}@${version}`)
    lock.packages[`node_modules/${name}`] = { version, ...platform(name), dev, optional: true }
  }
  const inOrder = Object.entries(lock.packages).toSorted(([a], [b]) => a.localeCompare(b, 'en'))
  if (missing.length > 0)
    writeFileSync(path, `${JSON.stringify({ ...lock, packages: Object.fromEntries(inOrder) }, null, 2)}\n`)
  console.log(`${missing.length} entries added`)
}

/**
 * Platform packages are named after the platform: `…-linux-arm64-musl`, `…/darwin-x64`, `…-win32-x64-msvc`, `…-windows-64`,
 * `…-wasm32-wasi`.
 */
function platform(name: string): Pick<LockEntry, 'os' | 'cpu' | 'libc'> {
  if (name.endsWith('-wasm32-wasi')) return { cpu: ['wasm32'] }
  const found =
    /(android|darwin|freebsd|linux|openharmony|win32|windows)-(arm64|arm|ia32|ppc64|riscv64|s390x|x64|64)(-\w+)?$/.exec(
      name,
    )
  const [, system, processor, abi = ''] = found ?? []
  const os = system === 'windows' ? 'win32' : system
  const cpu = processor === '64' ? 'x64' : processor
  if (os === undefined || cpu === undefined) throw new Error(`${name} does not say which platform it is for`)
  const libc = abi.startsWith('-musl') ? ['musl'] : /^-(gnu|glibc)/.test(abi) ? ['glibc'] : null
  return { os: [os], cpu: [cpu], ...(libc ? { libc } : {}) }
}
