import { compareAndSet, readRecord, SUPERSEDED_MS, supersededDraft } from '../backend/compare-and-set.ts'
import { SessionError } from '../errors.ts'
import type { Emit } from '../events/events.ts'
import type { Policy } from '../options/options.ts'
import type { KeyedQueue } from '../backend/queue.ts'
import { decodeRecord } from '../record/record.ts'
import { Session } from '../session.ts'
import type { ListedRecord, Store } from '../store.ts'
import { predecessorOf } from '../record/succession.ts'

/** What ending sessions works on. */
export interface RevokeContext {
  readonly store: Store
  readonly policy: Policy
  readonly emit: Emit
  readonly queue: KeyedQueue
}

/** How often one session may move on while it is being ended. */
const MAX_MOVES = 20

const NOBODY: ReadonlySet<string> = new Set()

/**
 * End a session by its ID, or by one it had a moment ago: where it has moved on, or is about to, it is followed.
 *
 * A plain delete would not do. It removes the old record of a session that is moving to a new ID, and the new one
 * lives; nothing would even tell. So the record is superseded by compare-and-set, which only one of the two can win:
 * either the move fails and takes its new record away, or the superseded record says where to go on.
 *
 * With an `owner`, whatever is not, or no longer, theirs is left alone; so are the IDs in `spared`.
 */
export async function revokeSession(
  { store, policy, emit, queue }: RevokeContext,
  id: string,
  { owner, spared = NOBODY }: { readonly owner?: string; readonly spared?: ReadonlySet<string> } = {},
): Promise<boolean> {
  let at = id
  for (let moves = 0; moves < MAX_MOVES; moves += 1) {
    if (spared.has(at)) return false
    const reading = await readRecord(store, policy, { id: at, token: '' })
    if ('missing' in reading) {
      if (reading.successor !== undefined) {
        at = reading.successor
        continue
      }
      // What this version cannot read is ended all the same, if it was asked for by its ID.
      const removed = reading.missing === 'unreadable' && owner === undefined && (await store.delete(at))
      if (removed) emit('revoked', { id: at })
      return removed
    }
    if (owner !== undefined && reading.owner !== owner) return false
    const outcome = await queue.run(at, () =>
      compareAndSet(store, policy, reading, (now) => supersededDraft(now, policy.clock.now() + SUPERSEDED_MS), {
        read: readRecord,
      }),
    )
    if (outcome === 'superseded') continue
    if (typeof outcome === 'string') return false
    await store.delete(at)
    emit('revoked', { id: at, owner: reading.owner })
    return true
  }
  throw new SessionError('too_busy', `the session moved to a new ID ${MAX_MOVES} times while it was being ended`)
}

/**
 * End all sessions that `owner` has when the listing of their `records` begins, wherever they move meanwhile; but not
 * `except`, wherever that moves. Resolves with how many.
 */
export async function revokeOwned(
  context: RevokeContext,
  records: AsyncIterable<ListedRecord>,
  owner: string,
  except: Session<object> | string | undefined,
): Promise<number> {
  // A record that a session is leaving keeps its owner, so that a listing which came too early for the new record
  // finds the old one, and through it the new.
  const found: { readonly id: string; readonly from: string | undefined }[] = []
  let count = 0
  for await (const { id, payload, unreadable } of records) {
    // Nobody can tell what is in it, but it is filed as theirs: where not every server has every key yet, a session
    // that one of them cannot open must not outlive "log out everywhere".
    if (unreadable !== undefined && (await context.store.delete(id))) count += 1
    const decoded = decodeRecord(payload)
    // What is not a session of this version may be another application's.
    if ('head' in decoded) found.push({ id, from: predecessorOf(decoded.head) })
  }
  // Looked up after the listing: what was listed and is the excepted session's has left its mark by now.
  const spared = await everyIdOf(context, idsOf(except))
  for (const { id, from } of found) {
    if (from !== undefined && spared.has(from)) continue
    if (await revokeSession(context, id, { owner, spared })) count += 1
  }
  return count
}

/** The IDs a session has in this request: two while `regenerate()` waits for its commit. */
export function idsOf(session: Session<object> | string | undefined): ReadonlySet<string> {
  if (session === undefined) return NOBODY
  if (typeof session === 'string') return new Set([session])
  const { ticket, stored, retiring } = Session.stateOf(session)
  return new Set([ticket?.id, stored?.ticket.id, retiring?.ticket.id].filter((id) => id !== undefined))
}

/** These, and the IDs that the sessions have moved to. */
async function everyIdOf({ store, policy }: RevokeContext, ids: ReadonlySet<string>): Promise<ReadonlySet<string>> {
  // A set yields what is added while it is walked.
  const all = new Set(ids)
  for (const id of all) {
    const reading = await readRecord(store, policy, { id, token: '' })
    if ('missing' in reading && reading.successor !== undefined) {
      all.add(reading.successor)
    }
  }
  return all
}
