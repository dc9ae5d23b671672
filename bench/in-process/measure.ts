/**
 * What a library costs by itself: the same applications as over HTTP, with a store that answers at once and requests
 * that come through memory. The three take turns, a stretch each, in processes that are fresh every round.
 */
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { onServerCore } from '../http/pinning.ts'
import { median } from '../http/statistics.ts'

/** By the names that `bench/targets.ts` uses. */
const FILES: Readonly<Record<string, string>> = {
  'in-process floor': '../http/contenders/express-floor.mjs',
  'in-process coatcheck': '../http/contenders/coatcheck-express-memory.mjs',
  'in-process express-session': '../peers/express-session-instant.mjs',
}

const STRETCHES = 7
/** Requests: compiled to the end, as a server that runs for days is. */
const WARM_UP = 12_000
const AMOUNT = 500

/** Contender to cell to CPU microseconds per request, of one round. */
export type OwnCost = ReadonlyMap<string, ReadonlyMap<string, number>>

/** One round. */
export async function measureInProcess(): Promise<OwnCost> {
  const running = await Promise.all(Object.entries(FILES).map(([name, file]) => startOne(name, file)))
  try {
    const cost = new Map(running.map(({ name }) => [name, new Map<string, number>()]))
    for (const [cell, path] of [
      ['read small', '/read'],
      ['write small', '/write'],
    ] as const) {
      const stretches = new Map(running.map(({ name }) => [name, [] as number[]]))
      for (const one of running) await one.take(path, WARM_UP)
      for (let turn = 0; turn < STRETCHES; turn += 1)
        for (const one of turn % 2 === 0 ? running : running.toReversed())
          stretches.get(one.name)?.push(await one.take(path, AMOUNT))
      for (const [name, values] of stretches) cost.get(name)?.set(cell, median(values))
    }
    return cost
  } finally {
    await Promise.all(running.map((one) => one.stop()))
  }
}

interface Running {
  readonly name: string
  /** CPU microseconds per request. */
  take(path: string, amount: number): Promise<number>
  stop(): Promise<void>
}

async function startOne(name: string, file: string): Promise<Running> {
  const [command, ...before] = [...onServerCore, process.execPath]
  const child = fork(join(import.meta.dirname, 'server.mjs'), [file], {
    execPath: command,
    execArgv: before,
    env: { ...process.env, NODE_ENV: 'production' },
  })
  await once(child, 'message')
  const { head } = await ask(child, { path: '/new', amount: 1 })
  const cookie = /^set-cookie: ([^;]+)/im.exec(head)?.[1]
  return {
    name,
    async take(path, amount) {
      const { cpu, head: last } = await ask(child, { path, amount, ...(cookie ? { cookie } : {}) })
      if (!last.startsWith('HTTP/1.1 200')) throw new Error(`${name} answers ${path} with ${last}`)
      return cpu
    },
    async stop() {
      const ended = once(child, 'exit')
      child.disconnect()
      await ended
    },
  }
}

async function ask(
  child: ChildProcess,
  question: { path: string; amount: number; cookie?: string },
): Promise<{ cpu: number; head: string }> {
  const answered = once(child, 'message')
  child.send(question)
  const [answer] = await answered
  return answer
}
