import { SessionError } from './errors.ts'

/** Cookie names in use per request, over all instances: two sessions in one cookie would overwrite each other. */
const cookiesInUse = new WeakMap<object, Set<string>>()

/** Which session belongs to which request, for one instance. Weak: it ends with the request object. */
export function requestSessions<S extends object>(
  cookieName: string,
): {
  readonly attach: (request: object, session: S) => void
  readonly of: (request: object) => S
} {
  const sessions = new WeakMap<object, S>()
  return {
    attach(request, session) {
      const names = cookiesInUse.get(request) ?? new Set()
      if (names.has(cookieName)) {
        throw new SessionError(
          'registered_twice',
          `the cookie "${cookieName}" has a session on this request already; mount the middleware once, or give the ` +
            'second instance its own cookie.name and property',
        )
      }
      cookiesInUse.set(request, names.add(cookieName))
      sessions.set(request, session)
    },
    of(request) {
      const session = sessions.get(request)
      if (session) return session
      throw new SessionError('not_registered', 'mount the session middleware before the code that asks for a session')
    },
  }
}
