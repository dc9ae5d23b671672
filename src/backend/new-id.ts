import type { Backend } from './backend.ts'
import { decodeData } from '../record/codec.ts'
import { destroySession } from './destroy-session.ts'
import type { Policy } from '../options/options.ts'
import { hashesAtOnce } from '../runtime/platform.ts'
import { dropProof } from '../request/state.ts'
import type { SessionState } from '../request/state.ts'
import { drawTicket } from '../cookie/token.ts'
import { NOBODYS } from '../request/wanted.ts'

/** What `login()` has checked. */
export interface SignIn {
  readonly owner: string
  readonly keep: SessionState['keep'] | undefined
  readonly note: SessionState['note']
}

/** `regenerate()`: prepare the move to a new ID, which the next save carries out. */
export async function takeNewId(state: SessionState, policy: Policy, keep: SessionState['keep']): Promise<void> {
  if (state.ended) {
    // The second click on "log in" arrives with the old cookie. Its answer, usually a redirect, is followed with
    // the new one: an error page would hide that the first click did all there was to do.
    state.data = decodeData(state.blank)
    return
  }
  const ticket = await drawTicket(policy.randomBytes)
  const carried = Object.entries(state.data).filter(([key]) => keep === true || (keep !== false && keep.includes(key)))
  state.data = Object.fromEntries([...Object.entries(decodeData(state.blank)), ...carried])
  if (keepsNothing(keep)) {
    dropProof(state)
    Object.assign(state, NOBODYS)
  }
  state.keep = state.retiring ? both(state.keep, keep) : keep
  state.retiring ??= state.stored
  state.stored = undefined
  state.ticket = ticket
  state.asked = true
}

/** Whether a move leaves everything behind; then whose session it was stays behind, too. */
export function keepsNothing(keep: SessionState['keep']): boolean {
  return keep === false || (keep !== true && keep.length === 0)
}

/** `login()`: a new ID, its owner and the time, saved at once. When it fails, nothing of it has happened. */
export async function signIn(state: SessionState, backend: Backend, policy: Policy, by: SignIn): Promise<void> {
  const { owner } = by
  const { data, permanent, note, authAt, createdAt, ticket, stored, retiring, keep, cookieDue } = state
  const before = { data, permanent, owner: state.owner, note, authAt, createdAt, ticket }
  const [isAgain, isFirst] = [before.owner === owner, before.owner === undefined]
  // What another user left must not be the next one's, as at a browser that several people use.
  await takeNewId(state, policy, isAgain || isFirst ? (by.keep ?? isAgain) : false)
  if (state.ended) return
  const now = policy.clock.now()
  state.createdAt = isAgain || isFirst ? createdAt : now
  state.owner = owner
  state.authAt = now
  state.note = by.note ?? (isAgain ? note : undefined)
  try {
    await backend.save(state, false)
  } catch (error) {
    Object.assign(state, before, { stored, retiring, keep, cookieDue })
    throw error
  }
  // Another request was faster: nobody has signed in here, and whoever asks for the owner must not be told otherwise.
  if (state.ended) Object.assign(state, before)
}

/** `logout()`: the record is gone, and the session begins anew, so that it can hold a notice. */
export async function signOut(state: SessionState, backend: Backend, policy: Policy): Promise<void> {
  const { ended } = state
  if (ended !== undefined && ended !== 'ambiguous') return
  await destroySession(state, backend, 'logout')
  // Another request was faster: its end stands, and so does the cookie of a session that moved on.
  if (state.ended !== 'destroyed') return
  state.ended = undefined
  state.signedOut ||= state.cookieDue === 'clear'
  state.ticket = hashesAtOnce ? undefined : await drawTicket(policy.randomBytes)
  Object.assign(state, NOBODYS)
  state.permanent = policy.permanent
  state.createdAt = policy.clock.now()
}

/** What two regenerates in a row carry over: only what both were told to keep. */
function both(first: SessionState['keep'], second: SessionState['keep']): SessionState['keep'] {
  if (first === true) return second
  if (second === true) return first
  return first === false || second === false ? false : first.filter((key) => second.includes(key))
}
