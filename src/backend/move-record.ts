import type { Outcome } from './backend.ts'
import { compareAndSet, readRecord, SUPERSEDED_MS, supersededDraft } from './compare-and-set.ts'
import type { Draft, Revision } from './compare-and-set.ts'
import { admit } from '../owners/owner-limit.ts'
import { insertRecord } from './record-writer.ts'
import type { WriteContext } from './record-writer.ts'
import type { StoredState } from '../request/state.ts'
import { movedFrom } from '../record/succession.ts'
import type { Grace } from '../record/succession.ts'
import type { Ticket } from '../cookie/token.ts'

/** How a session moves to a new ID. The functions are asked anew whenever another writer was faster. */
export interface Move {
  /** The ticket to move to; one is drawn when there is none. */
  readonly ticket?: Ticket | undefined
  /** The record under the new ID, made of the newest one under the old. */
  readonly draft: (current: StoredState) => Draft
  /** A way from the old ticket to the new one; without it there is none. */
  readonly grace?: (from: Ticket, to: Ticket) => Promise<Grace>
  /** When the session has moved already, and may stay there: what to write into it, or null for nothing. */
  readonly stay?: (current: StoredState) => Draft | null
}

/**
 * Create the new record, then supersede the old one by compare-and-set, then let the head go. In this order a crash
 * leaves a visitor with the old ID or with none, never with two: the new token has not left the server yet.
 *
 * When another request ended the session, or moved it first, that stands, and our new record goes away again.
 */
export async function moveRecord(
  context: WriteContext,
  old: StoredState,
  move: Move,
): Promise<{ readonly outcome: Outcome; readonly moved: boolean }> {
  const { store, policy } = context
  const made: { fresh?: StoredState; revoked?: boolean } = {}
  let at = old.ticket

  async function revise(current: StoredState): Promise<Revision> {
    at = current.ticket
    if (made.revoked) return supersededDraft(current, policy.clock.now() + SUPERSEDED_MS)
    if (move.stay && at.id !== old.ticket.id) {
      if (!made.fresh) return move.stay(current)
      // Ours goes first, and then we look again: a login may move the session meanwhile, and nothing may come between
      // the last look and the answer, whose cookie would overwrite that of the login.
      const { ticket } = made.fresh
      delete made.fresh
      await store.delete(ticket.id)
      return 'again'
    }
    const now = policy.clock.now()
    const draft = move.draft(current)
    const next = { ...draft, head: movedFrom(draft.head, at.id, policy.renewal && now) }
    if (made.fresh) {
      const replaced = await compareAndSet(store, policy, made.fresh, () => next, { read: readRecord })
      if (typeof replaced === 'string') {
        // Nobody else has the new ID yet, so an operator has ended the session by it: it shall not go on by the old one.
        delete made.fresh
        made.revoked = true
        return revise(current)
      }
      made.fresh = replaced
    } else {
      made.fresh = await insertRecord(context, next, move.ticket)
      if (next.owner !== old.owner) await admit(context, made.fresh)
    }
    const { ticket } = made.fresh
    const grace = await move.grace?.(at, ticket)
    return supersededDraft(current, (grace?.until ?? now) + SUPERSEDED_MS, { id: ticket.id, ...(grace && { grace }) })
  }

  try {
    // Of many that would renew at once, those that had to wait find the session moved: they need not try.
    const outcome = await context.queue.run(old.ticket.id, (waited) =>
      compareAndSet(store, policy, old, revise, { stale: waited && move.stay !== undefined }),
    )
    if (typeof outcome !== 'string' && outcome.head.kind === 'superseded') {
      return made.fresh ? { outcome: made.fresh, moved: true } : { outcome: 'gone', moved: false }
    }
    if (made.fresh) await store.delete(made.fresh.ticket.id)
    return { outcome, moved: false }
  } catch (error) {
    if (made.fresh && (await isSupersededBy(at, made.fresh.ticket.id))) return { outcome: made.fresh, moved: true }
    throw error
  }

  /**
   * What became of a write that failed, or did not answer in time? It may have taken effect all the same, and the old ID
   * opens nothing then: to answer with an error would log the visitor out. So the old record is asked.
   */
  async function isSupersededBy(ticket: Ticket, id: string): Promise<boolean> {
    try {
      const reading = await readRecord(store, policy, ticket)
      if ('missing' in reading ? reading.successor === id : reading.ticket.id === id) return true
      await store.delete(id)
    } catch {
      // Nobody knows. If the write took effect after all, a renewed ID leads to the new record, which must be there then,
      // and else expires. After regenerate() nothing leads there.
      if (!move.grace) await store.delete(id).catch(() => undefined)
    }
    return false
  }
}
