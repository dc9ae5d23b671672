/** Workers: bundled by esbuild for no platform in particular, and served by workerd. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { packages } from './packages.ts'

/** The oldest compatibility date that is tested: from then on a request may wait for what another one does. */
export const OLDEST_DATE = '2024-10-14'

const fromPackages = createRequire(join(packages, 'package.json'))

/** A worker in one file. */
export interface Bundle {
  readonly code: string
  /** What it still imports: nothing, if it runs on every platform. */
  readonly imports: readonly string[]
}

/** What is used of the package, which is not among the project's own. */
interface Esbuild {
  build(options: object): Promise<{
    readonly outputFiles: readonly { readonly text: string }[]
    readonly metafile: { readonly outputs: Readonly<Record<string, { readonly imports: readonly { path: string }[] }>> }
  }>
}

/** Everything in one file, nothing external: an import of a module of Node fails here. */
export async function bundleWorker(project: string, entry: string): Promise<Bundle> {
  const esbuild: Esbuild = fromPackages('esbuild')
  const { outputFiles, metafile } = await esbuild.build({
    entryPoints: [join(project, entry)],
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    // What neutral leaves to the user, and bundlers for workers set.
    mainFields: ['module', 'main'],
    conditions: ['workerd', 'worker', 'browser'],
    metafile: true,
    write: false,
    logLevel: 'silent',
  })
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports.map(({ path }) => path))
  return { code: outputFiles.map(({ text }) => text).join('\n'), imports }
}

/** How a worker is run. */
export interface WorkerOptions {
  readonly date: string
  readonly flags?: readonly string[]
  /** Text bindings: what the handler gets as `env`. */
  readonly env?: Readonly<Record<string, string>>
}

/** A worker behind workerd's own server, on a free loopback port. */
export interface RunningWorker {
  readonly url: string
  /** What workerd printed so far. */
  readonly printed: () => string
  readonly stop: () => Promise<void>
}

/** Start workerd with one worker; rejects with what it printed when the worker does not start. */
export async function startWorker(code: string, { date, flags = [], env = {} }: WorkerOptions): Promise<RunningWorker> {
  const folder = mkdtempSync(join(tmpdir(), 'coatcheck-workerd-'))
  writeFileSync(join(folder, 'worker.js'), code)
  writeFileSync(join(folder, 'config.capnp'), configOf(date, flags, env))
  // The program itself: the script around it would keep the control channel to itself.
  const { default: program }: { default: string } = fromPackages('workerd')
  const child = spawn(program, ['serve', 'config.capnp', '--control-fd=3'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  let printed = ''
  for (const output of [child.stdout, child.stderr]) output?.on('data', (text) => (printed += text))
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL')
    await ended
    rmSync(folder, { recursive: true })
  }
  try {
    const port = await Promise.race([portFrom(child.stdio[3] as Readable), ended])
    if (port === undefined) throw new Error(`workerd did not start:\n${printed}`)
    return { url: `http://127.0.0.1:${port}`, printed: () => printed, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** workerd tells on its control channel where it listens. */
async function portFrom(channel: Readable): Promise<number | undefined> {
  for await (const line of createInterface(channel)) {
    const { event, port } = JSON.parse(line)
    if (event === 'listen') return port
  }
  return undefined
}

function configOf(date: string, flags: readonly string[], env: Readonly<Record<string, string>>): string {
  const bindings = Object.entries(env).map(
    ([name, text]) => `(name = ${JSON.stringify(name)}, text = ${JSON.stringify(text)})`,
  )
  return `
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .worker)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
);
const worker :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = ${JSON.stringify(date)},
  compatibilityFlags = ${JSON.stringify(flags)},
  bindings = [${bindings.join(', ')}]
);
`
}

/** The version of workerd, as its package says. */
export function workerdVersion(): string {
  const { version }: { version: string } = fromPackages('workerd/package.json')
  return version
}
