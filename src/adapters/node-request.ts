import { SessionError } from '../errors.ts'
import { warn } from '../runtime/platform.ts'
import type { Reply } from '../request/reply.ts'
import type { Sessions } from '../sessions.ts'
import { holdHead } from './held-head.ts'
import type { HeadOwner } from './held-head.ts'
import type { NodeResponse } from './node-response.ts'
import { beginVisit } from './visit.ts'
import type { Arrival, Showcase, Visit } from './visit.ts'

/** What is used of a Node request. */
export interface NodeRequest {
  readonly headers: { readonly cookie?: string | undefined }
}

/** Where the session is shown, with what must be done before the commit. */
export interface NodeShowcase<Data extends object> extends Showcase<Data> {
  beforeCommit(): Promise<void> | undefined
}

/** How one request is served, settled by the adapter. */
export interface Serving<Data extends object> {
  /** Open the session when it is first asked for instead of now. */
  readonly lazy: boolean
  readonly shown?: NodeShowcase<Data>
  /** Sends the error response when the session could not be saved; a plain 500 when left out. */
  readonly onCommitError?: ((error: unknown) => void) | undefined
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
  res: NodeResponse,
  arrival: Arrival,
  serving: Serving<Data>,
): Promise<void> {
  const headless = !('getHeaders' in res)
  const visit = await beginVisit(sessions, arrival, headless ? { ...serving, lazy: false } : serving)
  if (headless) {
    await visit.commit({ headSent: true })
    return
  }
  const served = new ServedVisit(visit, res, serving)
  holdHead(res, served)
  res.on('close', () => served.closed())
}

/** A visit that is answered by a Node response. */
class ServedVisit<Data extends object> implements HeadOwner {
  readonly answer: HeadOwner['answer']
  readonly #visit: Visit<Data>
  readonly #res: NodeResponse
  readonly #shown: NodeShowcase<Data> | undefined
  #begun = false

  constructor(visit: Visit<Data>, res: NodeResponse, { shown, onCommitError }: Serving<Data>) {
    this.answer = onCommitError
    this.#visit = visit
    this.#res = res
    this.#shown = shown
  }

  commit(status: number, headSent: boolean = this.#res.headersSent): Reply | Promise<Reply> {
    this.#begun = true
    const ending = { failed: status >= 500, headSent }
    return this.#shown?.beforeCommit()?.then(() => this.#visit.commit(ending)) ?? this.#visit.commit(ending)
  }

  /** The response is over. */
  closed(): void {
    const { statusCode, headersSent } = this.#res
    // A writer that kept the response's own methods from before went around us.
    if (!this.#begun && headersSent) Promise.resolve(this.commit(statusCode, true)).catch(warnOfHead)
    this.#visit.finished()
  }
}

/** The response is over, so there is nobody else to tell. */
function warnOfHead(error: unknown): void {
  if (error instanceof SessionError && error.code === 'head_sent') warn('COATCHECK_HEAD_SENT', error.message)
}
