/** The demo as a person runs it: its own process, a real port, a folder for its sessions. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..')

/** Variables of the demo to set; what is left out is unset, whatever the test itself runs with. */
export type DemoEnv = Readonly<Record<string, string>>

export interface Demo {
  /** With a slash at its end. */
  readonly url: string
  /** All it has printed so far. */
  stdout(): string
  stderr(): string
  /** Send a signal and go on. */
  signal(name: 'SIGINT' | 'SIGTERM'): void
  /** Resolves with the exit code when it has ended, by whatever cause; null when a signal killed it. */
  readonly ended: Promise<number | null>
  /** Ask it to stop and wait for that. */
  stop(): Promise<number | null>
}

/** A folder for one test file, and its removal. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'coatcheck-demo-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** How many session records there are below a folder: files named by an ID. */
export function recordsIn(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => /[0-9a-f]{64}$/.test(path)).length
}

/** Start the demo on a free port, in a folder of choice, and wait until it says where. Rejects with what it printed when it ends instead. */
export async function startDemo(env: DemoEnv, cwd?: string): Promise<Demo> {
  const { child, stdout, stderr, ended } = launch({ PORT: '0', ...env }, cwd)
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.on('data', () => {
      const address = /http:\S+/.exec(stdout())?.[0]
      if (address !== undefined) resolve(address)
    })
    void ended.then((code) => reject(new Error(`the demo ended with ${code}: ${stdout()}${stderr()}`)))
  })
  const signal = (name: 'SIGINT' | 'SIGTERM'): void => void child.kill(name)
  return {
    url,
    stdout,
    stderr,
    signal,
    ended,
    stop: () => {
      signal('SIGTERM')
      return ended
    },
  }
}

/** Run the demo with settings it must refuse, to its end. */
export async function runDemo(
  env: DemoEnv,
  cwd?: string,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const { child, stdout, stderr, ended } = launch({ PORT: '0', ...env }, cwd)
  // A demo that starts after all would never end.
  child.stdout?.once('data', () => child.kill('SIGKILL'))
  return { code: await ended, stdout: stdout(), stderr: stderr() }
}

const running = new Set<ChildProcess>()

/** End what a failed test has left running; call it after every test that starts a demo. */
export function killDemos(): void {
  for (const child of running) child.kill('SIGKILL')
}

/** Where nothing lies about, an `.env` of the developer's least of all. */
const nowhere = temporaryFolder()
process.once('exit', () => nowhere.remove())

interface Launched {
  readonly child: ChildProcess
  readonly stdout: () => string
  readonly stderr: () => string
  readonly ended: Promise<number | null>
}

function launch(env: DemoEnv, cwd = nowhere.path): Launched {
  const child = spawn(process.execPath, ['--conditions=coatcheck-source', join(root, 'demo', 'main.ts')], {
    cwd,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text))
  running.add(child)
  const ended = once(child, 'close').then(([code]: unknown[]) => {
    running.delete(child)
    return typeof code === 'number' ? code : null
  })
  return { child, stdout: () => output.stdout, stderr: () => output.stderr, ended }
}
