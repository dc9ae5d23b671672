import { backendOf } from '../backend/backend.ts'
import { MAX_COOKIE_AGE } from '../cookie/cookie.ts'
import { milliseconds } from './duration.ts'
import type { Duration } from './duration.ts'
import { refuse } from './options-check.ts'
import type { Policy, SessionsOptions } from './options.ts'

/**
 * The idle lifetimes in ms; one duration counts for both kinds of cookie. A cookie is gone after 400 days at most,
 * and nobody could come back to a record that is kept for longer.
 */
export function idleLifetimes(option: NonNullable<SessionsOptions['lifetime']>): Policy['lifetime'] {
  if (typeof option !== 'object') {
    const both = capped(option, 'lifetime')
    return { permanent: both, browser: both }
  }
  return {
    permanent: capped(option.permanent, 'lifetime.permanent'),
    browser: capped(option.browser, 'lifetime.browser'),
  }
}

function capped(option: Duration, name: string): number {
  return Math.min(milliseconds(option, name), MAX_COOKIE_AGE)
}

/** The absolute lifetime in ms, `Infinity` for none. Throws when it would cut into an idle lifetime. */
export function absoluteLifetime(option: SessionsOptions['absoluteLifetime'], lifetime: Policy['lifetime']): number {
  const idle = Math.max(lifetime.permanent, lifetime.browser)
  if (option === false) return Number.POSITIVE_INFINITY
  // Left out, it never cuts into a longer idle lifetime that was asked for.
  if (option === undefined) return Math.max(milliseconds('90d', 'absoluteLifetime'), idle)
  const limit = milliseconds(option, 'absoluteLifetime')
  if (limit < idle) refuse(`absoluteLifetime ${option} is shorter than the idle lifetime; shorten lifetime too`)
  return limit
}

/** When IDs are renewed, in ms. Throws when the ways from one ID to the next would form a chain. */
export function renewal({ renewAfter = false, renewGrace, store }: SessionsOptions): Policy['renewal'] {
  if (renewAfter === false) {
    if (renewGrace !== undefined) refuse('renewGrace has no effect without renewAfter; set both or neither')
    return undefined
  }
  if (backendOf(store)) {
    refuse('renewAfter needs a store: an old cookie that holds its whole session cannot be taken back')
  }
  const after = milliseconds(renewAfter, 'renewAfter')
  const grace = milliseconds(renewGrace ?? '60s', 'renewGrace')
  if (after <= grace) refuse(`renewAfter ${renewAfter} must be longer than renewGrace (${renewGrace ?? '60s'})`)
  return { after, grace }
}
