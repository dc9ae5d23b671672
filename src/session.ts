import type { EndReason } from './events/events.ts'
import { checkedNote, checkedOwner } from './owners/owner.ts'
import type { OwnerNote } from './owners/owner.ts'
import { dropProof } from './request/state.ts'
import type { SessionState } from './request/state.ts'

/** What a session asks of its back end. Everything here may wait for the store. */
export interface SessionVerbs {
  save(state: SessionState): Promise<void>
  reload(state: SessionState): Promise<boolean>
  regenerate(state: SessionState, keep: boolean | readonly string[]): Promise<void>
  destroy(state: SessionState): Promise<void>
  update(state: SessionState, change: (data: Record<string, unknown>) => unknown): Promise<void>
  /** {@link login} of `login.ts`, with everything checked. */
  login(
    state: SessionState,
    owner: string,
    options: { readonly keep: boolean | readonly string[] | undefined; readonly note: SessionState['note'] },
  ): Promise<void>
  logout(state: SessionState): Promise<void>
  now(): number
  /** The public handle; drawn now if the session has none yet. */
  idOf(state: SessionState): string
  /** When the session ends if nobody comes back, Unix ms. */
  expiresAt(state: SessionState): number
}

/**
 * One visitor's session during one request. Your data is in `data`, a plain object; everything else is beside it, so
 * no name is taken from you. It does no I/O of its own; `docs/session.md` says for every member what happens now, at
 * the commit, after the response head and when called twice.
 *
 * `Held` is the type of `data`: that of your own with every key optional, since a session begins empty, or the output
 * of your schema.
 */
export class Session<Data extends object = Record<string, unknown>, Held extends object = Partial<Data>> {
  readonly #state: SessionState
  readonly #verbs: SessionVerbs

  /** Made by `sessions.open()`. */
  constructor(state: SessionState, verbs: SessionVerbs) {
    this.#state = state
    this.#verbs = verbs
  }

  /**
   * What is kept about the visitor. Change it as you like, nested values included: the commit finds what changed. A
   * key set to undefined counts as deleted. After `regenerate()` and `destroy()` it is another, new object.
   */
  get data(): Held {
    this.#state.asked = true
    this.#state.dataAsked = true
    // Whatever was stored is what the application put in under its own type, or what its schema gave out.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return this.#state.data as object as Held
  }

  /** A public handle of this session for logs and `sessions.revoke()`; useless as a cookie. 64 hex digits. */
  get id(): string {
    this.#state.asked = true
    return this.#verbs.idOf(this.#state)
  }

  /** True while nothing of this session is in the store; false while nobody can tell (see {@link unavailable}). */
  get isNew(): boolean {
    this.#state.asked = true
    const { stored, retiring, ended, unavailable } = this.#state
    return stored === undefined && retiring === undefined && ended === undefined && unavailable === undefined
  }

  /**
   * Why nothing can be saved in it any more: `destroyed`; `gone` (expired, revoked, destroyed by another request);
   * `superseded` (another request moved it to a new ID); `ambiguous` (the browser sent cookies of several sessions).
   * Undefined while it lives.
   */
  get ended(): EndReason | undefined {
    this.#state.asked = true
    return this.#state.ended
  }

  /**
   * True when the store could not be read and `onStoreError` is `'anonymous'`: this is not the visitor's session but an
   * empty one, which nothing can be saved in. Saving, ending or moving it rejects with `session_unavailable`, and so
   * does the commit when something was put in. The visitor keeps the cookie, and has the session again afterwards.
   */
  get unavailable(): boolean {
    this.#state.asked = true
    return this.#state.unavailable !== undefined
  }

  /** Whether the cookie outlives the browser window. Setting it is a change: saved and sent with the next commit. */
  get permanent(): boolean {
    this.#state.asked = true
    return this.#state.permanent
  }

  set permanent(value: boolean) {
    this.#state.asked = true
    // A form's "remember me" is 'on' or undefined, and its type is any: stored like that, the record is no record.
    const flag: unknown = value
    this.#state.permanent = Boolean(flag)
  }

