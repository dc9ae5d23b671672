import type { EndReason } from './events.ts'
import type { SessionState, StoredState } from './state.ts'

/**
 * Where sessions live: the seam behind `Sessions`. `backend-store.ts` keeps records on the server; a cookie back end
 * keeps the whole session in the browser.
 */
export interface Backend {
  /** The record a browser's token names, or why there is none for it. */
  find(token: string): Promise<StoredState | Missing>
  /** Carry out what the commit decided; `failed` drops data changes. Afterwards `state` says what is so. */
  save(state: SessionState, failed: boolean): Promise<void>
  /** Whether {@link save} would do anything; answers without I/O, throws what encoding throws. */
  isDue(state: SessionState, failed: boolean): boolean
  /** Keys whose values are not in the store; empty when all is saved. */
  unsaved(state: SessionState): string[]
  update(state: SessionState, change: (data: Record<string, unknown>) => unknown): Promise<void>
  reload(state: SessionState): Promise<boolean>
  destroy(state: SessionState): Promise<void>
}

/** Why a token opens nothing. `superseded` may read nothing and write nothing; the others begin anew. */
export interface Missing {
  readonly missing: 'unknown' | 'unreadable' | 'superseded'
  readonly id: string
  readonly detail?: string
}

/** What became of a write: the record as it is now, or why there is none to write to. */
export type Outcome = StoredState | EndReason
