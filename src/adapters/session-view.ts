import { SessionError } from '../errors.ts'
import { notLoaded } from '../request/requests.ts'
import type { Session } from '../session.ts'
import { callBack } from './call-back.ts'
import type { Callback } from './call-back.ts'
import { cookieView } from './cookie-view.ts'
import type { CookieView } from './cookie-view.ts'
import { refuseMember, withMembers } from './session-members.ts'
import type { Members } from './session-members.ts'

export type { CookieView } from './cookie-view.ts'

/**
 * The members that `req.session` has beside the data's own keys: those of express-session, no others. They are not
 * enumerable, and assigning to one throws. Each takes a callback, and then returns the session, or gives a promise.
 */
export interface SessionView {
  /** A public handle of the session; useless as a cookie. */
  readonly id: string
  readonly cookie: CookieView
  /** Save now instead of with the response. */
  save(): Promise<void>
  save(callback: Callback): this
  /** Read the newest state into a new `req.session`; an error of code `session_ended` when the session is gone. */
  reload(): Promise<void>
  reload(callback: Callback): this
  /** Move to a new ID, on login and logout. `req.session` is then a new, empty object; this one stays readable. */
  regenerate(): Promise<void>
  regenerate(callback: Callback): this
  /** End the session. `req.session` is undefined from here on. */
  destroy(): Promise<void>
  destroy(callback: Callback): this
  /** Does nothing: every request that counts as a visit moves the deadline already. */
  touch(): this
}

/** What differs between frameworks. */
export interface SessionPropertyOptions<Data extends object> {
  /** How the framework's users write the property, such as `req.session`: errors say it. */
  readonly label: string
  /** More members, or others in place of those of the same name; each is looked up when it is read. */
  readonly members?: (session: Session<Data>, answer: Answer) => Members
}

/** Give a promise, or call back once it settles and give the session. */
export type Answer = (promise: Promise<void>, callback: Callback | undefined) => unknown

/** `req.session` for one request: the property of that name reads and assigns through it. */
export class SessionProperty<Data extends object> {
  readonly #options: SessionPropertyOptions<Data>
  #session: Session<Data> | undefined
  #shown: Shown | undefined
  #destroyed = false

  constructor(options: SessionPropertyOptions<Data>) {
    this.#options = options
  }

  /** The session is open, and is this one. */
  show(session: Session<Data>): void {
    this.#session = session
  }

  /** The session itself; `not_loaded` before it is. */
  loaded(): Session<Data> {
    if (this.#session) return this.#session
    throw notLoaded()
  }

  /** The data with the members; undefined once it was destroyed through them. `not_loaded` before the session is. */
  get(): SessionView | undefined {
    return this.#destroyed ? undefined : this.#look().view
  }

  /** null destroys; another object replaces the data, under the same ID. */
  set(value: unknown): void {
    const { label } = this.#options
    if (value === null || value === undefined) {
      this.#destroy().catch(() => undefined)
      return
    }
    if (typeof value !== 'object' || Array.isArray(value)) {
      throw new SessionError('bad_value', `${label} was set to what is no plain object; null destroys the session`)
    }
    const { members, view } = this.#look()
    const replacement = { ...value }
    for (const key of Object.keys(replacement)) refuseMember(members, key, label)
    for (const key of Object.keys(view)) Reflect.deleteProperty(view, key)
    Object.assign(view, replacement)
  }

  /** A destroy that failed, or that nobody waited for, is done or fails the response before its head leaves. */
  beforeCommit(): Promise<void> | undefined {
    return this.#destroyed ? this.#session?.destroy() : undefined
  }

  #destroy(): Promise<void> {
    const session = this.loaded()
    this.#destroyed = true
    return session.destroy()
  }

  #look(): Shown {
    const session = this.loaded()
    const { data } = session
    if (this.#shown?.data !== data) this.#shown = this.#make(session, data)
    return this.#shown
  }

  /**
   * A proxy over `session.data` itself, so that both are always the same data. The other way, members on the data
   * object or its prototype, would put names into the data that the session promises to leave free. The price:
   * `structuredClone(req.session)` refuses a proxy; `structuredClone({ ...req.session })` does not.
   */
  #make(session: Session<Data>, data: object): Shown {
    const { label, members: more } = this.#options
    const answer: Answer = (promise, callback) => {
      // Express code calls these without waiting: a failure then must not end the process. The commit meets it again.
      promise.catch(() => undefined)
      if (callback === undefined) return promise
      callBack(promise, callback)
      return proxy
    }
    const save = (callback?: Callback): unknown => answer(saved(session), callback)
    const reload = (callback?: Callback): unknown => answer(reloaded(session), callback)
    const regenerate = (callback?: Callback): unknown => answer(session.regenerate(), callback)
    const end = (callback?: Callback): unknown => answer(this.#destroy(), callback)
    const touch = (): unknown => proxy
    const common: Readonly<Record<keyof SessionView, () => unknown>> = {
      id: () => session.id,
      cookie: () => cookieView(session),
      save: () => save,
      reload: () => reload,
      regenerate: () => regenerate,
      destroy: () => end,
      touch: () => touch,
    }
    const members = more ? { ...common, ...more(session, answer) } : common
    const proxy = withMembers(data, members, label)
    // The proxy's traps answer for every member.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return { data, members, view: proxy as SessionView }
  }
}

interface Shown {
  readonly data: object
  readonly members: Members
  readonly view: SessionView
}

/**
 * Passport regenerates and saves on login. When another click on the same button did so first, that is no error to
 * the visitor, who has the new session's cookie by now; the event `gone` tells of it.
 */
async function saved<Data extends object>(session: Session<Data>): Promise<void> {
  try {
    await session.save()
  } catch (error) {
    if (session.ended !== 'superseded') throw error
  }
}

async function reloaded<Data extends object>(session: Session<Data>): Promise<void> {
  if (await session.reload()) return
  throw new SessionError('session_ended', 'nothing is stored for it, so there is nothing to reload')
}
