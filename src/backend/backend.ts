import type { DestroyReason, Emit, EndReason } from '../events/events.ts'
import type { Decision } from '../request/changes.ts'
import type { Policy } from '../options/options.ts'
import type { SessionState, StoredState } from '../request/state.ts'
import type { Store } from '../store.ts'

/**
 * Where sessions live: the seam behind `Sessions`. `backend-store.ts` keeps records on the server; a cookie back end
 * keeps the whole session in the browser.
 */
export interface Backend {
  /** The record a browser's token names, or why there is none for it. */
  find(token: string): Promise<StoredState | Missing>
  /**
   * Carry out what the commit decided; `failed` drops data changes. Afterwards `state` says what is so. `decided` is
   * what {@link due} has answered in the same turn of the event loop; left out, it is decided now.
   */
  save(state: SessionState, failed: boolean, decided?: Decision): Promise<void>
  /** What {@link save} would do; undefined for nothing. Answers without I/O, throws what encoding throws. */
  due(state: SessionState, failed: boolean): Decision | undefined
  /** Keys whose values are not in the store; empty when all is saved. */
  unsaved(state: SessionState): string[]
  update(state: SessionState, change: (data: Record<string, unknown>) => unknown): Promise<void>
  reload(state: SessionState): Promise<boolean>
  /** End the session; `reason` is for the event. */
  destroy(state: SessionState, reason: DestroyReason): Promise<void>
  /** What to do instead of changing data after the head, for the warning that it was not saved. */
  readonly lateAdvice: string
  /** Sentences for `describe()`, where those about stores do not hold. */
  readonly description?: readonly string[]
}

/** Under this name an object given as `store` carries a back end of its own, and is no store then. */
export const BACKEND: unique symbol = Symbol('coatcheck.backend')

/** What is found there: how `createSessions` gets the other back end without importing it. */
export interface BackendSource {
  /** Whether a cookie value could be one of its own; anything else is not looked into. */
  readonly accepts: (value: string) => boolean
  readonly open: (policy: Policy, emit: Emit) => Backend
}

/** The back end that an object given as `store` brings along; undefined for every store. */
export function backendOf(
  store: (Store & { readonly [BACKEND]?: BackendSource }) | undefined,
): BackendSource | undefined {
  return store?.[BACKEND]
}

/** Why a token opens nothing. `superseded` and `ambiguous` may read and write nothing; the others begin anew. */
export interface Missing {
  readonly missing: 'unknown' | 'expired' | 'unreadable' | 'signature' | 'superseded' | 'ambiguous'
  readonly id: string
  readonly owner?: string | undefined
  readonly detail?: string
  /** The sessions that an `ambiguous` one may be. */
  readonly rivals?: readonly StoredState[]
}

/** What became of a write: the record as it is now, or why there is none to write to. */
export type Outcome = StoredState | EndReason
