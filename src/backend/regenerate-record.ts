import { SessionError } from '../errors.ts'
import { changedKeys, mergeLines, NO_LINES } from '../record/merge.ts'
import type { SettledClash } from '../record/merge.ts'
import { moveRecord } from './move-record.ts'
import type { Lines } from '../record/record.ts'
import { keepsNothing } from './new-id.ts'
import { draft, end, settleOutcome } from './record-writer.ts'
import type { WriteContext } from './record-writer.ts'
import type { SessionState, StoredState } from '../request/state.ts'
import { mergeMembers, NOBODYS, wanted } from '../request/wanted.ts'
import type { Wanted } from '../request/wanted.ts'

/**
 * Move a session to its new ID, because a privilege changed. The old one says where its session went, and does not lead
 * there: whoever planted the old token must not get the new one.
 *
 * A change that another request saved under the old ID meanwhile is merged into the new record as far as keys are
 * carried over, and reported where they are not. When another request ended or moved the session first, no cookie is
 * sent.
 */
export async function regenerateRecord(
  context: WriteContext,
  state: SessionState,
  old: StoredState,
  failed: boolean,
): Promise<void> {
  if (state.headGone) throw new SessionError('cookie_too_late', 'save after regenerate() before the response begins')
  const carried = (lines: Lines): Lines => carriedLines(lines, state.keep)
  // Whose session it was is left behind with everything else, whatever another request has saved about it.
  const leaves = keepsNothing(state.keep)
  const want: Wanted = failed
    ? { ...wanted(state, true), lines: carried(old.lines), ...(leaves && NOBODYS) }
    : wanted(state, false)
  const clashes: SettledClash[] = []

  const { outcome } = await moveRecord(context, old, {
    ticket: state.ticket,
    draft(current) {
      if (current === old) return draft(context, state, want, old.head)
      const merged = mergeLines(carried(old.lines), want.lines, carried(current.lines), context.settle)
      clashes.splice(0, clashes.length, ...merged.clashes, ...leftBehind(old.lines, current.lines, carried))
      const { owner, authAt, note } = want
      const members = { ...mergeMembers(want, old, current), ...(leaves && { owner, authAt, note }) }
      return draft(context, state, { lines: merged.lines, ...members }, current.head)
    },
  })
  if (typeof outcome === 'string') return end(context, state, outcome, changedKeys(state.blank, want.lines))
  state.retiring = undefined
  settleOutcome(context, state, outcome, failed ? undefined : want.lines, clashes)
  state.cookieDue = 'issue'
  const { ticket, owner } = outcome
  context.emit('regenerated', { id: ticket.id, owner, from: old.ticket.id }, state)
}

/** The lines whose keys are carried over to a new ID. */
export function carriedLines(lines: Lines, keep: boolean | readonly string[]): Lines {
  if (keep === true) return lines
  if (keep === false) return NO_LINES
  return new Map([...lines].filter(([key]) => keep.includes(key)))
}

/** Changes of other requests to keys that the new session was told to leave behind. */
function leftBehind(base: Lines, theirs: Lines, carried: (lines: Lines) => Lines): SettledClash[] {
  const kept = carried(theirs)
  return changedKeys(base, theirs)
    .filter((key) => theirs.has(key) && !kept.has(key))
    .map((key) => ({ key, base: base.get(key), ours: undefined, theirs: theirs.get(key), winner: 'deletion' }))
}
