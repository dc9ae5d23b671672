/**
 * When a session ends: pure arithmetic over Unix milliseconds. Both deadlines are enforced here, whatever a store does
 * by itself (NIST 800-63B section 7.2; OWASP Session Management, "Session Expiration").
 */

/** The facts a deadline is computed from. */
export interface LifetimeFacts {
  readonly now: number
  /** From when the absolute lifetime counts, see {@link beganAt}. */
  readonly createdAt: number
  /** Idle lifetime in ms. */
  readonly lifetime: number
  /** Absolute lifetime in ms; `Infinity` for none. */
  readonly absolute: number
}

/** What to do with a stored deadline. */
export interface DeadlinePlan {
  /** `push` can be a touch; `clip` needs a write, because a touch never moves back. */
  readonly move: 'stay' | 'push' | 'clip'
  /** The deadline to store if anything is written. */
  readonly expiresAt: number
}

/** Hosts of one fleet differ by less than this; a clip below it would only chase their clocks. */
export const CLOCK_SKEW = 60_000

/**
 * From when the absolute lifetime counts: from the session's beginning, or from when its owner last proved who they
 * are: doing so before the session ends is what extends the time limit (NIST SP 800-63B, 7.2).
 */
export function beganAt({ createdAt, authAt = 0 }: { createdAt: number; authAt?: number | undefined }): number {
  return Math.max(createdAt, authAt)
}

/** The deadline a visit at `now` earns. */
export function target(facts: LifetimeFacts): number {
  return Math.min(facts.now + facts.lifetime, facts.createdAt + facts.absolute)
}

/** Whether a record is past either deadline. A deadline is the first moment at which the session is gone. */
export function isOver(facts: Omit<LifetimeFacts, 'lifetime'>, expiresAt: number): boolean {
  return facts.now >= expiresAt || facts.now >= facts.createdAt + facts.absolute
}

/**
 * Whether the stored deadline moves.
 *
 * Pushing on every visit would make readers writers. So it waits until a tenth of the lifetime is to be won: at most
 * ten pushes per idle window, and in return a session ends between 0.9 and 1 times its lifetime after the last
 * counted visit: it errs on the early side, never late. It is clipped when the settings were shortened meanwhile.
 */
export function planDeadline(facts: LifetimeFacts, expiresAt: number, counts: boolean): DeadlinePlan {
  const earned = target(facts)
  const step = facts.lifetime / 10
  if (expiresAt - earned > Math.min(step, CLOCK_SKEW)) return { move: 'clip', expiresAt: earned }
  if (counts && earned - expiresAt >= step) return { move: 'push', expiresAt: earned }
  return { move: 'stay', expiresAt }
}
