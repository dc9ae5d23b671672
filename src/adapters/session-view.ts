import { SessionError } from '../errors.ts'
import type { Session } from '../session.ts'
import { callBack } from './call-back.ts'
import type { Callback } from './call-back.ts'
import { expressCookie } from './express-cookie.ts'
import type { ExpressCookie } from './express-cookie.ts'

export type { ExpressCookie } from './express-cookie.ts'

/**
 * The members that `req.session` has beside the data's own keys: those of express-session, no others. They are not
 * enumerable, and assigning to one throws. Each takes a callback, and then returns the session, or gives a promise.
 */
export interface ExpressSession {
  /** A public handle of the session; useless as a cookie. */
  readonly id: string
  readonly cookie: ExpressCookie
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

/** `req.session` for one request. */
export interface RequestSession {
  /** The data with express-session's members; undefined once it was destroyed through them. */
  readonly get: () => ExpressSession | undefined
  /** null destroys; another object replaces the data, under the same ID. */
  readonly set: (value: unknown) => void
  /** A destroy that failed, or that nobody waited for, is done or fails the response before its head leaves. */
  readonly beforeCommit: () => Promise<void> | undefined
}

/**
 * A proxy over `session.data` itself, so that both are always the same data. The other way, members on the data
 * object or its prototype, would put names into the data that the session promises to leave free. The price:
 * `structuredClone(req.session)` refuses a proxy; `structuredClone({ ...req.session })` does not.
 */
export function requestSession<Data extends object>(session: Session<Data>): RequestSession {
  let shown: { readonly data: object; readonly view: ExpressSession } | undefined
  let destroyed = false

  function view(): ExpressSession {
    const { data } = session
    if (shown?.data !== data) shown = { data, view: show(data) }
    return shown.view
  }

  function destroy(): Promise<void> {
    destroyed = true
    return session.destroy()
  }

  function show(data: object): ExpressSession {
    const answer = (promise: Promise<void>, callback?: Callback): unknown => {
      // Express code calls these without waiting: a failure then must not end the process. The commit meets it again.
      promise.catch(() => undefined)
      if (callback === undefined) return promise
      callBack(promise, callback)
      return proxy
    }
    const members: Members = {
      id: () => session.id,
      cookie: () => expressCookie(session),
      save: () => save,
      reload: () => reload,
      regenerate: () => regenerate,
      destroy: () => end,
      touch: () => touch,
    }
    const save = (callback?: Callback): unknown => answer(saved(session), callback)
    const reload = (callback?: Callback): unknown => answer(reloaded(session), callback)
    const regenerate = (callback?: Callback): unknown => answer(session.regenerate(), callback)
    const end = (callback?: Callback): unknown => answer(destroy(), callback)
    const touch = (): unknown => proxy
    const proxy = withMembers(data, members)
    return proxy
  }

  return {
    get: () => (destroyed ? undefined : view()),
    set(value) {
      if (value === null || value === undefined) {
        destroy().catch(() => undefined)
        return
      }
      if (typeof value !== 'object' || Array.isArray(value)) {
        throw new SessionError('bad_value', 'req.session was set to what is no plain object; null destroys the session')
      }
      const replacement = { ...value }
      for (const key of Object.keys(replacement)) refuseMember(key)
      const current = view()
      for (const key of Object.keys(current)) Reflect.deleteProperty(current, key)
      Object.assign(current, replacement)
    },
    beforeCommit: () => (destroyed ? session.destroy() : undefined),
  }
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

type Members = Readonly<Record<keyof ExpressSession, () => unknown>>

const NAMES: Readonly<Record<keyof ExpressSession, true>> = {
  id: true,
  cookie: true,
  save: true,
  reload: true,
  regenerate: true,
  destroy: true,
  touch: true,
}

function isMember(key: string | symbol): key is keyof ExpressSession {
  return Object.hasOwn(NAMES, key)
}

function refuseMember(key: string | symbol): void {
  if (!isMember(key)) return
  throw new SessionError(
    'bad_value',
    `req.session.${key} is a member of the session; keep data under another name, or use sessions.of(req).data`,
  )
}

/** `data`, with `members` answering under their names. Data stored under such a name stays, unseen from here. */
function withMembers(data: object, members: Members): ExpressSession {
  const proxy: object = new Proxy(data, {
    get: (target, key, receiver) => (isMember(key) ? members[key]() : Reflect.get(target, key, receiver)),
    has: (target, key) => isMember(key) || Reflect.has(target, key),
    // Assigning arrives here, too.
    defineProperty(target, key, descriptor) {
      refuseMember(key)
      return Reflect.defineProperty(target, key, descriptor)
    },
    deleteProperty(target, key) {
      refuseMember(key)
      return Reflect.deleteProperty(target, key)
    },
    ownKeys: (target) => Reflect.ownKeys(target).filter((key) => !isMember(key)),
    getOwnPropertyDescriptor: (target, key) =>
      isMember(key) ? undefined : Reflect.getOwnPropertyDescriptor(target, key),
  })
  // The traps above answer for every member.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return proxy as ExpressSession
}
