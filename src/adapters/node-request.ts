import type { Session } from '../session.ts'
import type { Sessions } from '../sessions.ts'
import { holdHead } from './held-head.ts'
import type { NodeResponse } from './node-response.ts'

/** What is used of a Node request. */
export interface NodeRequest {
  readonly headers: { readonly cookie?: string | undefined }
}

/** How one request is served, settled by the adapter. */
export interface Serving {
  readonly secure: boolean
  readonly activity: boolean
  /** Sends the error response when the session could not be saved; a plain 500 when left out. */
  readonly onCommitError?: ((error: unknown) => void) | undefined
  /** What must be done before the commit. */
  readonly beforeCommit?: () => Promise<void> | undefined
}

/** Open the request's session, register it for `sessions.of`, and hold the response's head until it is committed. */
export async function serveSession<Data extends object>(
  sessions: Sessions<Data>,
  req: NodeRequest,
  res: NodeResponse,
  { secure, activity, onCommitError, beforeCommit }: Serving,
): Promise<Session<Data>> {
  const session = await sessions.open({ cookie: req.headers.cookie, secure, activity, request: req })
  sessions.attach(req, session)
  let committed = false

  holdHead(
    res,
    (status) => {
      const commit = (): ReturnType<typeof sessions.commit> => sessions.commit(session, { failed: status >= 500 })
      const reply = beforeCommit?.()?.then(commit) ?? commit()
      if (!('then' in reply)) {
        committed = true
        return reply
      }
      return reply.then((saved) => {
        committed = true
        return saved
      })
    },
    onCommitError,
  )
  // After a commit that failed nothing is "late": all of it is unsaved, and the response has said so.
  res.on('close', () => {
    if (committed) sessions.finished(session)
  })
  return session
}
