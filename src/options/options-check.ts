import { SessionError } from '../errors.ts'
import type { SessionsOptions } from './options.ts'
import type { Store } from '../store.ts'
import { shown } from './shown.ts'

const VERBS = ['read', 'create', 'update', 'touch', 'delete'] as const

/** A thing that is no store. A promise is the usual slip: `openStore()` is asynchronous. */
export function checkStore(store: Store | undefined): void {
  if (store === undefined) return
  if (typeof store !== 'object' || store === null) {
    refuse(`store is ${shown(store)}; give a store, as from memoryStore() or await openStore('file:.sessions')`)
  }
  if ('then' in store) refuse('store is a promise; write store: await openStore(…)')
  const missing = VERBS.filter((verb) => typeof store[verb] !== 'function')
  if (missing.length > 0) refuse(`store has no ${missing.join('(), no ')}(); it is not a Coatcheck store`)
}

/** What plain JavaScript lets through: a truthy 'false' would be taken for true. */
export function checkTypes(options: SessionsOptions): void {
  for (const name of ['permanent', 'dropChangesOnError'] as const) {
    if (typeof (options[name] ?? true) !== 'boolean') {
      refuse(`${name} is ${shown(options[name])}; it is true or false`)
    }
  }
  const { clock, cookie, randomBytes, onStoreError = 'error' } = options
  if (!['error', 'anonymous'].includes(onStoreError)) {
    refuse(`onStoreError is ${shown(onStoreError)}; it is 'error' or 'anonymous'`)
  }
  // oxlint-disable-next-line typescript/unbound-method -- only looked at
  if (options.requestInfo !== undefined && typeof options.requestInfo !== 'function') {
    refuse('requestInfo is no function; it takes a request and returns what the log shall say of it')
  }
  if (typeof (cookie ?? {}) !== 'object') refuse(`cookie is ${shown(cookie)}; write cookie: { name: … }`)
  if (clock !== undefined && !['now', 'after', 'sleep'].every((name) => typeof Object(clock)[name] === 'function')) {
    refuse('clock is no clock; it has now(), after() and sleep(), as systemClock and testClock() have')
  }
  if (randomBytes !== undefined && typeof randomBytes !== 'function') {
    refuse('randomBytes is no function; it takes a number and returns as many random bytes')
  }
}

/** Throws `bad_option`; `detail` names the option and says what it may be. */
export function refuse(detail: string): never {
  throw new SessionError('bad_option', detail)
}
