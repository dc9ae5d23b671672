import type { Outcome } from './backend.ts'
import { decodeValue } from '../record/codec.ts'
import { compareAndSet, fitting, readRecord, recordInput } from './compare-and-set.ts'
import type { Draft } from './compare-and-set.ts'
import { isCookieOutdated, markedNotes, markOf } from '../cookie/cookie-mark.ts'
import { SessionError } from '../errors.ts'
import type { Emit, EndReason } from '../events/events.ts'
import { changedKeys, mergeLines, sameLines } from '../record/merge.ts'
import type { SettleClash, SettledClash } from '../record/merge.ts'
import type { Lines } from '../record/record.ts'
import { admit, admitChanged } from '../owners/owner-limit.ts'
import { sameNote } from '../owners/owner.ts'
import type { Policy } from '../options/options.ts'
import type { KeyedQueue } from './queue.ts'
import { recordHead } from '../record/record.ts'
import type { RecordHead } from '../record/record.ts'
import { reportWithheld } from '../request/respond.ts'
import { adopt, earnedDeadline, origin, plan } from '../request/state.ts'
import type { SessionState, StoredState } from '../request/state.ts'
import type { Store } from '../store.ts'
import { afterMove } from '../record/succession.ts'
import { membersOf, mergeMembers, wanted } from '../request/wanted.ts'
import type { Wanted } from '../request/wanted.ts'
import { drawTicket } from '../cookie/token.ts'
import type { Ticket } from '../cookie/token.ts'

/** What every write needs at hand. */
export interface WriteContext {
  readonly store: Store
  readonly policy: Policy
  readonly emit: Emit
  readonly queue: KeyedQueue
  readonly settle: SettleClash
}

/** 256 random bits do not collide. A generator whose bits do is broken, and that is said. */
const MAX_DRAWS = 5

/** First record of a session; `lines` is its data, encoded, where that is known already. */
export async function createRecord(context: WriteContext, state: SessionState, lines?: Lines): Promise<void> {
  if (state.headGone) throw new SessionError('cookie_too_late', 'save a new session before the response begins')
  if (!state.mayIssue) {
    // Without its cookie the record could never be found again: one orphan a request.
    return reportWithheld(state, context.policy, context.emit)
  }
  const made = await insertRecord(context, draft(context, state, wanted(state, false, lines)), state.ticket)
  try {
    await admit(context, made)
  } catch (error) {
    await context.store.delete(made.ticket.id).catch(() => undefined)
    throw error
  }
  state.stored = made
  state.ticket = made.ticket
  state.cookieDue = 'issue'
  context.emit('created', { id: state.stored.ticket.id, owner: state.stored.owner }, state)
}

/** Insert under a ticket that was drawn before, or under a new one if there is none or a live session has that ID. */
export async function insertRecord(context: WriteContext, record: Draft, drawn?: Ticket): Promise<StoredState> {
  const { store, policy } = context
  if (policy.validation) await policy.validation.check(record.lines)
  for (let draws = 0; draws < MAX_DRAWS; draws += 1) {
    const ticket = draws === 0 && drawn ? drawn : await drawTicket(policy.randomBytes)
    const receipt = await store.create(ticket.id, recordInput(record), policy.clock.now())
    if (receipt) return { ...record, ticket, version: receipt.version }
  }
  throw new SessionError('bad_option', `randomBytes drew ${MAX_DRAWS} IDs in a row that are in use: it is not random`)
}

/** Push the deadline and nothing else. */
export async function touchRecord(context: WriteContext, state: SessionState, from: StoredState): Promise<void> {
  const { store, policy } = context
  const { permanent } = from.head
  const { expiresAt } = plan(state, policy, from.expiresAt, permanent)
  if (!(await store.touch(from.ticket.id, expiresAt, policy.clock.now()))) return end(context, state, 'gone', [])
  state.stored = { ...from, expiresAt }
  if (!permanent) return
  // A touch does not tell a live record from one that a login or a renewal has left meanwhile, and the cookie of that
  // would overwrite the new one. One read for a push, ten times a lifetime at most, and nobody is logged out.
  const newest = await readRecord(store, policy, from.ticket)
  if ('missing' in newest) return end(context, state, newest.missing === 'superseded' ? 'superseded' : 'gone', [])
  if (newest.ticket.id === from.ticket.id) state.cookieDue = 'issue'
  else settleOutcome(context, state, await fitting(newest, policy), from.lines, [])
}

