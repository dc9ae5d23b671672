import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Contender } from './contenders.ts'

/** One contender, running in a fresh process on its own core. */
export interface ContenderProcess {
  readonly origin: string
  /** CPU time so far, microseconds, of all its threads. */
  cpu(): Promise<number>
  stop(): Promise<void>
}

/** The servers a contender may use. */
export interface Servers {
  readonly redis: string
  readonly postgres: string
  readonly directory: string
}

/** Start it and wait until it listens. */
export async function startContender({ name, peer }: Contender, servers: Servers): Promise<ContenderProcess> {
  const child = fork(join(import.meta.dirname, 'server.mjs'), [`${peer ? '../peers' : './contenders'}/${name}.mjs`], {
    // A core for the server alone; the load and the databases share the other one with this process.
    ...(PINNING ? { execPath: 'taskset', execArgv: ['-c', '0', process.execPath] } : { execArgv: [] }),
    env: { ...process.env, NODE_ENV: 'production', BENCH_SERVERS: JSON.stringify(servers) },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const first = await answer(child, name)
  if (typeof first.port !== 'number') throw new Error(`${name} told no port`)
  return {
    origin: `http://127.0.0.1:${first.port}`,
    async cpu() {
      child.send('cpu')
      const { cpu } = await answer(child, name)
      if (typeof cpu !== 'number') throw new Error(`${name} told no CPU time`)
      return cpu
    },
    async stop() {
      const ended = once(child, 'exit')
      child.disconnect()
      await ended
    },
  }
}

/** Elsewhere than on Linux the scheduler decides, and ratios wobble more. */
export const PINNING: boolean = process.platform === 'linux'

async function answer(child: ChildProcess, name: string): Promise<{ port?: unknown; cpu?: unknown }> {
  const settled = new AbortController()
  const { signal } = settled
  const died = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`${name} ended with ${String(code)}`)
  })
  try {
    const [message] = await Promise.race([once(child, 'message', { signal }), died])
    return message
  } finally {
    died.catch(() => {})
    settled.abort()
  }
}
