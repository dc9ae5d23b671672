import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { ContenderProcess, Servers } from './contender-process.ts'
import type { Contender } from './contenders.ts'
import { onServerCore } from './pinning.ts'

/** Contenders that share a process: for what they answer, not for what it costs. */
interface NodeProcess extends ContenderProcess {
  /** One for each contender, in their order; `origin` is the first. */
  readonly origins: readonly string[]
}

/** Start these contenders on Node, in one process. */
export async function startNode(contenders: readonly Contender[], servers: Servers): Promise<NodeProcess> {
  const [command, ...before] = [...onServerCore, process.execPath]
  const files = contenders.map(({ name, peer }) => `${peer ? '../peers' : './contenders'}/${name}.mjs`)
  const names = contenders.map(({ name }) => name).join(', ')
  const child = fork(join(import.meta.dirname, 'server.mjs'), files, {
    execPath: command,
    execArgv: [...before, ...(command === process.execPath ? [] : process.execArgv)],
    env: { ...process.env, NODE_ENV: 'production', BENCH_SERVERS: JSON.stringify(servers) },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const { ports } = await answer(child, names)
  if (!Array.isArray(ports) || ports.length !== files.length) throw new Error(`${names} told no port`)
  const origins = ports.map((port) => `http://127.0.0.1:${String(port)}`)
  return {
    origin: origins[0] ?? '',
    origins,
    async cpu() {
      child.send('cpu')
      const { cpu } = await answer(child, names)
      if (typeof cpu !== 'number') throw new Error(`${names} told no CPU time`)
      return cpu
    },
    async stop() {
      const ended = once(child, 'exit')
      child.disconnect()
      await ended
    },
  }
}

async function answer(child: ChildProcess, names: string): Promise<{ ports?: unknown; cpu?: unknown }> {
  const settled = new AbortController()
  const { signal } = settled
  const died = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`${names} ended with ${String(code)}`)
  })
  try {
    const [message] = await Promise.race([once(child, 'message', { signal }), died])
    return message
  } finally {
    died.catch(() => {})
    settled.abort()
  }
}
