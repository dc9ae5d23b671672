/** Examples in processes of their own, started as their first lines say, and browsers that visit them. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { root } from '../markdown.ts'

/** A folder that an example runs in, removed with the test. */
export function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'coatcheck-example-'))
  t.after(() => rmSync(path, { recursive: true, force: true, maxRetries: 3 }))
  return path
}

export interface Running {
  /** Such as `http://127.0.0.1:40123`. */
  readonly origin: string
  stop(): Promise<void>
}

/** Start `examples/<path>` in `cwd`, on a port of its own; it ends with the test at the latest. */
export async function start(
  t: TestContext,
  cwd: string,
  path: string,
  { args = [], env = {} }: { readonly args?: readonly string[]; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Running> {
  const { SESSION_STORE: _store, NODE_ENV: _mode, NODE_TEST_CONTEXT: _context, ...inherited } = process.env
  const flags = ['--conditions=coatcheck-source', '--import', join(root, 'test/fixtures/snippet-port.ts')]
  const child = spawn(process.execPath, [...flags, join(root, 'examples', path), ...args], {
    cwd,
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const ended = once(child, 'close')
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL')
    await ended
  }
  t.after(stop)
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message: { port: number }) => resolve(message.port))
    child.once('exit', (code) => reject(new Error(`${path} ended with ${code} and no server\n${said}`)))
  })
  return { origin: `http://127.0.0.1:${port}`, stop }
}

export interface Page {
  readonly status: number
  readonly text: string
  /** Set-Cookie values of the first response. */
  readonly setCookie: readonly string[]
}

/** A browser: it keeps cookies, follows redirects, and says where its forms come from. */
export interface Browser {
  /** The Cookie header it sends; empty at first. */
  cookie: string
  get(url: string): Promise<Page>
  post(url: string, body?: BodyInit | Readonly<Record<string, string>>, from?: string): Promise<Page>
}

/** A browser without cookies, called `agent`. */
export function browser(agent = 'Firefox'): Browser {
  const self: Browser = {
    cookie: '',
    get: (url) => send(url),
    post: (url, body = {}, from = new URL(url).origin) =>
      send(url, { method: 'POST', body: isForm(body) ? new URLSearchParams(body) : body }, { origin: from }),
  }

  async function send(url: string, init: RequestInit = {}, from: Readonly<Record<string, string>> = {}): Promise<Page> {
    const headers = { ...from, 'user-agent': agent, ...(self.cookie === '' ? {} : { cookie: self.cookie }) }
    const response = await fetch(url, { ...init, headers, redirect: 'manual' })
    const setCookie = response.headers.getSetCookie()
    for (const line of setCookie) self.cookie = /max-age=0/i.test(line) ? '' : (line.split(';')[0] ?? '')
    const text = await response.text()
    const location = response.headers.get('location')
    if (location === null) return { status: response.status, text, setCookie }
    return { ...(await send(new URL(location, url).href)), setCookie }
  }

  return self
}

function isForm(body: BodyInit | Readonly<Record<string, string>>): body is Readonly<Record<string, string>> {
  return Object.getPrototypeOf(body) === Object.prototype
}
