/** One browser with its cookie jar, over a real socket, for the neighbours' tests. */
import { createServer } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import type { TestContext } from 'node:test'
import { listen } from '../adapters/wire.ts'

export interface Page {
  readonly status: number
  readonly headers: Headers
  readonly body: string
}

export interface Browser {
  readonly url: string
  /** By name; a deleted cookie is gone from here. */
  readonly cookies: Map<string, string>
  /** The Cookie header it would send. */
  cookie(): string
  /** Ask, and keep the cookies of the answer; redirects are not followed. The body is not read yet. */
  fetch(path: string, init?: RequestInit): Promise<Response>
  /** The same, read to its end. */
  get(path: string, init?: RequestInit): Promise<Page>
  /** Send a form. */
  post(path: string, form?: Readonly<Record<string, string>>, init?: RequestInit): Promise<Page>
}

/** Someone who visits `url`, with no cookie yet. */
export function browser(url: string): Browser {
  const cookies = new Map<string, string>()
  const cookie = (): string => [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')

  async function ask(path: string, { headers, ...init }: RequestInit = {}): Promise<Response> {
    const sent = new Headers(headers)
    if (cookies.size > 0) sent.set('cookie', cookie())
    const response = await fetch(url + path, { redirect: 'manual', ...init, headers: sent })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '') cookies.delete(name)
      else cookies.set(name, value)
    }
    return response
  }

  async function get(path: string, init?: RequestInit): Promise<Page> {
    const response = await ask(path, init)
    return { status: response.status, headers: response.headers, body: await response.text() }
  }

  return {
    url,
    cookies,
    cookie,
    fetch: ask,
    get,
    post: (path, form = {}, init = {}) => get(path, { method: 'POST', body: new URLSearchParams(form), ...init }),
  }
}

/** Serve until the test ends; the URL to ask at. */
export async function serve(t: TestContext, app: RequestListener | Server): Promise<string> {
  const { port, close } = await listen(typeof app === 'function' ? createServer(app) : app)
  t.after(close)
  return `http://127.0.0.1:${port}`
}
