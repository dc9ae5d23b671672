import type { Policy } from '../options/options.ts'
import type { RecordHead } from '../record/record.ts'
import type { SessionState } from '../request/state.ts'

/** The note in a record's head: with which settings its cookie was last sent. */
const NOTE = 'cookie'

type Facts = Pick<SessionState, 'mayIssue' | 'headGone' | 'takesCookie'>

/**
 * Whether the browser has its cookie from other settings than those in force, and this response can mend it. Compares
 * two short texts; a change of the settings costs one write for each session that comes back.
 */
export function isCookieOutdated(
  state: Facts & Pick<SessionState, 'stored'>,
  { cookie }: Policy,
  stored: SessionState['stored'] = state.stored,
): boolean {
  return stored !== undefined && markOf(stored.head) !== cookie.mark && canSend(state)
}

/** Which settings a record's cookie was last sent with; undefined for the default ones. */
export function markOf(head: Partial<RecordHead>): unknown {
  return head.meta?.[NOTE]
}

/** Notes for the next head: with the mark of the settings in force where the cookie goes out with this response. */
export function markedNotes(notes: RecordHead['meta'], state: Facts, { cookie }: Policy): Pick<RecordHead, 'meta'> {
  // The same object in the usual case: nothing is copied where nothing changes.
  if (notes?.[NOTE] === cookie.mark || !canSend(state)) return notes === undefined ? {} : { meta: notes }
  const { [NOTE]: _, ...others } = notes ?? {}
  const meta = cookie.mark === undefined ? others : { ...others, [NOTE]: cookie.mark }
  return Object.keys(meta).length === 0 ? {} : { meta }
}

function canSend({ mayIssue, headGone, takesCookie }: Facts): boolean {
  return mayIssue && !headGone && takesCookie !== false
}
