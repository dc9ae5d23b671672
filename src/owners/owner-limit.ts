import { compareAndSet, readRecord } from '../backend/compare-and-set.ts'
import { SessionError } from '../errors.ts'
import { beganAt, isOver } from '../request/lifetime.ts'
import type { Policy } from '../options/options.ts'
import { decodeRecord } from '../record/record.ts'
import type { RecordHead } from '../record/record.ts'
import { revokeSession } from '../operating/revoke.ts'
import type { RevokeContext } from '../operating/revoke.ts'
import type { SessionState, StoredState } from '../request/state.ts'
import { predecessorOf, successorOf } from '../record/succession.ts'

/** How many sessions one owner may have, and what a further sign-in does: see `docs/owners.md`. */
export interface OwnerLimit {
  /** At least 1. */
  readonly sessions: number
  /** `end-oldest` ends the session whose owner proved who they are the longest ago; `refuse` the new one, by error. */
  readonly policy: 'end-oldest' | 'refuse'
}

/** One session of an owner, as far as the limit goes. */
export interface Held {
  readonly id: string
  /** Unix ms: when its owner last proved who they are, or else when it began. */
  readonly since: number
}

/**
 * Looks for room: how often, and how long to pause at most before the next look, in ms. Together some three seconds:
 * ten sign-ins on a busy database take one, and whoever waits for a sign-in whose process died shall not wait for long.
 */
const LOOKS = 40
const pauseBefore = (look: number): number => 20 + 6 * look

/**
 * Those beyond the limit: the oldest for `end-oldest`, the newest for `refuse`. By time and, of the same time, by ID, so
 * that any two processes which see the same sessions name the same ones, and one that sees fewer never names more.
 */
export function beyond(sessions: readonly Held[], limit: OwnerLimit): readonly Held[] {
  const byAge = sessions.toSorted((a, b) => a.since - b.since || (a.id < b.id ? -1 : 1))
  return limit.policy === 'refuse'
    ? byAge.slice(limit.sessions)
    : byAge.slice(0, Math.max(0, byAge.length - limit.sessions))
}

/**
 * Let a record that was made a moment ago, and whose cookie nobody has yet, be one of its owner's sessions; or throw
 * `owner_limit`.
 *
 * It is in the store already when the others are counted. Of several sign-ins at once, the one that counts last counts
 * all, so that together they never exceed the limit, in however many processes; and there is no lock that a crash would
 * leave behind. A sign-in that meets others which must give way to it waits until they have.
 */
export async function admit(context: RevokeContext, fresh: StoredState): Promise<void> {
  const { policy } = context
  const { ownerLimit } = policy
  const { owner } = fresh
  if (!ownerLimit || owner === undefined) return
  const { id } = fresh.ticket
  for (let looks = 0; looks < LOOKS; looks += 1) {
    if (looks > 0) await policy.clock.sleep(Math.random() * pauseBefore(looks))
    const sessions = await heldBy(context, owner)
    // Those who signed in later, or an operator, have ended it before it began.
    if (!sessions.some((each) => each.id === id)) break
    const others = beyond(sessions, ownerLimit)
    if (others.length === 0) return
    if (others.some((each) => each.id === id)) break
    if (ownerLimit.policy === 'refuse') continue
    for (const victim of others) await revokeSession({ ...context, queue: NO_QUEUE }, victim.id, { owner })
    return
  }
  const most = ownerLimit.sessions === 1 ? 'one session' : `${ownerLimit.sessions} sessions`
  throw new SessionError(
    'owner_limit',
    `at most ${most} at once (option ownerLimit); let the user end one of sessions.list({ owner }), and try again`,
  )
}

/** The same for a session that has got another owner without a new ID: when refused, it gets the former one back. */
export async function admitChanged(context: RevokeContext, state: SessionState, from: StoredState): Promise<void> {
  const { stored } = state
  if (!context.policy.ownerLimit || !stored || stored.owner === undefined || stored.owner === from.owner) return
  try {
    await admit(context, stored)
  } catch (error) {
    const { owner, head } = from
    const back = await compareAndSet(context.store, context.policy, stored, (current) =>
      current.owner === stored.owner ? { ...current, owner, head: withAuthOf(current.head, head) } : null,
    )
    if (typeof back !== 'string') state.stored = back
    state.owner = owner
    state.authAt = head.authAt
    throw error
  }
}

function withAuthOf(head: RecordHead, { authAt }: RecordHead): RecordHead {
  const { authAt: _, ...others } = head
  return { ...others, ...(authAt === undefined ? null : { authAt }) }
}

/** Two sessions that each had their writers wait would wait for each other for ever, if each were to end the other. */
const NO_QUEUE: RevokeContext['queue'] = { run: (_key, task) => task(true), size: 0 }

/** The sessions an owner has; one that is moving to a new ID counts once, under the new one. */
async function heldBy({ store, policy }: RevokeContext, owner: string): Promise<Held[]> {
  const held = new Map<string, Held>()
  const [left, moved] = [new Set<string>(), new Set<string>()]
  for await (const { id, payload, expiresAt } of store.list?.({ owner }) ?? []) {
    const decoded = decodeRecord(payload)
    if ('unreadable' in decoded || isPast(decoded.head, expiresAt, policy)) continue
    const { head } = decoded
    const [from, to] = [predecessorOf(head), successorOf(head)]
    if (from !== undefined) left.add(from)
    if (head.kind === 'live') held.set(id, { id, since: sinceOf(head) })
    else if (to !== undefined) moved.add(to)
  }
  // A listing may have come too early for a record that was made while it ran; then the one it replaced tells.
  for (const id of moved) {
    if (held.has(id)) continue
    const reading = await readRecord(store, policy, { id, token: '' })
    if (!('missing' in reading) && reading.owner === owner) held.set(id, { id, since: sinceOf(reading.head) })
  }
  return [...held.values()].filter(({ id }) => !left.has(id))
}

function isPast(head: RecordHead, expiresAt: number, { clock, absolute }: Policy): boolean {
  return isOver({ now: clock.now(), createdAt: beganAt(head), absolute }, expiresAt)
}

function sinceOf({ authAt, createdAt }: RecordHead): number {
  return authAt ?? createdAt
}
