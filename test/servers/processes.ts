/** Processes as the operating system sees them: who runs them, who is whose child, which of them are alive. */
import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { findCommand } from '../../scripts/debian.ts'

/** Whose rights a server runs with. */
export interface Account {
  readonly uid: number
  readonly gid: number
}

/**
 * The account a server runs under: database servers refuse root. `null` unless this process is root, for then it runs
 * as whoever started the tests.
 */
export function accountOf(name: string): Account | null {
  if (process.getuid?.() !== 0) return null
  for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
    const [user, , uid, gid] = line.split(':')
    if (user === name) return { uid: Number(uid), gid: Number(gid) }
  }
  throw new Error(`this process is root and there is no account "${name}" to run the server as: add one with useradd`)
}

/**
 * Start a program that dies with this process, SIGKILL included, where Linux has `setpriv`.
 *
 * The account is set here and not by `setpriv` or by the server itself: the kernel forgets the death signal of a
 * process that changes its account afterwards.
 */
export function spawnBound(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const setpriv = process.platform === 'linux' ? findCommand('setpriv') : null
  if (setpriv === null) return spawn(command, args, options)
  return spawn(setpriv, ['--pdeathsig', 'KILL', '--', command, ...args], options)
}

/** How {@link runToEnd} runs a program. */
export interface RunOptions {
  readonly account?: Account | null
  readonly cwd?: string
  /** An open file to read from. Default: nothing to read. */
  readonly input?: number
}

/** Run a program to its end. Rejects with its output unless it exits with 0. */
export async function runToEnd(
  command: string,
  args: readonly string[],
  { account, cwd, input }: RunOptions = {},
): Promise<string> {
  const child = spawnBound(command, args, { cwd, stdio: [input ?? 'ignore', 'pipe', 'pipe'], ...account })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const { promise, resolve, reject } = Promise.withResolvers<number | null>()
  child.once('error', reject)
  child.once('close', resolve)
  const status = await promise
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status ?? 'a signal'}:\n${output}`)
  return output
}

/** `root` and every process below it, parents first. Empty when it is gone. */
export function familyOf(root: number): number[] {
  if (!isAlive(root)) return []
  const children = Map.groupBy(allProcesses(), ({ parent }) => parent)
  const family = [root]
  for (const pid of family) family.push(...(children.get(pid) ?? []).map((child) => child.pid))
  return family
}

/** A zombie is gone: it runs no code and holds no port, it only waits for a parent that may never ask. */
export function isAlive(pid: number): boolean {
  if (existsSync('/proc/self/stat')) return !['', 'Z', 'X'].includes(statusOf(pid).state)
  return sendSignal(pid, 0)
}

/** Whether this process is stopped (SIGSTOP). Only Linux says so; elsewhere the signal alone must do. */
export function isStopped(pid: number): boolean {
  return !existsSync('/proc/self/stat') || ['T', 't', '', 'Z', 'X'].includes(statusOf(pid).state)
}

/** False when there is no such process any more. */
export function sendSignal(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false
    throw error
  }
}

/** Wait for a condition that nothing announces. Rejects after `limit` milliseconds, saying what did not happen. */
export async function until(what: string, condition: () => boolean | Promise<boolean>, limit = 30_000): Promise<void> {
  const end = performance.now() + limit
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`${what}: not within ${limit} ms`)
    await delay(5)
  }
}

interface ProcessEntry {
  readonly pid: number
  readonly parent: number
}

function allProcesses(): ProcessEntry[] {
  if (!existsSync('/proc/self/stat')) return []
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.map((name) => ({ pid: Number(name), parent: statusOf(Number(name)).parent }))
}

/** The program's name stands in parentheses and may contain anything, so fields are counted from the last one. */
function statusOf(pid: number): { readonly state: string; readonly parent: number } {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [state = '', parent = '0'] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { state, parent: Number(parent) }
  } catch {
    return { state: '', parent: 0 }
  }
}
