import { SessionError } from './errors.ts'

/** Cookie names in use per request, over all instances: two sessions in one cookie would overwrite each other. */
const cookiesInUse = new WeakMap<object, Set<string>>()

/** Which session belongs to which request, for one instance. Weak: it ends with the request object. */
export interface RequestSessions<S extends object> {
  /** Register a session, or the way to open it once it is asked for. */
  readonly attach: (request: object, session: S | (() => Promise<S>)) => void
  readonly of: (request: object) => S
  /** Opens what was registered lazily, once; the same session from then on. */
  readonly get: (request: object) => Promise<S>
}

/** The sessions of requests under one cookie's name. */
export function requestSessions<S extends object>(cookieName: string): RequestSessions<S> {
  const sessions = new WeakMap<object, S>()
  const openers = new WeakMap<object, () => Promise<S>>()

  async function open(request: object, opener: () => Promise<S>): Promise<S> {
    const session = await opener()
    sessions.set(request, session)
    return session
  }

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
      if (typeof session === 'function') openers.set(request, session)
      else sessions.set(request, session)
    },
    of(request) {
      const session = sessions.get(request)
      if (session) return session
      throw openers.has(request) ? notLoaded() : notRegistered()
    },
    get(request) {
      const session = sessions.get(request)
      if (session) return Promise.resolve(session)
      const opener = openers.get(request)
      if (!opener) return Promise.reject(notRegistered())
      const opening = open(request, opener)
      openers.set(request, () => opening)
      return opening
    },
  }
}

/** For whatever shows a session that nobody has asked for yet. */
export function notLoaded(): SessionError {
  return new SessionError('not_loaded', 'the middleware is mounted with lazy: true; await sessions.get(request) first')
}

function notRegistered(): SessionError {
  return new SessionError('not_registered', 'mount the session middleware before the code that asks for a session')
}
