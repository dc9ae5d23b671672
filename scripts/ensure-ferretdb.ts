/**
 * FerretDB 1.24, a server for the driver of MongoDB: neither Debian nor npm has a MongoDB or a FerretDB, but the Go
 * module proxy has its source. Built once per machine and kept in the user's cache folder.
 *
 * Run as a program it builds, whatever is there: that is how one of several test files does it while the others wait.
 */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { ensureCommand, findCommand } from './debian.ts'

const VERSION = 'v1.24.2'
const MODULE = 'github.com/FerretDB/FerretDB'

/** Any release from 1.24 on. */
const GO = 'go1.24.9'

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
    const environment = { CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false', GOTOOLCHAIN: 'local' }
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

/** A Go that can build FerretDB: one that is there, else the toolchain that Debian's own, older one can download. */
function findGo(): string {
  const installed = '/usr/local/go/bin/go'
  const found = [findCommand('go'), existsSync(installed) ? installed : null].filter((go) => go !== null)
  return found.find(isNewEnough) ?? downloadGo(found[0] ?? ensureCommand('go', ['golang-go']))
}

function isNewEnough(go: string): boolean {
  const [, major, minor] = /^go(\d+)\.(\d+)/.exec(run(go, ['env', 'GOVERSION'], {})) ?? []
  return Number(major) === 1 && Number(minor) >= 24
}

/**
 * Go's releases are modules of its own proxy, checked against its checksum database like any other. Only a Go of 1.21 or
 * later uses them by itself, and Debian 12 has 1.19: it downloads one, which lacks nothing but the permission to run.
 */
function downloadGo(go: string): string {
  const platform = `${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`
  const toolchain = `golang.org/toolchain@v0.0.1-${GO}.${platform}`
  const { Dir: root } = JSON.parse(run(go, ['mod', 'download', '-json', toolchain], { cwd: cache }))
  for (const folder of ['bin', 'pkg/tool'])
    for (const name of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }))
      chmodSync(join(root, folder, name), 0o755)
  return join(root, 'bin', 'go')
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
