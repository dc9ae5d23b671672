import { SessionError } from '../errors.ts'
import { carriedBy, carry } from './request-cargo.ts'
import type { Carried } from './request-cargo.ts'

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
  const instance = {}

  function find(request: object): Carried<S> | undefined {
    const carried = carriedBy(request).find((one) => one.instance === instance)
    // What this instance registered is what `attach` was given.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return carried as Carried<S> | undefined
  }

  async function open(carried: Carried<S>, opener: () => Promise<S>): Promise<S> {
    const session = await opener()
    carried.session = session
    return session
  }

  return {
    attach(request, session) {
      // Over all instances: two sessions in one cookie would overwrite each other.
      if (carriedBy(request).some((one) => one.cookieName === cookieName)) {
        throw new SessionError(
          'registered_twice',
          `the cookie "${cookieName}" has a session on this request already; mount the middleware once, or give the ` +
            'second instance its own cookie.name and property',
        )
      }
      const lazily = typeof session === 'function'
      const opener = lazily ? session : undefined
      carry(request, { cookieName, instance, session: lazily ? undefined : session, opener })
    },
    of(request) {
      const carried = find(request)
      if (carried?.session) return carried.session
      throw carried ? notLoaded() : notRegistered()
    },
    get(request) {
      const carried = find(request)
      if (carried?.session) return Promise.resolve(carried.session)
      if (!carried?.opener) return Promise.reject(notRegistered())
      const opening = open(carried, carried.opener)
      carried.opener = () => opening
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
