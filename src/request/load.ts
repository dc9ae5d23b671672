import type { Backend, Missing } from '../backend/backend.ts'
import { decodeData } from '../record/codec.ts'
import type { SessionError } from '../errors.ts'
import type { Emit } from '../events/events.ts'
import { findAmong } from './find-session.ts'
import { knownLines } from '../record/known-lines.ts'
import { NO_LINES } from '../record/merge.ts'
import type { Policy } from '../options/options.ts'
import type { Lines } from '../record/record.ts'
import type { OpenRequest } from '../sessions.ts'
import { announce } from './state.ts'
import type { SessionState, StoredState } from './state.ts'
import { ticketFor } from '../cookie/token.ts'
import { isOutage } from './unavailable.ts'
import type { Validation } from './validation.ts'

/** A request, and what a new session begins with. */
interface Arrival extends OpenRequest {
  readonly blank: Lines
}

const NO_OTHERS: readonly Missing[] = []

/** The beginning of a request: from its cookie to the state of its session. */
export function sessionLoader(
  backend: Backend,
  policy: Policy,
  emit: Emit,
): (request: OpenRequest) => Promise<SessionState> {
  const { cookie, clock, validation } = policy

  function begin(request: Arrival, from?: StoredState, unavailable?: SessionError): SessionState {
    const { blank } = request
    const data = decodeData(from?.lines ?? blank)
    return {
      request: request.request,
      data,
      blank,
      permanent: from?.head.permanent ?? policy.permanent,
      owner: from?.owner,
      authAt: from?.head.authAt,
      note: from?.head.note,
      ticket: from?.ticket,
      stored: from,
      retiring: undefined,
      keep: false,
      ended: undefined,
      rivals: [],
      unavailable,
      signedOut: false,
      goneReported: false,
      dropped: false,
      createdAt: from?.head.createdAt ?? clock.now(),
      asked: false,
      dataAsked: false,
      known: from && knownLines(from.lines, data),
      counts: request.activity ?? true,
      secure: request.secure,
      takesCookie: undefined,
      mayIssue: !cookie.secure || request.secure,
      presented: from !== undefined,
      cookieDue: undefined,
      cookieValue: undefined,
      headGone: false,
      tail: undefined,
    }
  }

  function open(request: Arrival, found: StoredState, sent: readonly string[]): SessionState {
    const { ticket, owner } = found
    try {
      const state = begin(request, found)
      // Renewed: the answer that brought the new token may have been lost, so it is sent again.
      if (policy.renewal && !sent.includes(ticket.token)) announce(state)
      if (emit.heard('loaded')) emit('loaded', { id: ticket.id, owner }, state)
      return state
    } catch (error) {
      const state = begin(request)
      emit('rejected', { reason: 'unreadable', id: ticket.id, owner, detail: String(error) }, state)
      return state
    }
  }

  /** What was found, with data that fits the schema. */
  async function fitted(request: Arrival, found: StoredState, schema: Validation): Promise<StoredState> {
    const { id } = found.ticket
    const lines = await schema.fit(found.lines, (misfit) => {
      emit('invalid', { id, owner: found.owner, ...misfit }, { request: request.request })
    })
    return { ...found, lines }
  }

  function openNone(request: Arrival, found: Missing): SessionState {
    const state = begin(request)
    const { missing, id } = found
    // The cookie of before a login may neither see the new data nor overwrite the new cookie. Nor may a session that
    // cannot be told from a planted one take anything, or touch the cookie that is the visitor's own.
    if (missing === 'superseded' || missing === 'ambiguous') {
      state.ended = missing
      state.ticket = { id, token: '' }
      state.rivals = found.rivals ?? []
    }
    if (missing === 'ambiguous' && cookie.clearReplaced.length > 0 && state.mayIssue) {
      state.cookieDue = 'clear-replaced'
    }
    report(found, state)
    return state
  }

  function report({ missing, id, owner, detail }: Missing, state: SessionState): void {
    if (missing === 'superseded') return
    if (missing === 'expired') emit('expired', { id, owner }, state)
    else emit('rejected', { reason: missing, id, ...(detail === undefined ? {} : { detail }) }, state)
  }

  /** An ID of its own, if anybody asks: that of the cookie is not known to be a session's. */
  async function openUnread(request: Arrival, token: string, error: SessionError): Promise<SessionState> {
    const state = begin(request, undefined, error)
    const { id } = await ticketFor(token)
    emit('unavailable', { id, code: error.code }, state)
    return state
  }

  return async (opened) => {
    const request = { ...opened, blank: validation ? await validation.blank() : NO_LINES }
    const sent = cookie.read(request.cookie)
    if (sent === undefined) return begin(request)
    if (sent === 'malformed') {
      const state = begin(request)
      emit('rejected', { reason: 'malformed' }, state)
      return state
    }
    try {
      const alone = sent !== 'too_many' && sent.length === 1
      // Looked up right here: every function that waits in between costs a request about a microsecond.
      const { found: record, others } = alone
        ? { found: await backend.find(sent[0] ?? ''), others: NO_OTHERS }
        : await findAmong(backend, sent, policy)
      const found = validation && !('missing' in record) ? await fitted(request, record, validation) : record
      const state =
        'missing' in found ? openNone(request, found) : open(request, found, sent === 'too_many' ? [] : sent)
      for (const other of others) report(other, state)
      return state
    } catch (error) {
      if (policy.onStoreError === 'anonymous' && isOutage(error)) return openUnread(request, sent[0] ?? '', error)
      throw error
    }
  }
}
