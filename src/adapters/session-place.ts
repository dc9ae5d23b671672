import type { Session } from '../session.ts'
import type { SessionProperty } from './session-view.ts'

/**
 * Where the requests of one middleware show their sessions.
 *
 * One pair of accessors serves all requests, and the session is looked up by a symbol: with a closure for each request
 * every request object was of a hidden class of its own, and each of Express's own functions that touched it missed
 * its inline caches. A symbol, unlike a private field, is also found through a proxy of the request and through an
 * object that inherits from it.
 */
export interface SessionPlace<Data extends object> {
  readonly accessors: { readonly get: (this: object) => unknown; readonly set: (this: object, value: unknown) => void }
  /** The session that is shown on this request, or on what it wraps. */
  readonly find: (request: object) => Session<Data>
  readonly put: (request: object, property: SessionProperty<Data>) => void
}

/** `notYet` makes the error for a request that nothing was put on. */
export function sessionPlace<Data extends object>(notYet: () => Error): SessionPlace<Data> {
  const key = Symbol('coatcheck')

  function propertyOf(request: object): SessionProperty<Data> {
    // Nobody else has the symbol.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const found = Reflect.get(request, key) as SessionProperty<Data> | undefined
    if (found === undefined) throw notYet()
    return found
  }

  return {
    accessors: {
      get() {
        return propertyOf(this).get()
      },
      set(value) {
        propertyOf(this).set(value)
      },
    },
    find: (request) => propertyOf(request).loaded(),
    put: (request, property) => void Object.defineProperty(request, key, { value: property }),
  }
}
