/** The life of one throwaway server: start, ready, frozen, killed, back again, gone without a trace. */
import type { ChildProcess } from 'node:child_process'
import { appendFileSync, closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { removeDirectory } from './directory.ts'
import { freePort } from './free-port.ts'
import { familyOf, isAlive, isStopped, sendSignal, spawnBound, until, type Account } from './processes.ts'

/** A running server on 127.0.0.1. Every method may be called in any state; `stop()` is the end. */
export interface Server extends AsyncDisposable {
  /** What it calls itself: `PostgreSQL`, `Redis` … */
  readonly name: string
  /** As it says itself, numbers only: `15.18`. */
  readonly version: string
  /** What `openStore` and the clients take. */
  readonly url: string
  readonly host: string
  readonly port: number
  /** Data and `server.log`; removed by `stop()`. */
  readonly directory: string
  /** Every process it consists of, the first one first. Empty while it does not run. */
  pids(): readonly number[]
  /** Shut down as its manual says and remove its data. */
  stop(): Promise<void>
  /** SIGKILL to every process of it; the data stays for `restart()`. */
  kill9(): Promise<void>
  /** SIGSTOP to every process of it: connections stay open and nothing answers. */
  pause(): Promise<void>
  /** Go on after `pause()`. */
  resume(): void
  /** Start again on the same port and data, after a shutdown if it runs. Resolves once it answers. */
  restart(): Promise<void>
}

/** How to run one kind of server. */
export interface ServerPlan {
  readonly name: string
  readonly command: string
  readonly args: (port: number) => readonly string[]
  readonly url: (port: number) => string
  readonly account: Account | null
  readonly directory: string
  /** The signal that shuts it down in good order. Default SIGTERM. */
  readonly stopSignal?: NodeJS.Signals
  readonly env?: NodeJS.ProcessEnv
  /** Which ports it can use. Default: {@link freePort}. */
  readonly choosePort?: () => Promise<number>
  /**
   * Ask the server for its version through its own protocol. Rejects until it can answer, and also when what answers
   * on this port is not the process `pid` with the data in `directory`.
   */
  readonly ping: (port: number, pid: number) => Promise<string>
}

const PATIENCE = 30_000
const PORT_ATTEMPTS = 5

class PortTaken extends Error {}

const running = new Set<{ readonly pids: () => readonly number[]; readonly directory: string }>()

// An exception or process.exit() in a test must leave nothing behind either. Only synchronous work is done here.
process.on('exit', () => {
  for (const { pids, directory } of running) {
    for (const pid of pids()) sendSignal(pid, 'SIGKILL')
    removeDirectory(directory)
  }
})

/** Start a server on a free port and wait until it answers. Rejects with the end of its log when it does not. */
export async function startServer(plan: ServerPlan): Promise<Server> {
  const { directory, stopSignal = 'SIGTERM' } = plan
  let child: ChildProcess | null = null
  const pids = (): readonly number[] => (child?.pid === undefined || hasEnded(child) ? [] : familyOf(child.pid))
  const entry = { pids, directory }
  running.add(entry)

  const launch = async (port: number): Promise<string> => {
    child = spawnServer(plan, port)
    try {
      return await untilReady(plan, child, port)
    } catch (error) {
      await kill9()
      throw error
    }
  }

  /** A stopped parent cannot start another child while the list of its children is read. */
  const freeze = (): readonly number[] => {
    const first = pids()[0]
    if (first === undefined) return []
    sendSignal(first, 'SIGSTOP')
    return pids()
  }

  const kill9 = async (): Promise<void> => {
    const victims = freeze()
    for (const pid of victims) sendSignal(pid, 'SIGKILL')
    await untilGone(plan, child, victims)
  }

  const shutDown = async (): Promise<void> => {
    const family = pids()
    const first = family[0]
    if (first === undefined) return
    for (const pid of family) sendSignal(pid, 'SIGCONT')
    sendSignal(first, stopSignal)
    try {
      await untilGone(plan, child, family)
    } catch {
      await kill9()
    }
  }

  let version = ''
  let port = 0
  try {
    for (let attempt = 1; version === ''; attempt++) {
      port = await (plan.choosePort ?? freePort)()
      try {
        version = await launch(port)
      } catch (error) {
        if (!(error instanceof PortTaken) || attempt === PORT_ATTEMPTS) throw error
      }
    }
  } catch (error) {
    running.delete(entry)
    removeDirectory(directory)
    throw error
  }
  report(plan.name, version)

  const stop = async (): Promise<void> => {
    await shutDown()
    running.delete(entry)
    removeDirectory(directory)
  }

  return {
    name: plan.name,
    version,
    url: plan.url(port),
    host: '127.0.0.1',
    port,
    directory,
    pids,
    stop,
    kill9,
    async pause() {
      const family = freeze()
      for (const pid of family) sendSignal(pid, 'SIGSTOP')
      await until(`${plan.name} is frozen`, () => family.every(isStopped))
    },
    resume() {
      for (const pid of pids()) sendSignal(pid, 'SIGCONT')
    },
    async restart() {
      if (!running.has(entry)) throw new Error(`${plan.name} was stopped and its data is gone: start another one`)
      await shutDown()
      // A passing outgoing connection of anybody may hold this port for a moment. It cannot be exchanged any more.
      const end = performance.now() + PATIENCE
      for (;;) {
        try {
          await launch(port)
          return
        } catch (error) {
          if (!(error instanceof PortTaken) || performance.now() > end) throw error
          await delay(50)
        }
      }
    },
    [Symbol.asyncDispose]: stop,
  }
}

/** The output goes to a file, not to a pipe: a pipe nobody reads stops the server once it is full. */
function spawnServer({ command, args, account, directory, env }: ServerPlan, port: number): ChildProcess {
  const log = openSync(join(directory, 'server.log'), 'a')
  try {
    const child = spawnBound(command, args(port), {
      cwd: directory,
      env: { ...process.env, LC_ALL: 'C', ...env },
      stdio: ['ignore', log, log],
      ...account,
    })
    // Without a listener this error would end the process; untilReady() reports it.
    child.once('error', (error) => appendFileSync(log, String(error)))
    // A test that forgets to stop its server ends all the same, and the server with it.
    child.unref()
    return child
  } finally {
    closeSync(log)
  }
}

async function untilReady(plan: ServerPlan, child: ChildProcess, port: number): Promise<string> {
  const logStart = logOf(plan).length
  const end = performance.now() + PATIENCE
  // Whatever holds the port instead may accept a connection and never answer, so a ping lasts no longer than its server.
  const ended = Promise.withResolvers<never>()
  ended.promise.catch(() => {})
  child.once('exit', () => ended.reject(new Error('the process has ended')))
  for (;;) {
    const { pid } = child
    if (pid === undefined || hasEnded(child)) throw failure(plan, port, 'ended at once', logOf(plan).slice(logStart))
    try {
      return await Promise.race([plan.ping(port, pid), ended.promise])
    } catch (error) {
      if (performance.now() > end && !hasEnded(child))
        throw failure(plan, port, `did not answer within ${PATIENCE} ms (${String(error)})`, logOf(plan))
    }
    await delay(5)
  }
}

function failure({ name, command }: ServerPlan, port: number, what: string, log: string): Error {
  if (/address (is )?already in use/i.test(log)) return new PortTaken(`${name}: port ${port} was taken meanwhile`)
  return new Error(`${name} (${command}) ${what}. The end of its log:\n${log.slice(-2000)}`)
}

async function untilGone(plan: ServerPlan, child: ChildProcess | null, pids: readonly number[]): Promise<void> {
  await until(`${plan.name} is gone`, () => (child === null || hasEnded(child)) && !pids.some(isAlive))
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null
}

function logOf({ directory }: ServerPlan): string {
  return readFileSync(join(directory, 'server.log'), 'utf8')
}

/** `npm run stores` names a file in which every server that a test starts is recorded with its version. */
function report(name: string, version: string): void {
  const file = process.env['COATCHECK_SERVERS_SEEN']
  if (file !== undefined) appendFileSync(file, `${JSON.stringify({ test: process.argv[1], name, version })}\n`)
}
