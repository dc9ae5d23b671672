/** Servers in processes of their own on one store, and a browser in front of them. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

type Line = Readonly<Record<string, unknown>>

/** One server process. */
export interface SessionProcess {
  readonly url: string
  /** The first line so far or to come that has `name` among its keys. */
  told(name: string): Promise<Line>
  /** All lines so far. */
  readonly lines: readonly Line[]
  /** Let slow requests go on. */
  release(): void
  stop(): Promise<void>
}

/** Start a server on `store` and wait for its address. */
export async function startSessionProcess(store: string): Promise<SessionProcess> {
  const fixture = new URL('../fixtures/session-server.ts', import.meta.url).pathname
  const child: ChildProcess = spawn(process.execPath, ['--conditions=coatcheck-source', fixture, store], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines: Line[] = []
  const waiting = new Set<() => void>()
  if (child.stdout === null) throw new Error('no pipe to the server')
  createInterface({ input: child.stdout }).on('line', (text) => {
    lines.push(JSON.parse(text) as Line)
    for (const look of waiting) look()
  })
  const told = (name: string): Promise<Line> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const line = lines.find((each) => name in each)
        if (!line) return
        waiting.delete(look)
        resolve(line)
      }
      waiting.add(look)
      child.once('exit', (code) => reject(new Error(`the server ended with ${code} before it told of ${name}`)))
      look()
    })
  const { port } = await told('port')
  return {
    url: `http://127.0.0.1:${String(port)}`,
    told,
    lines,
    release: () => void child.stdin?.write('go\n'),
    async stop() {
      if (child.exitCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** What one answer was: its data, and the cookie it set, if any. */
export interface Answer {
  readonly status: number
  readonly data: Readonly<Record<string, unknown>>
  /** `id=…`, `id=` when it was deleted, undefined when there was none. */
  readonly cookie: string | undefined
}

/** One request with a cookie or without. */
export async function ask(url: string, cookie?: string): Promise<Answer> {
  const response = await fetch(url, cookie === undefined ? {} : { headers: { cookie } })
  const text = await response.text()
  return {
    status: response.status,
    data: response.status === 200 ? (JSON.parse(text) as Answer['data']) : {},
    cookie: response.headers.getSetCookie()[0]?.split(';')[0],
  }
}