  /**
   * Whose session this is (a user ID), for `sessions.list({ owner })` and `revokeAll`. Stored in clear. Setting it is a
   * label and no sign-in: the ID stays, and `authenticatedAt` goes when the owner changes. Somebody signs in by
   * `login()`. Setting what is neither undefined nor well-formed text without NUL throws `bad_option`.
   */
  get owner(): string | undefined {
    this.#state.asked = true
    return this.#state.owner
  }

  set owner(value: string | undefined) {
    this.#state.asked = true
    const owner = checkedOwner(value, 'session.owner')
    // Whoever proved to be the former owner has not proved to be this one.
    if (owner !== this.#state.owner) dropProof(this.#state)
    this.#state.owner = owner
  }

  /** When the owner last proved who they are, by `login()`, Unix ms; undefined for whoever has not. */
  get authenticatedAt(): number | undefined {
    this.#state.asked = true
    return this.#state.authAt
  }

  /**
   * What the owner's list of devices shall say of this session, such as `{ device, address }`: eight texts at most, each
   * cut at 256 characters. Stored in clear. Read-only inside: set another object to change it. Anything else than texts
   * throws `bad_option`. By itself it makes no session worth storing.
   */
  get note(): OwnerNote | undefined {
    this.#state.asked = true
    return this.#state.note
  }

  set note(value: OwnerNote | undefined) {
    this.#state.asked = true
    this.#state.note = checkedNote(value)
  }

  /**
   * When the session began, Unix ms. A new ID does not change it; but a session that stops being its owner's, without
   * ending, began when they last proved who they are.
   */
  get createdAt(): number {
    this.#state.asked = true
    return this.#state.createdAt
  }

  /** When it ends if the visitor does not come back, Unix ms. */
  get expiresAt(): number {
    this.#state.asked = true
    return this.#verbs.expiresAt(this.#state)
  }

  /**
   * Save now instead of with the commit: before an e-mail goes out, after the head while streaming. Changes of other
   * requests are merged in and are in `data` afterwards. Rejects with `session_ended` when there is nothing to save
   * into, and with `cookie_too_late` when a new session can no longer send its cookie.
   */
  save(): Promise<void> {
    return this.#verbs.save(this.#state)
  }

  /** Read the newest state; unsaved changes are lost. False when nothing is stored under this ID (any more). */
  reload(): Promise<boolean> {
    this.#state.asked = true
    return this.#verbs.reload(this.#state)
  }

  /**
   * Move to a new ID, on login and on every change of privilege (OWASP Session Management, "Renew the Session ID").
   * `data` becomes a new object: empty, or with all (`keep: true`) or some keys carried over. With nothing kept, the
   * session is nobody's any more: owner, `authenticatedAt` and note go, too. The old ID stops
   * working with the next save or the commit; it opens as an empty session then, which cannot be written. On a
   * session that has ended it does nothing but empty `data`: of two logins at once, one moves the session.
   */
  regenerate(options: { readonly keep?: boolean | readonly string[] } = {}): Promise<void> {
    return this.#verbs.regenerate(this.#state, options.keep ?? false)
  }

  /** End the session now: its record is gone when this resolves, its cookie is deleted with the response. */
  destroy(): Promise<void> {
    return this.#verbs.destroy(this.#state)
  }

  /**
   * Change the newest stored data atomically, and save: 100 parallel increments count 100. `change` gets the stored
   * data with this request's unsaved changes laid over it; it is synchronous, may run several times, and what it
   * throws is passed on with nothing saved. Afterwards `data` holds the result.
   */
  update(change: (data: Held) => void): Promise<void> {
    // The same promise as `data` makes, in the other direction.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return this.#verbs.update(this.#state, change as (data: Record<string, unknown>) => unknown)
  }

  /** For the core alone: what carries a session's members out. */
  static verbsOf<Data extends object, Held extends object>(session: Session<Data, Held>): SessionVerbs {
    return session.#verbs
  }

  /** For the core alone: the state behind a session. */
  static stateOf<Data extends object, Held extends object>(session: Session<Data, Held>): SessionState {
    return session.#state
  }
}
