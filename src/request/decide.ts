import type { DeadlinePlan } from './lifetime.ts'

/** What a commit looks at. All of it is known without asking the store. */
export interface CommitFacts {
  /** The session was destroyed, or the store said it is gone or replaced. */
  readonly ended: boolean
  /** A record of this session is in the store. */
  readonly stored: boolean
  /** `regenerate()` waits to be carried out. */
  readonly regenerating: boolean
  /** Data, owner or permanence differ from what was loaded. */
  readonly changed: boolean
  /** The response is an error of 500 or above, and changes made on the way to it are to be dropped. */
  readonly failed: boolean
  /** The browser has its cookie from other settings, and this response can send it anew. */
  readonly cookieOutdated: boolean
  /** The ID is old enough to be renewed, and this response can carry a new one. */
  readonly renewable: boolean
  /** The store asks for the record to be written anew. */
  readonly rewriteDue: boolean
  /** What the lifetime asks of a stored record. */
  readonly plan: DeadlinePlan['move']
}

/** What the commit does in the store. */
export type Action = 'nothing' | 'touch' | 'create' | 'update' | 'regenerate' | 'renew'

/** From facts to one action; no I/O, no clock, no session. */
export function decide(facts: CommitFacts): Action {
  if (facts.ended) return 'nothing'
  const changed = facts.changed && !facts.failed
  if (!facts.stored) return changed ? 'create' : 'nothing'
  // A regenerated ID stands even when the handler failed afterwards: it answered a change of privilege.
  if (facts.regenerating) return 'regenerate'
  // An error page is a poor messenger for a new cookie; the next visit will bring it.
  if (facts.renewable && !facts.failed) return 'renew'
  if (changed || facts.cookieOutdated || facts.rewriteDue || facts.plan === 'clip') return 'update'
  return facts.plan === 'push' ? 'touch' : 'nothing'
}
