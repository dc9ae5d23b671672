import type { SessionErrorCode } from '../errors.ts'
import type { Winner } from '../record/merge.ts'
import type { Misfit } from '../request/validation.ts'

/** What every event says. */
export interface EventOccasion {
  /** When it happened, Unix ms by the application's clock. */
  readonly at: number
  /** What the option `requestInfo` said of the request; absent without that option, and for what is no request's. */
  readonly info?: unknown
}

/**
 * An event about one session. Nothing of it is a secret, and what a log line shows of it (its enumerable properties)
 * does not even tell under which ID the session is stored, so that a stolen log and a stolen store cannot be joined.
 */
export interface SessionEvent extends EventOccasion {
  /**
   * Who it is in the log: a keyed hash of the ID (option `logKey`), 32 hex digits, the same in every event. Empty, as
   * `id` is, where the session never got as far as having an ID.
   */
  readonly ref: string
  /** The session's public handle, for `sessions.revoke(id)`. Not enumerable: no logger writes it unless asked by name. */
  readonly id: string
  /** Whose session it is, where that is known. */
  readonly owner?: string | undefined
}

/**
 * What happened, for logs and metrics: the same objects for `sessions.on(name)` and, under `coatcheck:name`, for
 * `diagnostics_channel`. No event, error or log ever holds a token. `docs/events.md` has them in one table.
 */
export interface SessionEvents {
  /** A session got its first record. */
  created: SessionEvent
  /** A request came with the cookie of a live session. */
  loaded: SessionEvent
  /** A session moved to a new ID. `from`, the old one, is not enumerable either; `fromRef` is. */
  regenerated: SessionEvent & { readonly from: string; readonly fromRef: string }
  /** A session that had its ID for `renewAfter` was given a new one. */
  renewed: SessionEvent & { readonly from: string; readonly fromRef: string }
  /** `session.destroy()` or `logout()` removed it. */
  destroyed: SessionEvent & { readonly reason: DestroyReason }
  /** A cookie came whose session is past a deadline; of what the store has removed already, it is `rejected`. */
  expired: SessionEvent
  /** `sessions.revoke()` or `revokeAll()` removed it, or a further sign-in beyond `ownerLimit`. */
  revoked: SessionEvent
  /** Two requests changed one key; `winner` says which change stayed. */
  conflict: SessionEvent & { readonly key: string; readonly winner: Winner }
  /** Changes were dropped, because the session ended while the request ran. No cookie was sent. */
  gone: SessionEvent & { readonly reason: EndReason; readonly keys: readonly string[] }
  /** A cookie of ours was not honoured. `ref` and `id` are missing where no ID could be made of it. */
  rejected: Partial<SessionEvent> & EventOccasion & { readonly reason: RejectReason; readonly detail?: string }
  /** Stored data did not fit the schema; `paths` says where, and `outcome` what became of it. */
  invalid: SessionEvent & Misfit
  /** Data changed after the response head had left; it was not saved. `await session.save()` is for that. */
  late: SessionEvent & { readonly keys: readonly string[] }
  /** A Secure cookie was due on a plain connection and was not sent. */
  withheld: SessionEvent
  /** The store removed a live session to make room. */
  evicted: SessionEvent
  /** A sweep removed dead records. */
  swept: EventOccasion & { readonly removed: number }
  /** A store call failed or did not answer in time; `code` is that of the error a request got. */
  storeError: EventOccasion & {
    readonly operation: string
    readonly code: SessionErrorCode
    readonly error: unknown
    /** True when the connection had broken and the call is made once more: nobody noticed yet. */
    readonly retried: boolean
  }
  /** The session could not be read, so the request got an anonymous one (`onStoreError: 'anonymous'`). */
  unavailable: SessionEvent & { readonly code: SessionErrorCode }
  /** Changes to such an anonymous session were refused, and the response with them. */
  refused: EventOccasion & { readonly keys: readonly string[] }
}

/** Which of the two ended it. */
export type DestroyReason = 'destroyed' | 'logout'

/** Why a cookie was not honoured. */
export type RejectReason =
  /** Its shape is none of ours: the store was not asked. */
  | 'malformed'
  /** Nothing is stored under it: expired and removed, ended, or guessed. */
  | 'unknown'
  /** What is stored is not a session this version can read. */
  | 'unreadable'
  /** A sealed cookie that no key of ours opens. */
  | 'signature'
  /** Several cookies of our name open different sessions, or there are too many to look into. */
  | 'ambiguous'

/** Why a session can no longer be written. */
export type EndReason = 'destroyed' | 'gone' | 'superseded' | 'ambiguous'

/** Called at once, in order of registration (in runtimes without synchronous hashing: a moment later, in order). */
export type Listener<Name extends keyof SessionEvents> = (event: SessionEvents[Name]) => void

/** An event as the core reports it: what the emitter adds is left out. */
export type Facts<Name extends keyof SessionEvents> = Omit<SessionEvents[Name], 'at' | 'info' | 'ref' | 'fromRef'>

/** Which request an event is about: what `sessions.open({ request })` was given. */
export interface About {
  readonly request: unknown
}

/** Report one event. */
export interface Emit {
  <Name extends keyof SessionEvents>(name: Name, facts: Facts<Name>, about?: About): void
  /** Whether anybody listens, for events that would cost something to find out about. */
  heard(name: keyof SessionEvents): boolean
}