/** Save changes, merged with what others saved meanwhile; `lines` is the data, encoded, where that is known already. */
export async function saveChanges(
  context: WriteContext,
  state: SessionState,
  from: StoredState,
  failed: boolean,
  lines?: Lines,
): Promise<void> {
  const want = wanted(state, failed, lines)
  const clashes: SettledClash[] = []
  const outcome = await context.queue.run(from.ticket.id, () =>
    compareAndSet(context.store, context.policy, from, (current) => {
      const merged = mergeWanted(context, want, from, current)
      clashes.splice(0, clashes.length, ...merged.clashes)
      return draftIfDue(context, state, merged.want, current)
    }),
  )
  settleOutcome(context, state, outcome, failed ? undefined : want.lines, clashes)
  if (context.policy.ownerLimit) await admitChanged(context, state, from)
}

/** Lay what we want over the newest record. */
export function mergeWanted(
  context: WriteContext,
  want: Wanted,
  from: StoredState,
  current: StoredState,
): { readonly want: Wanted; readonly clashes: readonly SettledClash[] } {
  if (current === from) return { want, clashes: [] }
  const { lines, clashes } = mergeLines(from.lines, want.lines, current.lines, context.settle)
  return {
    want: { lines, ...mergeMembers(want, from, current) },
    clashes,
  }
}

/** What is to be written over the newest record; null when it already is as wanted. */
export function draftIfDue(
  context: WriteContext,
  state: SessionState,
  want: Wanted,
  current: StoredState,
): Draft | null {
  const { move, expiresAt } = plan(state, context.policy, current.expiresAt, want.permanent)
  const unchanged =
    !current.rewriteDue &&
    sameLines(current.lines, want.lines) &&
    want.permanent === current.head.permanent &&
    want.owner === current.owner &&
    want.authAt === current.head.authAt &&
    sameNote(want.note, current.head.note) &&
    !isCookieOutdated(state, context.policy, current)
  return unchanged && move === 'stay' ? null : draft(context, state, want, current.head, expiresAt)
}

/** The record of a state with what is wanted in it. */
export function draft(
  context: Pick<WriteContext, 'policy'>,
  state: SessionState,
  want: Wanted,
  head: Partial<RecordHead> = {},
  expiresAt: number = earnedDeadline(state, context.policy, want.permanent),
): Draft {
  const { authAt, note, permanent, lines, owner } = want
  const { meta } = markedNotes(head.meta && afterMove(head.meta), state, context.policy)
  const { createdAt } = state
  const next = recordHead({ kind: 'live', createdAt, permanent, lifetime: head.lifetime, authAt, note, meta })
  return { head: next, lines, expiresAt, owner }
}

/** Take over what a write came to. `sent` is what we encoded: where the record differs, `data` follows the record. */
export function settleOutcome(
  context: WriteContext,
  state: SessionState,
  outcome: Outcome,
  sent: Lines | undefined,
  clashes: readonly SettledClash[],
): void {
  const from = state.stored
  if (typeof outcome === 'string') {
    return end(context, state, outcome, sent ? changedKeys(from?.lines ?? state.blank, sent) : [])
  }
  adopt(state, outcome)
  const moved = outcome.expiresAt !== from?.expiresAt && outcome.head.permanent
  const differs = outcome.head.permanent !== from?.head.permanent || markOf(outcome.head) !== markOf(from?.head ?? {})
  if (moved || differs) state.cookieDue = 'issue'
  if (sent) {
    Object.assign(state, membersOf(outcome))
    if (outcome.lines !== sent) follow(state.data, sent, outcome.lines)
  }
  const { ticket, owner } = outcome
  for (const { key, winner } of clashes) context.emit('conflict', { id: ticket.id, owner, key, winner }, state)
}

/** The session is over: whatever we wanted to write is dropped, and no cookie may be sent (design promise P3). */
export function end(
  context: Pick<WriteContext, 'emit'>,
  state: SessionState,
  reason: EndReason,
  keys: readonly string[],
): void {
  const from = origin(state)
  const id = from?.ticket.id ?? state.ticket?.id ?? ''
  state.ended = reason
  state.cookieDue = undefined
  state.stored = undefined
  state.retiring = undefined
  state.goneReported = true
  context.emit('gone', { id, owner: from?.owner, reason, keys }, state)
}

/**
 * Bring `data` in line with the record, key by key and in place, because the application may hold it in a variable.
 * Keys that did not change keep their very objects.
 */
export function follow(data: Record<string, unknown>, from: Lines, to: Lines): void {
  for (const key of changedKeys(from, to)) {
    const line = to.get(key)
    if (line === undefined) Reflect.deleteProperty(data, key)
    else
      // Defined, never assigned: a key may be called `__proto__`.
      Object.defineProperty(data, key, {
        value: decodeValue(line),
        writable: true,
        enumerable: true,
        configurable: true,
      })
  }
}
