import { SessionError } from '../errors.ts'
import { warn } from '../runtime/platform.ts'
import type { Reply } from '../request/reply.ts'
import type { Sessions } from '../sessions.ts'
import { holdHead } from './held-head.ts'
import type { NodeResponse } from './node-response.ts'
import { beginVisit } from './visit.ts'
import type { VisitOptions } from './visit.ts'

/** What is used of a Node request. */
export interface NodeRequest {
  readonly headers: { readonly cookie?: string | undefined }
}

/** How one request is served, settled by the adapter. */
export interface Serving<Data extends object> extends Omit<VisitOptions<Data>, 'cookie'> {
  /** Sends the error response when the session could not be saved; a plain 500 when left out. */
  readonly onCommitError?: ((error: unknown) => void) | undefined
  /** What must be done before the commit. */
  readonly beforeCommit?: () => Promise<void> | undefined
}

/**
 * Register the request's session for `sessions.of` and `get`, and hold the response's head until it is committed.
 *
 * Where an upgrade is handed through the middleware with a stand-in for the response (`{}` is customary for `ws`),
 * there is no head to hold: the session is opened, in the lazy form, too, counts as a visit, and is committed at once.
 * It can be read, and what is changed needs `save()`, as after any head.
 */
export async function serveSession<Data extends object>(
  sessions: Sessions<Data>,
  req: NodeRequest,
  res: NodeResponse,
  serving: Serving<Data>,
): Promise<void> {
  const headless = !('getHeaders' in res)
  // Field by field: taking two out of an object and copying the rest would make another object for every request.
  const { request, secure, activity, onOpen, onCommitError, beforeCommit } = serving
  const visit = await beginVisit(sessions, {
    cookie: req.headers.cookie,
    request,
    secure,
    lazy: serving.lazy && !headless,
    activity,
    onOpen,
  })
  if (headless) {
    await visit.commit({ headSent: true })
    return
  }
  let begun = false

  function commit(status: number, headSent: boolean): Reply | Promise<Reply> {
    begun = true
    const now = (): Reply | Promise<Reply> => visit.commit({ failed: status >= 500, headSent })
    return beforeCommit?.()?.then(now) ?? now()
  }

  holdHead(res, (status) => commit(status, res.headersSent), onCommitError)
  res.on('close', () => {
    // A writer that kept the response's own methods from before went around us.
    if (!begun && res.headersSent) Promise.resolve(commit(res.statusCode, true)).catch(warnOfHead)
    visit.finished()
  })
}

/** The response is over, so there is nobody else to tell. */
function warnOfHead(error: unknown): void {
  if (error instanceof SessionError && error.code === 'head_sent') warn('COATCHECK_HEAD_SENT', error.message)
}
