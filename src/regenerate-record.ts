import { compareAndSet, recordInput, SUPERSEDED_MS, supersededDraft } from './compare-and-set.ts'
import type { Draft } from './compare-and-set.ts'
import { SessionError } from './errors.ts'
import { changedKeys, mergeLines, NO_LINES } from './merge.ts'
import type { SettledClash } from './merge.ts'
import type { Lines } from './record.ts'
import { draft, end, insertRecord, mergeMembers, settleOutcome, wanted } from './record-writer.ts'
import type { Wanted, WriteContext } from './record-writer.ts'
import type { SessionState, StoredState } from './state.ts'
import { movedFrom } from './succession.ts'

/**
 * Move a session to its new ID: create the new record, then supersede the old one by compare-and-set, then let the
 * head go. In this order a crash leaves a visitor logged in under the old ID or under none, never under two: the new
 * token has not left the server yet.
 *
 * A change that another request saved under the old ID meanwhile is merged into the new record as far as keys are
 * carried over, and reported where they are not. When another request ended or moved the session first, that stands:
 * our new record goes away again and no cookie is sent.
 */
export async function regenerateRecord(
  context: WriteContext,
  state: SessionState,
  old: StoredState,
  failed: boolean,
): Promise<void> {
  const { store, policy, emit } = context
  if (state.headGone) throw new SessionError('cookie_too_late', 'save after regenerate() before the response begins')
  const carried = (lines: Lines): Lines => carriedLines(lines, state.keep)
  const want: Wanted = failed ? { ...wanted(state, true), lines: carried(old.lines) } : wanted(state, false)
  let fresh = await insertRecord(context, state, arriving(draft(context, state, want, old.head), old))
  const clashes: SettledClash[] = []

  const supersede = compareAndSet.bind(undefined, store, policy, old, async (current) => {
    if (current !== old) {
      const merged = mergeLines(carried(old.lines), want.lines, carried(current.lines), context.settle)
      clashes.splice(0, clashes.length, ...merged.clashes, ...leftBehind(old.lines, current.lines, carried))
      const members = mergeMembers(want, old, current)
      const next = arriving(draft(context, state, { lines: merged.lines, ...members }, current.head), old)
      const receipt = await store.update(fresh.ticket.id, fresh.version, recordInput(next), policy.clock.now())
      // Nobody else has the new ID yet: only an operator's revoke can have come between.
      if (typeof receipt === 'string') throw new SessionError('session_ended', 'it was revoked while it moved')
      fresh = { ...next, ticket: fresh.ticket, version: receipt.version }
    }
    return supersededDraft(current, policy.clock.now() + SUPERSEDED_MS, fresh.ticket.id)
  })

  try {
    const outcome = await context.queue.run(old.ticket.id, () => supersede())
    if (typeof outcome === 'string') {
      await store.delete(fresh.ticket.id)
      return end(context, state, outcome, changedKeys(NO_LINES, want.lines))
    }
  } catch (error) {
    // The old ID is still the session's, unless a write that timed out took effect after all: then the visitor begins
    // anew. The new record has no cookie either way; if even this delete fails, it expires.
    await store.delete(fresh.ticket.id).catch(() => false)
    throw error
  }
  state.retiring = undefined
  settleOutcome(context, state, fresh, failed ? undefined : want.lines, clashes)
  state.cookieDue = 'issue'
  emit('regenerated', { id: fresh.ticket.id, owner: fresh.owner, from: old.ticket.id }, state)
}

function arriving(record: Draft, old: StoredState): Draft {
  return { ...record, head: movedFrom(record.head, old.ticket.id) }
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
