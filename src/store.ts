/**
 * The store contract: types only.
 *
 * A store is dumb and exact. It keeps an opaque payload, an absolute deadline and a version, and it has no
 * unconditional write: a lost update or a resurrected session cannot be expressed in these verbs. All policy
 * (lifetimes, merging, cookies) lives in the core, so that every store behaves alike.
 *
 * Rules for every method:
 * - Absence is a value (`null`, `'gone'`, `false`); only a failing system rejects.
 * - `now` is the application's clock, passed in. A store that also expires by its own clock may be later than
 *   `now`, never earlier by more than a skew its documentation names.
 * - A record whose `expiresAt` is at or before `now` is dead for every verb, even while its bytes still exist.
 * - `id` is 64 lower-case hex digits, made by the core; nothing a client sends reaches a store.
 */
export interface Store {
  /** What `sessions.describe()` calls it, such as `'Redis'`: for people to read, so never with an address or a secret. */
  readonly name?: string
  /** The live record, or `null` when it is absent or past its deadline. */
  read(id: string, now: number): Promise<StoredRecord | null>
  /** Insert. `null` when a live record already has this id; that record is then untouched. */
  create(id: string, record: RecordInput, now: number): Promise<Written | null>
  /**
   * Replace payload, deadline and owner, only if the stored version is still `expected`.
   * Resolves with the new version; `'conflict'` when the record lives with another version; `'gone'` when no live
   * record has this id. An `owner` that is absent from `record` removes the stored one.
   */
  update(id: string, expected: Version, record: RecordInput, now: number): Promise<Written | 'conflict' | 'gone'>
  /**
   * Move the deadline forward and nothing else: the version stays, so that a visit never conflicts with a write.
   * Never moves it back (then it is a no-op that resolves `true`), never revives an expired record, never makes
   * one. `false` when no live record has this id.
   */
  touch(id: string, expiresAt: number, now: number): Promise<boolean>
  /** Remove the record, expired or not. `true` when there was one. Deleting nothing is no error. */
  delete(id: string): Promise<boolean>
  /**
   * Every record, or those of one owner; order is unspecified. Expired ones that still have bytes may be included:
   * the caller has the clock. Records made or removed while the listing runs may be missed. A store that cannot
   * enumerate leaves the method out: that is the only way to say "cannot".
   */
  list?(filter?: { readonly owner?: string }): AsyncIterable<ListedRecord>
  /**
   * Remove a bounded batch of records that are dead at `now`, and what crashed writers left behind. Several
   * processes may sweep at once. Left out by stores that expire by themselves.
   */
  sweep?(now: number, limit: SweepLimit): Promise<SweepResult>
  /** Release what the store opened itself (never a client it was given). Calling it twice is harmless. */
  close?(): Promise<void>
}

/**
 * A store that removes live records to make room, and says so: `sessions.on('evicted')` is how operators hear of it.
 * A wrapper around a store should pass it on.
 */
export interface EvictingStore extends Store {
  /** Be told the ID of each live record that had to go, for as long as the store is in use. Must not throw. */
  onEvict(listener: (id: string) => void): void
}

/** What the core hands to a store. */
export interface RecordInput {
  /** Opaque, well-formed Unicode without NUL. Store it byte for byte. */
  readonly payload: string
  /** Unix milliseconds. */
  readonly expiresAt: number
  /** Whose session this is, for {@link Store.list}. */
  readonly owner?: string
}

/** What a store hands back. */
export interface StoredRecord extends RecordInput {
  readonly version: Version
  /**
   * Set by a store around a store that would keep this record differently today, such as encrypted with a newer key:
   * the core then writes it anew with its next commit, though nothing else changed. Default: not so.
   */
  readonly rewriteDue?: boolean
  /**
   * Set by a store around a store that cannot make out the payload, which is empty then: a word for the event
   * `rejected`. The core treats the record as one that it cannot read itself.
   */
  readonly unreadable?: string
}

/** The receipt of a write. An object, so that no version can be mistaken for the words beside it. */
export interface Written {
  readonly version: Version
}

/** A record as {@link Store.list} yields it. */
export interface ListedRecord extends StoredRecord {
  readonly id: string
  /** Bytes the record takes in the store, as near as the store can cheaply tell. */
  readonly size: number
}

/** Opaque to the core: compared by the store alone, never ordered, never reused for one id. */
export type Version = string | number

/** How much one {@link Store.sweep} call may do; whichever bound is met first ends the batch. */
export interface SweepLimit {
  /** Records to remove at most. */
  readonly records: number
  /** Milliseconds of work, roughly. */
  readonly ms: number
}

/** What one {@link Store.sweep} call did. */
export interface SweepResult {
  readonly removed: number
  /** True when the batch ended at its limit and dead records may remain: call again. */
  readonly more: boolean
}
