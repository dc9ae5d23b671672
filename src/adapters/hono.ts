import { SessionError } from '../errors.ts'
import { warn } from '../runtime/platform.ts'
import type { Reply } from '../request/reply.ts'
import type { Session } from '../session.ts'
import type { Sessions } from '../sessions.ts'
import { dressResponse, plainError } from './fetch-response.ts'
import { beginVisit } from './visit.ts'

/** What is used of Hono's context. */
export interface HonoContext {
  readonly req: { readonly raw: Request; readonly method: string; readonly path: string; readonly url: string }
  get res(): Response
  set res(response: Response | undefined)
  get(key: string): unknown
  set(key: string, value: unknown): void
}

/**
 * What the middleware adds to `c.var`: `new Hono<{ Variables: SessionVariables<Data> }>()`; with data under a schema
 * `SessionVariables<Data, Data>`, since nothing of it is missing then.
 */
export interface SessionVariables<Data extends object, Held extends object = Partial<Data>> {
  readonly session: Session<Data, Held>
}

/** All of it is optional. */
export interface HonoOptions<Ctx> {
  /** Where the session is in `c.var`. A second instance on one app needs another. Default `'session'`. */
  readonly property?: string
  /** Whether the visitor came by https. Default: what the request's URL says; behind a proxy that ends TLS, say it here. */
  readonly secure?: (c: Ctx) => boolean
  /**
   * Open the session when it is first asked for, by `await sessions.get(c)`; `c.var.session` is there from then on. A
   * request that does not ask is no visit and reads nothing. Default false.
   */
  readonly lazy?: boolean
  /** False for a request that is no visit, such as polling: the session's deadline stays. Default: every one is. */
  readonly activity?: (c: Ctx) => boolean
  /** The response when the session could not be saved, in place of a plain 500. */
  readonly onCommitError?: (error: unknown, c: Ctx) => Response | Promise<Response>
}

/** By this header a handler tells Hono's server for Node that it has answered through Node's own response. */
const ANSWERED_BEHIND = 'x-hono-already-sent'

/**
 * Sessions for Hono 4, on Node and wherever else it runs: `app.use(session(sessions))`.
 *
 * `c.var.session`, or `sessions.of(c)`, is the session. The response is given back once it is saved, in a copy that
 * carries the cookie, its body still streaming; what `app.onError` answers is saved for like any response. An error on
 * opening goes to `app.onError`, as does mounting it twice (`registered_twice`).
 */
export function session<Data extends object, Ctx extends HonoContext = HonoContext>(
  sessions: Sessions<Data>,
  options: HonoOptions<Ctx> = {},
): (c: Ctx, next: () => Promise<void>) => Promise<void> {
  const { property = 'session', secure = isHttps, lazy = false, activity = () => true } = options
  const { onCommitError = plainError } = options

  return async function openSession(c, next) {
    if (c.get(property) !== undefined) {
      throw new SessionError(
        'registered_twice',
        `c.var.${property} is there already; use one session middleware, or give the second its own property`,
      )
    }
    const arrival = {
      request: c,
      cookie: c.req.raw.headers.get('cookie') ?? undefined,
      secure: secure(c),
      activity: activity(c),
    }
    const visit = await beginVisit(sessions, arrival, { lazy, shown: { show: (opened) => c.set(property, opened) } })
    try {
      await next()
    } catch (error) {
      // Hono hands on only what is no Error: there will be no response to put a cookie on.
      await Promise.resolve(visit.commit({ failed: true })).catch(() => undefined)
      throw error
    }
    const { res } = c
    const headSent = res.headers.has(ANSWERED_BEHIND)
    let reply: Reply
    try {
      reply = await visit.commit({ failed: res.status >= 500, cookieless: res.status < 200, headSent })
    } catch (error) {
      if (error instanceof SessionError && error.code === 'head_sent') {
        warn('COATCHECK_HEAD_SENT', error.message)
        return
      }
      // Nobody will read it any more; what feeds it is told to stop.
      res.body?.cancel().catch(() => undefined)
      answer(c, await onCommitError(error, c))
      return
    }
    if (headSent) return
    const dressed = dressResponse(res, reply, () => visit.finished())
    if (dressed !== res) answer(c, dressed)
  }
}

/** Taken off first: Hono would lay the headers of the present response over those of the new one. */
function answer(c: HonoContext, response: Response): void {
  c.res = undefined
  c.res = response
}

function isHttps({ req }: HonoContext): boolean {
  return req.url.startsWith('https:')
}
