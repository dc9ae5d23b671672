import { warnOnce } from '../platform.ts'
import type { Reply } from '../reply.ts'
import type { Session } from '../session.ts'
import type { Sessions } from '../sessions.ts'
import { applyReply } from './headers.ts'

/** All of it is optional. */
export interface FetchOptions<Req extends Request> {
  /** Whether the visitor came by https. Default: what `request.url` says; behind a proxy that ends TLS, say it here. */
  readonly secure?: (request: Req) => boolean
  /** False for a request that is no visit, such as polling: the session's deadline stays. Default: every one is. */
  readonly activity?: (request: Req) => boolean
  /** The response when the session could not be saved, in place of a plain 500. */
  readonly onCommitError?: (error: unknown, request: Req) => Response | Promise<Response>
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
 * commit that keeps only `destroy` and `regenerate`; an error on opening the session is passed on as well.
 */
export function withSession<Data extends object, Req extends Request, Rest extends unknown[]>(
  sessions: Sessions<Data>,
  handler: (request: Req, session: Session<Data>, ...rest: Rest) => Response | Promise<Response>,
  options: FetchOptions<Req> = {},
): (request: Req, ...rest: Rest) => Promise<Response> {
  const { secure = isHttps, activity = () => true, onCommitError = answerPlainly } = options

  return async function serve(request, ...rest) {
    const session = await sessions.open({
      cookie: request.headers.get('cookie') ?? undefined,
      secure: secure(request),
      activity: activity(request),
      request,
    })
    sessions.attach(request, session)
    const response = await handle(request, session, rest)
    try {
      const { status } = response
      const reply = await sessions.commit(session, { failed: status >= 500, cookieless: status < 200 })
      return dress(response, reply, () => sessions.finished(session))
    } catch (error) {
      // Nobody will read it any more; what feeds it is told to stop.
      response.body?.cancel().catch(() => undefined)
      return onCommitError(error, request)
    }
  }

  async function handle(request: Req, session: Session<Data>, rest: Rest): Promise<Response> {
    try {
      return await handler(request, session, ...rest)
    } catch (error) {
      // The store's own failure has an event already; the handler's error is the one to tell.
      await Promise.resolve(sessions.commit(session, { failed: true })).catch(() => undefined)
      throw error
    }
  }
}

/** The response with what the session needs, in a copy: the same object may be answered to the next visitor. */
function dress(response: Response, reply: Reply, finished: () => void): Response {
  // Upgrades and Response.error() have no head that we could add to.
  if (response.status < 200) {
    if (reply.setCookie.length > 0) {
      warnOnce(
        'COATCHECK_COOKIE_LOST',
        `a session cookie was due on a response of status ${response.status}, which cannot carry one; start or ` +
          'regenerate the session before the upgrade',
      )
    }
    return response
  }
  if (!reply.varyCookie && reply.setCookie.length === 0) return response
  const dressed = new Response(watch(response, finished), response)
  applyReply(dressed.headers, reply)
  return dressed
}

/**
 * The body, telling when it has ended or is given up. A body of a declared length is passed as it is: it costs no
 * pass-through, and what makes it is hardly still changing the session.
 */
function watch({ body, headers }: Response, finished: () => void): ReadableStream<Uint8Array> | null {
  if (body === null || headers.has('content-length')) return body
  const watcher = { flush: finished, cancel: finished } // TypeScript's DOM library does not know cancel yet
  return body.pipeThrough(new TransformStream(watcher))
}

function isHttps({ url }: Request): boolean {
  return url.startsWith('https:')
}

function answerPlainly(): Response {
  return new Response('Internal Server Error', { status: 500, headers: { 'cache-control': 'no-store' } })
}
