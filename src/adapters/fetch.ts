import type { Session } from '../session.ts'
import type { Sessions } from '../sessions.ts'
import { dressResponse, plainError } from './fetch-response.ts'
import { beginVisit } from './visit.ts'
import type { Visit } from './visit.ts'

/** All of it is optional. */
export interface FetchOptions<Req extends Request> {
  /** Whether the visitor came by https. Default: what `request.url` says; behind a proxy that ends TLS, say it here. */
  readonly secure?: (request: Req) => boolean
  /**
   * Open the session when it is first asked for: the handler gets a function in its place, and `sessions.get(request)`
   * does the same. A request that does not ask is no visit and reads nothing. Default false.
   */
  readonly lazy?: boolean
  /** False for a request that is no visit, such as polling: the session's deadline stays. Default: every one is. */
  readonly activity?: (request: Req) => boolean
  /** The response when the session could not be saved, in place of a plain 500. */
  readonly onCommitError?: (error: unknown, request: Req) => Response | Promise<Response>
  /**
   * The response when the handler threw, so that the cookie of a login that failed later on travels with it. Default:
   * the error is passed on, and the server's own answer to it carries no cookie.
   */
  readonly onError?: (error: unknown, request: Req) => Response | Promise<Response>
}

/**
 * Sessions for fetch-style servers: a handler from Request to Response gets the session beside the request.
 *
 * ```ts
 * const handle = withSession(sessions, (request, { data }) => new Response(`Hello ${data.name}`))
 * ```
 *
 * The response is given back once the session is saved, its body untouched and still streaming. What else the server
 * passes (`env`, `ctx`, `info`) reaches the handler behind the session. An error of the handler is passed on after a
 * commit that keeps only `destroy` and `regenerate`, unless `onError` answers it; an error on opening the session is
 * passed on.
 */
export function withSession<Data extends object, Req extends Request, Rest extends unknown[], Held extends object>(
  sessions: Sessions<Data, Held>,
  handler: (request: Req, session: Session<Data, Held>, ...rest: Rest) => Response | Promise<Response>,
  options?: FetchOptions<Req> & { readonly lazy?: false },
): (request: Req, ...rest: Rest) => Promise<Response>
/** The lazy form: the session is opened when the handler calls what it gets in its place. */
export function withSession<Data extends object, Req extends Request, Rest extends unknown[], Held extends object>(
  sessions: Sessions<Data, Held>,
  handler: (
    request: Req,
    getSession: () => Promise<Session<Data, Held>>,
    ...rest: Rest
  ) => Response | Promise<Response>,
  options: FetchOptions<Req> & { readonly lazy: true },
): (request: Req, ...rest: Rest) => Promise<Response>
export function withSession<Data extends object, Req extends Request, Rest extends unknown[], Held extends object>(
  sessions: Sessions<Data, Held>,
  handler: (request: Req, session: never, ...rest: Rest) => Response | Promise<Response>,
  options: FetchOptions<Req> = {},
): (request: Req, ...rest: Rest) => Promise<Response> {
  const { secure = isHttps, lazy = false, activity = () => true, onCommitError = plainError, onError } = options

  return async function serve(request, ...rest) {
    const arrival = {
      request,
      cookie: request.headers.get('cookie') ?? undefined,
      secure: secure(request),
      activity: activity(request),
    }
    const visit = await beginVisit(sessions, arrival, { lazy })
    const response = await handle(request, visit, rest)
    try {
      const { status } = response
      const reply = await visit.commit({ failed: status >= 500, cookieless: status < 200 })
      return dressResponse(response, reply, () => visit.finished())
    } catch (error) {
      // Nobody will read it any more; what feeds it is told to stop.
      response.body?.cancel().catch(() => undefined)
      return onCommitError(error, request)
    }
  }

  async function handle(request: Req, visit: Visit<Data>, rest: Rest): Promise<Response> {
    const session = lazy ? (): Promise<Session<Data, Held>> => sessions.get(request) : sessions.of(request)
    try {
      // The overloads say which of the two the handler takes.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      return await handler(request, session as never, ...rest)
    } catch (error) {
      try {
        if (onError) return await onError(error, request)
        throw error
      } catch (unanswered) {
        // The store's own failure has an event already; the handler's error is the one to tell.
        await Promise.resolve(visit.commit({ failed: true })).catch(() => undefined)
        throw unanswered
      }
    }
  }
}

function isHttps({ url }: Request): boolean {
  return url.startsWith('https:')
}
