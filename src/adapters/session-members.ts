import { SessionError } from '../errors.ts'

/** What answers under each name, looked up when it is read. */
export type Members = Readonly<Record<string, () => unknown>>

/** Throws `bad_value` when `key` is the name of a member; `label` is how the application writes the session. */
export function refuseMember(members: Members, key: string | symbol, label: string): void {
  if (!Object.hasOwn(members, key)) return
  throw new SessionError(
    'bad_value',
    `${label}.${String(key)} is a member of the session; keep data under another name, or use sessions.of(…).data`,
  )
}

/** `data`, with `members` answering under their names. Data stored under such a name stays, unseen from here. */
export function withMembers(data: object, members: Members, label: string): object {
  const isMember = (key: string | symbol): boolean => Object.hasOwn(members, key)
  return new Proxy(data, {
    get: (target, key, receiver) =>
      typeof key === 'string' && isMember(key) ? members[key]?.() : Reflect.get(target, key, receiver),
    has: (target, key) => isMember(key) || Reflect.has(target, key),
    // Assigning arrives here, too.
    defineProperty(target, key, descriptor) {
      refuseMember(members, key, label)
      return Reflect.defineProperty(target, key, descriptor)
    },
    deleteProperty(target, key) {
      refuseMember(members, key, label)
      return Reflect.deleteProperty(target, key)
    },
    ownKeys: (target) => Reflect.ownKeys(target).filter((key) => !isMember(key)),
    getOwnPropertyDescriptor: (target, key) =>
      isMember(key) ? undefined : Reflect.getOwnPropertyDescriptor(target, key),
  })
}
