import { SessionError } from '../errors.ts'
import type { SessionsOptions } from './options.ts'
import type { Store } from '../store.ts'

const VERBS = ['read', 'create', 'update', 'touch', 'delete'] as const

/** A thing that is no store. A promise is the usual slip: `openStore()` is asynchronous. */
export function checkStore(store: Store | undefined): void {
  if (store === undefined) return
  if (typeof store !== 'object' || store === null) {
    refuse(
      `store is ${JSON.stringify(store)}; give a store, as from memoryStore() or await openStore('file:.sessions')`,
    )
  }
  if ('then' in store) refuse('store is a promise; write store: await openStore(…)')
  const missing = VERBS.filter((verb) => typeof store[verb] !== 'function')
  if (missing.length > 0) refuse(`store has no ${missing.join('(), no ')}(); it is not a Coatcheck store`)
}

/** What plain JavaScript lets through: a truthy 'false' would be taken for true. */
export function checkTypes(options: SessionsOptions): void {
  for (const name of ['permanent', 'dropChangesOnError'] as const) {
    if (typeof (options[name] ?? true) !== 'boolean') {
      refuse(`${name} is ${JSON.stringify(options[name])}; it is true or false`)
    }
  }
  const { cookie, randomBytes, onStoreError = 'error' } = options
  if (!['error', 'anonymous'].includes(onStoreError)) {
    refuse(`onStoreError is ${JSON.stringify(onStoreError)}; it is 'error' or 'anonymous'`)
  }
  // oxlint-disable-next-line typescript/unbound-method -- only looked at
  if (options.requestInfo !== undefined && typeof options.requestInfo !== 'function') {
    refuse('requestInfo is no function; it takes a request and returns what the log shall say of it')
  }
  if (typeof (cookie ?? {}) !== 'object')
    refuse(`cookie is ${JSON.stringify(cookie) ?? typeof cookie}; write cookie: { name: … }`)
  if (randomBytes !== undefined && typeof randomBytes !== 'function') {
    refuse('randomBytes is no function; it takes a number and returns as many random bytes')
  }
}

/** Throws `bad_option`; `detail` names the option and says what it may be. */
export function refuse(detail: string): never {
  throw new SessionError('bad_option', detail)
}
