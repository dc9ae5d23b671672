import type { Backend } from './backend.ts'
import { decodeData } from '../record/codec.ts'
import { SessionError } from '../errors.ts'
import type { DestroyReason } from '../events/events.ts'
import type { SessionState } from '../request/state.ts'

/** `destroy()`: end the session. Of a request whose cookies open several, end all of them. */
export async function destroySession(state: SessionState, backend: Backend, reason: DestroyReason): Promise<void> {
  if (state.ended === 'ambiguous') await destroyRivals(state, backend, reason)
  else if (!state.ended) await backend.destroy(state, reason)
}

/**
 * Whoever signs out means the session they are in, and which of these that is does not matter then. Doing nothing would
 * let a planted cookie keep people from signing out, and show them a page that says they are.
 */
async function destroyRivals(state: SessionState, backend: Backend, reason: DestroyReason): Promise<void> {
  if (state.rivals.length === 0) {
    throw new SessionError('session_ended', 'the browser sent so many cookies of this name that none was looked up')
  }
  let isOurs = true
  for (const rival of state.rivals) {
    const { ticket, owner } = rival
    const one: SessionState = { ...state, ended: undefined, stored: rival, ticket, owner, presented: true }
    await backend.destroy(one, reason)
    // Where another request was faster, the session may have moved on, with a cookie that must stay.
    isOurs &&= one.cookieDue === 'clear'
  }
  state.rivals = []
  state.data = decodeData(state.blank)
  state.ended = 'destroyed'
  if (isOurs) state.cookieDue = 'clear'
}
