import type { Backend } from '../backend/backend.ts'
import { unsavedKeys } from './changes.ts'
import { SessionError } from '../errors.ts'
import type { Emit } from '../events/events.ts'
import type { Policy } from '../options/options.ts'
import { warnOnce } from '../runtime/platform.ts'
import { EMPTY_REPLY } from './reply.ts'
import type { Reply } from './reply.ts'
import { origin } from './state.ts'
import type { SessionState } from './state.ts'

const SESSION_SHOWN: Reply = { setCookie: [], varyCookie: true }

/** Turn a committed state into what the response carries. From here on the head counts as gone. */
export function replyFor(state: SessionState, policy: Policy, emit: Emit): Reply {
  const { cookieDue, ticket } = state
  state.cookieDue = undefined
  state.headGone = true
  reportDropped(state, emit)
  if (cookieDue === undefined) return state.asked ? SESSION_SHOWN : EMPTY_REPLY
  if (!state.mayIssue) {
    reportWithheld(state, policy, emit)
    return SESSION_SHOWN
  }
  const { clearReplaced } = policy.cookie
  if (cookieDue === 'clear-replaced') return { setCookie: clearReplaced, varyCookie: true }
  const value = state.cookieValue ?? ticket?.token
  const own = cookieDue === 'clear' || value === undefined ? policy.cookie.clear() : issued(state, value, policy)
  // Ours last: to a browser that knows no partitions a replaced cookie may be the very same.
  const setCookie = [...clearReplaced, own]
  const { clearSiteData } = policy
  if (clearSiteData === undefined || !(state.signedOut || state.ended === 'destroyed') || !state.secure)
    return { setCookie, varyCookie: true }
  return { setCookie, varyCookie: true, headers: { 'clear-site-data': clearSiteData } }
}

function issued({ stored }: SessionState, value: string, { cookie, clock }: Policy): string {
  const now = clock.now()
  return cookie.issue(value, now, stored?.head.permanent ? stored.expiresAt - now : undefined)
}

/** A cookie that stays at home is the classic silent failure behind a proxy; so it is said, once and by event. */
export function reportWithheld(state: SessionState, policy: Policy, emit: Emit): void {
  const { ticket, owner } = origin(state) ?? state
  emit('withheld', { id: ticket?.id ?? '', owner }, state)
  warnOnce(
    'COATCHECK_COOKIE_WITHHELD',
    `the cookie ${policy.cookie.name} is for https only and was not sent on a plain connection. Behind a proxy that ` +
      "ends TLS, turn on your framework's trust-proxy setting; for plain http while developing, set cookie.secure: false",
  )
}

/** Data written to a session that had ended before: nothing keeps it, so at least an event names it. */
function reportDropped(state: SessionState, emit: Emit): void {
  if (state.ended === undefined || state.goneReported) return
  const keys = unsavedKeys(state)
  if (keys.length === 0) return
  state.goneReported = true
  emit('gone', { id: state.ticket?.id ?? '', reason: state.ended, keys }, state)
}

/** Data changed after the head had left. */
export function reportLate(state: SessionState, backend: Backend, emit: Emit): void {
  if (state.ended) return reportDropped(state, emit)
  if (!state.asked || state.dropped || (!state.mayIssue && !state.stored)) return
  const keys = backend.unsaved(state)
  if (keys.length === 0) return
  emit('late', { id: state.ticket?.id ?? '', owner: state.stored?.owner, keys }, state)
  warnOnce(
    'COATCHECK_LATE_CHANGE',
    `session data (${keys.join(', ')}) changed after the response head had left and was not saved; ${backend.lateAdvice}`,
  )
}

/**
 * The head left before the commit. What needs no head may still be saved; changed data and a new ID are refused: the
 * browser has an answer that relies on them, and a save now could fail with nobody left to be told. A session saved
 * before, whose cookie did not travel, is refused likewise.
 */
export function refuseLate(state: SessionState, backend: Backend, emit: Emit): void {
  state.headGone = true
  if (state.ended || !state.asked || state.dropped) return
  const keys = backend.unsaved(state)
  const lost = [...(state.retiring || state.cookieDue === 'issue' ? ['the cookie'] : []), ...keys]
  if (lost.length === 0) return
  emit('late', { id: state.ticket?.id ?? '', owner: state.stored?.owner, keys }, state)
  throw new SessionError(
    'head_sent',
    `something wrote to the response past the session, and this was not saved or sent: ${lost.join(', ')}. Answer ` +
      'through the framework; what a stored session holds can be saved by await session.save() before you write',
  )
}
