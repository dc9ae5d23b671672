/** The servers of a soak as its driver sees them: started, asked over keep-alive sockets, stopped, killed, begun anew. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import http from 'node:http'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { spawnBound } from '../servers/processes.ts'
import type { AppJob, AppStats, PageBody, ToldEvent } from './app.ts'

/** What came of one request. */
export type Answer =
  | {
      readonly kind: 'page'
      readonly body: PageBody
      readonly events: readonly ToldEvent[]
      /** The value of the cookie that was set: empty where it was deleted, undefined where none was. */
      readonly cookie: string | undefined
      readonly sentAt: number
      readonly at: number
    }
  /** An error was answered: what was asked for is not acknowledged. */
  | { readonly kind: 'error'; readonly code: string; readonly sentAt: number; readonly at: number }
  /** The connection broke: nobody knows what was done. */
  | { readonly kind: 'unanswered'; readonly sentAt: number; readonly at: number }
  /** Nobody listens: nothing was done. */
  | { readonly kind: 'unsent'; readonly sentAt: number; readonly at: number }

/** One server process, which may be another one after each kill. */
export interface AppProcess {
  readonly name: string
  ask(path: string, cookie?: string): Promise<Answer>
  stats(): Promise<AppStats>
  /** Remove dead records now; false when it could not be done. */
  sweep(): Promise<boolean>
  kill(): Promise<void>
  start(): Promise<void>
  pause(): void
  resume(): void
  /** Break the connections of its visitors. */
  cut(): void
  /** Ask it to end; resolves when it has, with how long that took, or false when it had to be killed. */
  stop(): Promise<number | false>
}

/** What a process tells of itself unasked. */
export type Complain = (what: string) => void

/** An answer takes as long as several store calls that all reach their time limit, and longer beside a stopped process. */
const PATIENCE_MS = 60_000
const STOP_MS = 20_000

/** How {@link startApp} starts one. */
export interface AppPlan {
  readonly name: string
  readonly job: AppJob
  /** Where compiled sources are kept: half of what a start costs, which follows each kill. */
  readonly cache: string
  readonly complain: Complain
  /** Another copy of `app.ts`, for cores that were broken on purpose. */
  readonly app?: URL | undefined
}

/** Start a server, and wait until it listens. */
export async function startApp(plan: AppPlan): Promise<AppProcess> {
  const { name, job, cache, complain, app = new URL('app.ts', import.meta.url) } = plan
  let child: ChildProcess | undefined
  let agent = new http.Agent()
  let port = 0

  async function start(): Promise<void> {
    const args = ['--expose-gc', '--conditions=coatcheck-source', fileURLToPath(app), JSON.stringify(job)]
    const env = { ...process.env, NODE_COMPILE_CACHE: cache }
    const started = spawnBound(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], env })
    child = started
    agent = new http.Agent({ keepAlive: true, maxSockets: 64 })
    const ready = new Promise<number>((resolve, reject) => {
      started.once('error', reject)
      started.once('exit', (status, signal) => {
        reject(new Error(`${name} ended with ${status ?? signal} before it was ready`))
        if (signal !== 'SIGKILL' && status !== 0) complain(`${name} ended by itself, with ${status ?? signal}`)
      })
      if (started.stdout === null) throw new Error(`no pipe to ${name}`)
      createInterface({ input: started.stdout }).on('line', (text) => {
        const line = JSON.parse(text) as { readonly port?: number; readonly warning?: string }
        if (line.port !== undefined) resolve(line.port)
        if (line.warning !== undefined) complain(`${name} warns: ${line.warning}`)
      })
    })
    port = await ready
  }

  async function kill(): Promise<void> {
    if (child === undefined || hasEnded(child)) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
    agent.destroy()
  }

  async function ask(path: string, cookie?: string): Promise<Answer> {
    const sentAt = Date.now()
    try {
      const { status, setCookie, text } = await get(agent, port, path, cookie)
      const at = Date.now()
      const [page = '', events = '[]'] = text.split('\n')
      const body = JSON.parse(page) as PageBody | { readonly code: string }
      if ('code' in body) return { kind: 'error', code: body.code, sentAt, at }
      if (status !== 200) throw new Error(`${path} answered ${status} with a page`)
      return {
        kind: 'page',
        body,
        events: JSON.parse(events) as readonly ToldEvent[],
        cookie: setCookie?.split(';')[0]?.slice('id='.length),
        sentAt,
        at,
      }
    } catch (error) {
      const at = Date.now()
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      if (at - sentAt >= PATIENCE_MS) complain(`${name} did not answer ${path} in ${PATIENCE_MS / 1000} s`)
      return { kind: code === 'ECONNREFUSED' ? 'unsent' : 'unanswered', sentAt, at }
    }
  }

  await start()
  return {
    name,
    ask,
    start,
    kill,
    stats: async () => JSON.parse((await get(agent, port, '/stats')).text) as AppStats,
    sweep: async () => (await get(agent, port, '/sweep')).status === 200,
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    cut() {
      agent.destroy()
      agent = new http.Agent({ keepAlive: true, maxSockets: 64 })
    },
    async stop() {
      if (child === undefined || hasEnded(child)) return 0
      const started = performance.now()
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      const timer = setTimeout(() => child?.kill('SIGKILL'), STOP_MS)
      await ended
      clearTimeout(timer)
      agent.destroy()
      return child.signalCode === null ? performance.now() - started : false
    },
  }
}

interface RawAnswer {
  readonly status: number
  readonly setCookie: string | undefined
  readonly text: string
}

function get(agent: http.Agent, port: number, path: string, cookie?: string): Promise<RawAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<RawAnswer>()
  const headers = cookie === undefined ? {} : { cookie: `id=${cookie}` }
  const request = http.get({ agent, host: '127.0.0.1', port, path, headers, timeout: PATIENCE_MS }, (response) => {
    let text = ''
    response.setEncoding('utf8')
    response.on('data', (chunk: string) => (text += chunk))
    response.once('error', reject)
    response.once('close', () => {
      if (!response.complete) reject(new Error('the answer was cut off'))
      resolve({ status: response.statusCode ?? 0, setCookie: response.headers['set-cookie']?.[0], text })
    })
  })
  request.once('timeout', () => request.destroy(new Error('no answer')))
  request.once('error', reject)
  return promise
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}
