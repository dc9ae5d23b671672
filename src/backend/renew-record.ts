import { sealGrace } from '../record/grace.ts'
import type { SettledClash } from '../record/merge.ts'
import { moveRecord } from './move-record.ts'
import { draft, draftIfDue, mergeWanted, settleOutcome } from './record-writer.ts'
import type { WriteContext } from './record-writer.ts'
import type { SessionState, StoredState } from '../request/state.ts'
import { wanted } from '../request/wanted.ts'
import type { Wanted } from '../request/wanted.ts'

/**
 * Save a session under a new ID, because it has had its own for long enough.
 *
 * The session is the same one: age, owner, login and data go along. Requests under way with the old ID, and those of a
 * browser that never got this answer, find their way by `grace.ts` until the grace is over. Of several requests at once,
 * one gives the new ID, and the others save into what it made.
 */
export async function renewRecord(
  context: WriteContext,
  state: SessionState,
  old: StoredState,
  graceMs: number,
): Promise<void> {
  const want = wanted(state, false)
  const clashes: SettledClash[] = []

  function merged(current: StoredState): Wanted {
    const result = mergeWanted(context, want, old, current)
    clashes.splice(0, clashes.length, ...result.clashes)
    return result.want
  }

  const { outcome, moved } = await moveRecord(context, old, {
    draft: (current) => draft(context, state, merged(current), current.head),
    grace: (from, to) => sealGrace(from, to, context.policy.clock.now() + graceMs),
    stay: (current) => draftIfDue(context, state, merged(current), current),
  })
  settleOutcome(context, state, outcome, want.lines, clashes)
  if (moved && typeof outcome !== 'string') {
    context.emit('renewed', { id: outcome.ticket.id, owner: outcome.owner, from: old.ticket.id }, state)
  }
}
