import type { SessionsOptions } from '../options.ts'
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

/** How the kit starts a server of the framework under test. */
export interface AdapterSetup {
  /**
   * Serve `handler` behind the adapter on a loopback port, with the session that `sessions.of(request)` gives. What the
   * handler throws goes where the framework's handlers throw to, and must end in a 500.
   */
  readonly serve: (
    sessions: Sessions<Data>,
    handler: AdapterHandler,
  ) => Promise<{ readonly url: string; readonly close: () => Promise<void> }>
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
  /** The same, answered as soon as the head is there. */
  head(path?: string): Promise<Response>
}

/** What a case gets: sessions over an empty, gated store, and servers on demand. */
export interface AdapterContext extends StoreContext {
  readonly on: Site
  /** Start a server; it is closed after the case. */
  readonly serve: (handler: AdapterHandler) => Promise<(cookie?: string) => Browser>
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
    try {
      await body({
        ...context,
        on,
        async serve(handler) {
          const server = await setup.serve(on.sessions, handler)
          servers.push(server)
          return (cookie) => browser(server.url, cookie)
        },
      })
    } finally {
      on.gates.open()
      for (const server of servers) await server.close()
    }
  })
}

function browser(url: string, first: string | undefined): Browser {
  async function ask(path: string, signal?: AbortSignal): Promise<Response> {
    const { cookie } = self
    return fetch(new URL(path, url), {
      redirect: 'manual',
      headers: cookie === undefined ? {} : { cookie },
      ...(signal && { signal }),
    })
  }
  const self: Browser = {
    cookie: first,
    async get(path = '/', signal) {
      const response = await ask(path, signal)
      const cookies = response.headers.getSetCookie().map((line) => line.slice(0, line.search(/;|$/)))
      const last = cookies.findLast((cookie) => cookie.startsWith('id='))
      if (last !== undefined) self.cookie = last === 'id=' ? undefined : last
      return { status: response.status, headers: response.headers, cookies, body: await response.text() }
    },
    head: (path = '/') => ask(path),
  }
  return self
}
