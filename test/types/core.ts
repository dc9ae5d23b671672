import { createSessions, flash, isFresh, login, logout, takeFlashes } from 'coatcheck'
import type { Session, SessionInfo, Sessions } from 'coatcheck'
import { memoryStore } from 'coatcheck/stores/memory'
import { sessionCookie } from 'coatcheck/testing'
import { exactly } from './exact.ts'

interface Shop {
  visits: number
  user?: { name: string }
}

export async function typedPerInstance(request: object): Promise<void> {
  const shop = createSessions<Shop>({ store: memoryStore() })
  const blog = createSessions<{ seen: Date }>({ cookie: { name: 'blog' } })
  exactly<Sessions<Shop>>()(shop)

  const session = shop.of(request)
  exactly<Session<Shop>>()(session)
  exactly<Session<Shop>>()(await shop.get(request))
  exactly<Session<Shop>>()(await shop.open({ cookie: undefined, secure: true }))
  // A session begins empty, so no key of it is there for sure.
  exactly<Partial<Shop>>()(session.data)
  exactly<number | undefined>()(session.data.visits)
  exactly<string | undefined>()(session.data.user?.name)
  exactly<Date | undefined>()(blog.of(request).data.seen)

  // @ts-expect-error -- may be undefined
  session.data.visits.toFixed()
  session.data.visits = (session.data.visits ?? 0) + 1
  delete session.data.user
  await session.update((data) => {
    exactly<Partial<Shop>>()(data)
    data.visits = 1
    // @ts-expect-error -- not its type
    data.visits = 'one'
  })
  // @ts-expect-error -- not its type
  session.data.visits = '1'
  // @ts-expect-error -- no such key
  session.data.visit = 1
  // @ts-expect-error -- under exactOptionalPropertyTypes a key is deleted, not set to undefined
  session.data.visits = undefined
  // @ts-expect-error -- the object is the session's own
  session.data = {}
  // @ts-expect-error -- of the other instance
  exactly<Session<Shop>>()(blog.of(request))

  exactly<string>()(session.id)
  exactly<boolean>()(session.permanent)
  exactly<string | undefined>()(session.owner)
  exactly<number | undefined>()(session.authenticatedAt)
  exactly<'destroyed' | 'gone' | 'superseded' | 'ambiguous' | undefined>()(session.ended)
  await session.regenerate({ keep: ['visits'] })
  // @ts-expect-error -- a word for a flag
  session.permanent = 'yes'
}

export async function withoutTypes(request: object): Promise<void> {
  const { data } = createSessions().of(request)
  exactly<Partial<Record<string, unknown>>>()(data)
  data['anything'] = 1
  // @ts-expect-error -- unknown until it was looked at
  data['anything'].toFixed()
}

/** What takes any session takes a typed one. */
export async function functions(sessions: Sessions<Shop>, session: Session<Shop>): Promise<void> {
  exactly<Promise<void>>()(login(session, 'ada', { keep: ['visits'], note: { device: 'phone' } }))
  exactly<Promise<void>>()(logout(session))
  exactly<boolean>()(isFresh(session, '5m'))
  exactly<void>()(flash(session, 'info', 'Saved'))
  exactly<string | undefined>()(takeFlashes(session)[0]?.message)
  exactly<Promise<string>>()(sessionCookie(sessions, { visits: 1 }))
  for await (const info of sessions.list({ owner: 'ada', current: session })) exactly<SessionInfo>()(info)
  exactly<Promise<number>>()(sessions.revokeAll({ owner: 'ada', except: session }))
  const stop = sessions.on('conflict', ({ key, winner }) => {
    exactly<string>()(key)
    exactly<'ours' | 'theirs' | 'deletion' | 'merged'>()(winner)
  })
  exactly<() => void>()(stop)
  // @ts-expect-error -- no such event
  sessions.on('conflicts', () => undefined)
  // @ts-expect-error -- a user is signed in by a text
  await login(session, 7)
}

export function options(): void {
  createSessions({ lifetime: '30m', absoluteLifetime: false, onConflict: ({ ours }) => ours })
  // @ts-expect-error -- seconds or milliseconds?
  createSessions({ lifetime: 3600 })
  // @ts-expect-error -- no such option
  createSessions({ secret: 'x' })
  // @ts-expect-error -- an option is left out, not set to undefined
  createSessions({ permanent: undefined })
  // @ts-expect-error -- a promise of a store
  createSessions({ store: Promise.resolve(memoryStore()) })
  // @ts-expect-error -- data is an object
  createSessions<string>()
}
