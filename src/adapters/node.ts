import type { IncomingMessage, ServerResponse } from 'node:http'
import { warn } from '../runtime/platform.ts'
import type { Sessions } from '../sessions.ts'
import { callBack } from './call-back.ts'
import { answerPlainly, restoreHead, takeHead } from './node-response.ts'
import type { NodeResponse } from './node-response.ts'
import { serveSession } from './node-request.ts'
import type { NodeRequest } from './node-request.ts'

/** What is used of an `http.IncomingMessage` or an `http2.Http2ServerRequest`. */
export interface NodeServerRequest extends NodeRequest {
  readonly socket: object
}

/** All of it is optional. */
export interface NodeOptions<Req, Res> {
  /** Whether the visitor came by https. Default: whether this socket is TLS; behind a proxy, say it here. */
  readonly secure?: (req: Req) => boolean
  /**
   * Open the session when it is first asked for, by `await sessions.get(req)`. A request that does not ask is no visit
   * and reads nothing. Default false.
   */
  readonly lazy?: boolean
  /** False for a request that is no visit, such as polling: the session's deadline stays. Default: every one is. */
  readonly activity?: (req: Req) => boolean
  /** Sends the error response when the session could not be saved, in place of a plain 500. Must end `res`. */
  readonly onCommitError?: (error: unknown, req: Req, res: Res) => void
  /**
   * Told when the handler failed or the session could not be opened, after which the response is a plain 500, or cut
   * off where it had begun. Default: a process warning with the code `COATCHECK_HANDLER_FAILED`.
   */
  readonly onError?: (error: unknown, req: Req) => void
}

/**
 * Sessions for `http.createServer` and `http2.createServer`.
 *
 * ```ts
 * http.createServer(session(sessions, async (req, res) => {
 *   const { data } = sessions.of(req)
 *   res.end(`Hello ${data.name}`)
 * }))
 * ```
 *
 * The head is sent once the session is saved. When the handler throws or rejects, the response is a plain 500, and of
 * the session only `destroy` and `regenerate` stand.
 */
export function session<
  Data extends object,
  Req extends NodeServerRequest = IncomingMessage,
  Res extends NodeResponse = ServerResponse,
>(
  sessions: Sessions<Data>,
  handler: (req: Req, res: Res) => unknown,
  options?: NodeOptions<Req, Res>,
): (req: Req, res: Res) => void
/** The same as a connect-style middleware: an error on opening the session goes to `next`. */
export function session<
  Data extends object,
  Req extends NodeServerRequest = NodeServerRequest,
  Res extends NodeResponse = NodeResponse,
>(
  sessions: Sessions<Data>,
  options?: NodeOptions<Req, Res>,
): (req: Req, res: Res, next: (error?: unknown) => void) => void
export function session<Data extends object, Req extends NodeServerRequest, Res extends NodeResponse>(
  sessions: Sessions<Data>,
  handlerOrOptions: ((req: Req, res: Res) => unknown) | NodeOptions<Req, Res> = {},
  handlerOptions: NodeOptions<Req, Res> = {},
): (req: Req, res: Res, next?: (error?: unknown) => void) => void {
  const handler = typeof handlerOrOptions === 'function' ? handlerOrOptions : undefined
  const options = typeof handlerOrOptions === 'function' ? handlerOptions : handlerOrOptions
  const { secure = isTls, lazy = false, activity = () => true, onCommitError, onError = warnOfFailure } = options

  async function open(req: Req, res: Res): Promise<void> {
    const arrival = { request: req, cookie: req.headers.cookie, secure: secure(req), activity: activity(req) }
    await serveSession(sessions, res, arrival, {
      lazy,
      onCommitError: onCommitError && ((error) => onCommitError(error, req, res)),
    })
  }

  async function serve(req: Req, res: Res): Promise<void> {
    const before = takeHead(res)
    try {
      await open(req, res)
      await handler?.(req, res)
    } catch (error) {
      if (!res.headersSent) {
        restoreHead(res, before)
        answerPlainly(res)
      } else if (!res.writableEnded) {
        // Half a page must not look like a whole one.
        res.destroy()
      }
      onError(error, req)
    }
  }

  return (req, res, next) => {
    if (handler) void serve(req, res)
    else callBack(open(req, res), (error) => next?.(error))
  }
}

function isTls({ socket }: NodeServerRequest): boolean {
  return 'encrypted' in socket && socket.encrypted === true
}

function warnOfFailure(error: unknown): void {
  warn('COATCHECK_HANDLER_FAILED', error instanceof Error ? (error.stack ?? error.message) : String(error))
}
