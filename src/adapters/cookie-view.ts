import { SessionError } from '../errors.ts'
import { warnOnce } from '../runtime/platform.ts'
import type { Session } from '../session.ts'

/**
 * `session.cookie`: what can be asked and said about one visitor's cookie. Its attributes and the lifetime are one
 * policy for all, in `createSessions`; setting an attribute here throws.
 */
export interface CookieView {
  /**
   * Milliseconds until the session ends if nobody comes back; null for a cookie that ends with the browser window.
   * Setting a number makes the cookie outlive the window (`permanent`), null or false ends it with the window; how
   * long is the policy's, and a number that asks for less than that gives a process warning, once.
   */
  get maxAge(): number | null
  set maxAge(value: number | null | false | undefined)
  /** The same as a Date. */
  get expires(): Date | null
  set expires(value: Date | null | false | undefined)
  /** The same as `maxAge`. */
  readonly originalMaxAge: number | null
}

const ATTRIBUTES = ['path', 'domain', 'secure', 'httpOnly', 'sameSite', 'partitioned', 'priority', 'signed'] as const

/** The view of one session's cookie, in express-session's names. */
export function cookieView<Data extends object>(session: Session<Data>): CookieView {
  const left = (): number => session.expiresAt - Date.now()
  const view: CookieView = {
    get maxAge() {
      return session.permanent ? left() : null
    },
    set maxAge(value) {
      session.permanent = asksToStay(value, left())
    },
    get expires() {
      return session.permanent ? new Date(session.expiresAt) : null
    },
    set expires(value) {
      session.permanent = asksToStay(value instanceof Date ? value.getTime() - Date.now() : value, left())
    },
    get originalMaxAge() {
      return session.permanent ? left() : null
    },
  }
  for (const name of ATTRIBUTES) Object.defineProperty(view, name, { get: () => undefined, set: refusal(name) })
  return Object.seal(view)
}

function asksToStay(value: number | null | false | undefined, granted: number): boolean {
  if (value === null || value === undefined || value === false) return false
  if (!(value > 0)) {
    throw new SessionError('bad_option', `cookie.maxAge is ${value}; end a session with session.destroy()`)
  }
  if (value < granted * 0.9) {
    warnOnce(
      'COATCHECK_MAX_AGE',
      `session.cookie asked for ${value} ms, but sessions live longer by policy; shorten createSessions({ lifetime })`,
    )
  }
  return true
}

function refusal(name: string): () => never {
  return () => {
    throw new SessionError('bad_option', `session.cookie.${name} is the policy's; see createSessions({ cookie })`)
  }
}
