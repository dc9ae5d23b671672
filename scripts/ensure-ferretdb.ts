/**
 * FerretDB 1.24, a server for the driver of MongoDB: neither Debian nor npm has a MongoDB or a FerretDB, but the Go
 * module proxy has its source. Built once per machine and kept in the user's cache folder.
 *
 * Run as a program it builds, whatever is there: that is how one of several test files does it while the others wait.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { findCommand } from './debian.ts'

const VERSION = 'v1.24.2'
const MODULE = 'github.com/FerretDB/FerretDB'

const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'coatcheck')
const binary = join(cache, `ferretdb-${VERSION}`)

/**
 * The path of FerretDB: what `FERRETDB_PATH` names, else the one in the cache, built now if need be, which takes
 * minutes. Throws with what to do when that does not work.
 */
export function ensureFerretdb(): string {
  const named = process.env['FERRETDB_PATH']
  if (named !== undefined && named !== '') {
    if (!existsSync(named)) throw new Error(`FERRETDB_PATH names ${named}, which does not exist`)
    return named
  }
  if (existsSync(binary)) return binary
  mkdirSync(cache, { recursive: true })
  const build = [process.execPath, import.meta.filename] as const
  const [command, ...args] = findCommand('flock') === null ? build : ['flock', join(cache, 'ferretdb.lock'), ...build]
  run(command, args, {})
  return binary
}

if (import.meta.main && !existsSync(binary)) buildFerretdb()

function buildFerretdb(): void {
  const go = findGo()
  const folder = mkdtempSync(join(cache, 'build-'))
  try {
    const environment = { CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false' }
    const { Dir: source } = JSON.parse(
      run(go, ['mod', 'download', '-json', `${MODULE}@${VERSION}`], { cwd: folder, environment }),
    )
    const copy = join(folder, 'source')
    cpSync(source, copy, { recursive: true })
    // What Go downloads is read-only, folders included, and FerretDB does not start without this generated file.
    const version = join(copy, 'build', 'version')
    chmodSync(version, 0o755)
    writeFileSync(join(version, 'version.txt'), `${VERSION}\n`)
    const made = join(folder, 'ferretdb')
    run(go, ['build', '-trimpath', '-o', made, './cmd/ferretdb'], { cwd: copy, environment })
    renameSync(made, binary)
  } finally {
    spawnSync('chmod', ['-R', 'u+w', folder])
    rmSync(folder, { recursive: true, force: true })
  }
}

function findGo(): string {
  const installed = '/usr/local/go/bin/go'
  const go = findCommand('go') ?? (existsSync(installed) ? installed : null)
  const mend =
    'It is needed to build FerretDB, the server that the store for MongoDB is tested on. Install Go 1.24 or later from ' +
    'https://go.dev/dl (Debian 12 has 1.19, which is too old), or name a FerretDB 1.x in FERRETDB_PATH'
  if (go === null) throw new Error(`go is missing. ${mend}`)
  const version = run(go, ['env', 'GOVERSION'], {}).trim()
  const [, major, minor] = /^go(\d+)\.(\d+)/.exec(version) ?? []
  if (Number(major) !== 1 || Number(minor) < 24) throw new Error(`${go} is ${version}. ${mend}`)
  return go
}

interface RunOptions {
  readonly cwd?: string
  readonly environment?: NodeJS.ProcessEnv
}

/** What a program prints. Throws with what it complains of when it fails. */
function run(command: string, args: readonly string[], { cwd, environment }: RunOptions): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    env: { ...process.env, ...environment },
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  })
  if (error) throw error
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`)
  return stdout
}
