import type { Session } from '../session.ts'
import type { Callback } from './call-back.ts'
import type { Members } from './session-members.ts'
import type { Answer, SessionView } from './session-view.ts'

/**
 * The members that `request.session` has beside the data's own keys. `get`, `set`, `data` and the keys that
 * `regenerate` takes are what `@fastify/flash`, `@fastify/csrf-protection` and `@fastify/passport` call.
 */
export interface FastifySession extends Omit<SessionView, 'regenerate'> {
  /** The value under a key, undefined when there is none. */
  get(key: string): unknown
  /** Put a value under a key; undefined deletes it. */
  set(key: string, value: unknown): void
  /** A shallow copy of the data. */
  data(): Record<string, unknown>
  /** Move to a new ID, on login and logout, with an empty session or with the keys that are to be kept. */
  regenerate(keep?: readonly string[]): Promise<void>
  regenerate(callback: Callback): this
  regenerate(keep: readonly string[], callback: Callback): this
}

/** The members of {@link FastifySession} that are not in the common view, or differ from it. */
export function fastifyMembers<Data extends object>(session: Session<Data>, answer: Answer): Members {
  const { data }: { data: object } = session
  const get = (key: string): unknown => (Object.hasOwn(data, key) ? Reflect.get(data, key) : undefined)
  const set = (key: string, value: unknown): void => void Object.assign(data, { [key]: value })
  const copy = (): object => ({ ...data })
  const regenerate = (first?: readonly string[] | Callback, second?: Callback): unknown => {
    const [keep, callback] = typeof first === 'function' ? [false, first] : [first ?? false, second]
    return answer(session.regenerate({ keep }), callback)
  }
  return { get: () => get, set: () => set, data: () => copy, regenerate: () => regenerate }
}
