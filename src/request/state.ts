import { beganAt, planDeadline, target } from './lifetime.ts'
import type { DeadlinePlan, LifetimeFacts } from './lifetime.ts'
import type { Lines } from '../record/record.ts'
import type { KnownLines } from '../record/known-lines.ts'
import type { SessionError } from '../errors.ts'
import type { EndReason } from '../events/events.ts'
import type { Policy } from '../options/options.ts'
import type { RecordHead } from '../record/record.ts'
import type { Version } from '../store.ts'
import { issuedAt } from '../record/succession.ts'
import type { Ticket } from '../cookie/token.ts'

/** A record as we last saw or wrote it. */
export interface StoredState {
  readonly ticket: Ticket
  readonly version: Version
  readonly head: RecordHead
  readonly lines: Lines
  readonly expiresAt: number
  readonly owner: string | undefined
  /** The store asks for it to be written anew, see `StoredRecord`. */
  readonly rewriteDue?: boolean
}

/** What is true of one session during one request. The `Session` is a view of it; the back end moves it on. */
export interface SessionState {
  /** What the adapter said the request is, for events. */
  readonly request: unknown
  /** Handed to the application, which changes it as it likes. */
  data: Record<string, unknown>
  /** What `data` begins with when it begins anew: nothing, or the defaults of a schema. */
  readonly blank: Lines
  permanent: boolean
  owner: string | undefined
  /** When the owner last proved who they are. */
  authAt: number | undefined
  /** The application's words for the owner's list of devices. */
  note: Readonly<Record<string, string>> | undefined
  /** The current ID. Drawn on first need: a visitor who stores nothing costs no randomness. */
  ticket: Ticket | undefined
  /** The record under the current ID; undefined while there is none. */
  stored: StoredState | undefined
  /** The record that `regenerate()` left behind, to be superseded by the next save. */
  retiring: StoredState | undefined
  /** Which keys `regenerate()` carries over. */
  keep: readonly string[] | boolean
  ended: EndReason | undefined
  /** The sessions that an `ambiguous` one may be, for `destroy()`. */
  rivals: readonly StoredState[]
  /** Why the session could not be read: it is an anonymous one that is never saved. */
  readonly unavailable: SessionError | undefined
  /** `logout()` ended the session that the browser had: what this is now began after it. */
  signedOut: boolean
  /** The `gone` event has named what was dropped. */
  goneReported: boolean
  /** The last commit dropped the changes on purpose, because the request failed. */
  dropped: boolean
  createdAt: number
  /** The application asked for the session: the response depends on it. */
  asked: boolean
  /** `data` was handed out: only since then may it differ from what is stored. */
  dataAsked: boolean
  /** The lines of large values that were loaded. */
  readonly known: KnownLines | undefined
  /** This request counts as a visit. */
  readonly counts: boolean
  /** The visitor came by https. */
  readonly secure: boolean
  /** Whether the response can carry a cookie; undefined until the commit, which tells. */
  takesCookie: boolean | undefined
  /** The cookie may travel: it is not Secure, or the connection is. */
  readonly mayIssue: boolean
  /** The browser sent a cookie that named a live record. */
  readonly presented: boolean
  /** What the next head must tell the browser. */
  cookieDue: 'issue' | 'clear' | 'clear-replaced' | undefined
  /** What the cookie is to hold where that is not the ticket's token, but the whole session. */
  cookieValue: string | undefined
  /** The head has left: no new cookie can be given any more. */
  headGone: boolean
  /** The last operation under way on this session, for those that follow within the same request. */
  tail: Promise<unknown> | undefined
}

/** The record this session came from: under its current ID, or under the one `regenerate()` is leaving. */
export function origin(state: SessionState): StoredState | undefined {
  return state.stored ?? state.retiring
}

/** The session has another ID than the browser knows: the next head tells it, if one is still to come. */
export function announce(state: SessionState): void {
  if (state.mayIssue && !state.headGone) state.cookieDue = 'issue'
}

/** Take over a record, which a renewal may have brought under another ID. */
export function adopt(state: SessionState, record: StoredState): void {
  const before = state.ticket
  state.stored = record
  state.ticket = record.ticket
  if (before !== undefined && before.id !== record.ticket.id) announce(state)
}

/** Whether the commit at hand gives the session a new ID: periodically, and only by visits that can bring it home. */
export function mayRenew(state: SessionState, { renewal, clock }: Policy, { head }: StoredState): boolean {
  if (!renewal || !state.counts || !state.mayIssue || !state.takesCookie || state.headGone) return false
  return clock.now() - issuedAt(head) >= renewal.after
}

/**
 * What the lifetime asks of a stored deadline now. `permanent` is what the record has or will have: that of the state
 * may be a change that is dropped, or that another request has made meanwhile.
 */
export function plan(state: SessionState, policy: Policy, expiresAt: number, permanent: boolean): DeadlinePlan {
  // Another kind of session has another lifetime, and whoever asks for it is there: that earns its deadline.
  const counts = state.counts || permanent !== origin(state)?.head.permanent
  return planDeadline(lifetimeFacts(state, policy, permanent), expiresAt, counts)
}

/** The deadline a session earns by being written now. */
export function earnedDeadline(state: SessionState, policy: Policy, permanent: boolean): number {
  return target(lifetimeFacts(state, policy, permanent))
}

function lifetimeFacts(state: SessionState, policy: Policy, permanent: boolean): LifetimeFacts {
  return {
    now: policy.clock.now(),
    createdAt: beganAt(state),
    lifetime: origin(state)?.head.lifetime ?? policy.lifetime[permanent ? 'permanent' : 'browser'],
    absolute: policy.absolute,
  }
}

/**
 * The session is no longer the owner's who proved who they are. The absolute lifetime goes on counting from that proof:
 * from the beginning of the session, it may be over, and what is saved now would be gone at once.
 */
export function dropProof(state: SessionState): void {
  state.createdAt = beganAt(state)
  state.authAt = undefined
}
