import type { SessionsOptions } from '../options/options.ts'
import type { Session } from '../session.ts'
import type { Sessions } from '../sessions.ts'
import type { StoreContext, StoreSetup } from './store-context.ts'
import { withStoreContext } from './store-context.ts'
import { site } from './visitor.ts'
import type { Data, Site } from './visitor.ts'

/** What a case's handler answers; the adapter under test turns it into its framework's response. */
export interface AdapterReply {
  /** Default 200. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** A string is answered whole; parts are streamed, each sent before the next is asked for. Default: no body. */
  readonly body?: string | AsyncIterable<string>
}

/** A page of a case: the same for every framework. May throw, as a framework's own handler may. */
export type AdapterHandler = (session: Session<Data>, path: string) => AdapterReply | Promise<AdapterReply>

/** The same for what a page asks of its request: `request` is the object that `sessions.of` and `sessions.get` take. */
export type AdapterPage = (request: object, path: string) => AdapterReply | Promise<AdapterReply>

/** One registration of the adapter. What is left out is left out of the adapter's options, too. */
export interface AdapterMount {
  readonly sessions: Sessions<Data>
  /** The adapter's option of that name; given with every mount but the first. */
  readonly property?: string
  readonly lazy?: boolean
}

/** The server a case asks for. */
export interface AdapterServer {
  /** The adapter's registrations, in order; every request goes through all of them. */
  readonly mounts: readonly AdapterMount[]
  /** The path they are mounted on, such as `/shop`: requests elsewhere go to the page without them. Default: all. */
  readonly at: string | undefined
  /** Trust `X-Forwarded-Proto`, by the framework's own setting, or where it has none by the adapter's `secure`. */
  readonly trustProxy: boolean
  /** Answers every path and method, the whole path given. What it throws goes where handlers of the framework throw to. */
  readonly page: AdapterPage
  /** Told what arrives at the framework's error handling; the answer must then be a 500 that names nothing. */
  readonly onError: (error: unknown) => void
}

/** How the kit starts a server of the framework under test. */
export interface AdapterSetup {
  /** Serve on a loopback port. */
  readonly serve: (server: AdapterServer) => Promise<{ readonly url: string; readonly close: () => Promise<void> }>
}

/** One answer, read to its end. */
export interface Page {
  readonly status: number
  readonly headers: Headers
  /** Names and values of Set-Cookie lines, without attributes; a deletion ends in `=`. */
  readonly cookies: readonly string[]
  readonly body: string
}

/** A browser with one cookie jar. */
export interface Browser {
  cookie: string | undefined
  /** Ask for a page; redirects are not followed. The jar takes what the answer sets. */
  get(path?: string, signal?: AbortSignal): Promise<Page>
  /** The same, with another method or more headers. */
  send(path: string, options: Omit<RequestInit, 'redirect'>): Promise<Page>
  /** The same, answered as soon as the head is there. */
  head(path?: string, signal?: AbortSignal): Promise<Response>
}

/** New browsers for one server, each with a cookie or none to begin with. */
export interface Visitors {
  (cookie?: string): Browser
  readonly url: string
  /** What arrived at the framework's error handling so far. */
  readonly errors: readonly unknown[]
}

/** What is not as usual about a server: one registration with the case's sessions, everywhere, behind no proxy. */
export type ServerOptions = Partial<Pick<AdapterServer, 'mounts' | 'at' | 'trustProxy'>>

/** What a case gets: sessions over an empty, gated store, and servers on demand. */
export interface AdapterContext extends StoreContext {
  readonly on: Site
  /** Start a server; it is closed after the case. */
  readonly serve: (handler: AdapterHandler, options?: ServerOptions) => Promise<Visitors>
  /** The same for a page that asks for its session by itself. */
  readonly servePage: (page: AdapterPage, options?: ServerOptions) => Promise<Visitors>
}

/** Run `body` with a store, sessions and servers of its own, and put everything away whatever happens. */
export function withAdapterContext(
  setup: AdapterSetup & StoreSetup,
  options: SessionsOptions,
  body: (context: AdapterContext) => Promise<void>,
): Promise<void> {
  return withStoreContext(setup, async (context) => {
    const on = site(context, options)
    const servers: { readonly close: () => Promise<void> }[] = []

    async function servePage(page: AdapterPage, wanted: ServerOptions = {}): Promise<Visitors> {
      const { mounts = [{ sessions: on.sessions }], at, trustProxy = false } = wanted
      const errors: unknown[] = []
      const server = await setup.serve({ mounts, at, trustProxy, page, onError: (error) => errors.push(error) })
      servers.push(server)
      return Object.assign((cookie?: string) => browser(server.url, cookie), { url: server.url, errors })
    }

    try {
      await body({
        ...context,
        on,
        servePage,
        serve: (handler, server) => servePage((request, path) => handler(on.sessions.of(request), path), server),
      })
    } finally {
      on.gates.open()
      for (const server of servers) await server.close()
    }
  })
}

function browser(url: string, first: string | undefined): Browser {
  async function ask(path: string, { headers, ...options }: RequestInit = {}): Promise<Response> {
    const all = new Headers(headers)
    if (self.cookie !== undefined) all.set('cookie', self.cookie)
    return fetch(new URL(path, url), { ...options, redirect: 'manual', headers: all })
  }
  const self: Browser = {
    cookie: first,
    get: (path = '/', signal) => self.send(path, signal ? { signal } : {}),
    async send(path, options) {
      const response = await ask(path, options)
      const cookies = response.headers.getSetCookie().map((line) => line.slice(0, line.search(/;|$/)))
      const last = cookies.findLast((cookie) => cookie.startsWith('id='))
      if (last !== undefined) self.cookie = last === 'id=' ? undefined : last
      return { status: response.status, headers: response.headers, cookies, body: await response.text() }
    },
    head: (path = '/', signal) => ask(path, signal ? { signal } : {}),
  }
  return self
}
