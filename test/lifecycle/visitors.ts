/** Visitors who come back, stay away, delete their cookie, log out or log in; and what they were told. */
import { createSessions, duration } from 'coatcheck'
import type { Clock, Sessions, Store } from 'coatcheck'
import { systemClock } from '../../src/runtime/clock.ts'

/** One of the four settings that are compared. */
export interface Setting {
  readonly permanent: boolean
  /** Undefined for the default. */
  readonly lifetime: string | undefined
  /** The idle lifetime that this makes, in milliseconds. */
  readonly ms: number
}

const DAY = 86_400_000

/** Short enough to wait for. */
export const SHORT_MS = 3000

export const settings: readonly Setting[] = [
  { permanent: true, lifetime: undefined, ms: 31 * DAY },
  { permanent: true, lifetime: `${SHORT_MS}ms`, ms: SHORT_MS },
  { permanent: false, lifetime: undefined, ms: DAY },
  { permanent: false, lifetime: `${SHORT_MS}ms`, ms: SHORT_MS },
]

/** What a response said and which session it was about. */
export interface Visit {
  readonly id: string
  /** Whether the session had nothing in it when the request began. */
  readonly empty: boolean
  /** The whole Set-Cookie value, if there was one. */
  readonly setCookie: string | undefined
  /** The code of the error that the request ended with. */
  readonly failure: string | undefined
}

/** What a request does to its session. */
export type Handler = (session: Awaited<ReturnType<Sessions['open']>>) => unknown

/** Someone with a cookie jar. */
export interface Visitor {
  /** What the jar holds, as a request header. */
  readonly cookie: string | undefined
  /** A whole request at the moment `at`, by the application's clock. */
  visit(at: number, handler: Handler): Promise<Visit>
  /** A request that is no visit, with this cookie; the jar does not notice. */
  peek(at: number, cookie: string | undefined, handler?: Handler): Promise<Visit>
  deleteCookie(): void
}

/** Keep something. */
export const store: Handler = ({ data }) => void (data['note'] = 'kept')
/** Look at the page, change nothing. */
export const look: Handler = ({ data }) => void data['note']
export const logOut: Handler = (session) => session.destroy()
export const logIn: Handler = (session) => session.regenerate({ keep: true })

/** A new visitor. Nothing is swept on their behalf. */
export function visitorOf(to: Store, { permanent, lifetime }: Setting): Visitor {
  const { sessions, at: moveTo } = sessionsAt(to, permanent, lifetime)
  let jar: string | undefined

  async function request(at: number, handler: Handler, cookie = jar, activity = true): Promise<Visit> {
    moveTo(at)
    const session = await sessions.open({ cookie, secure: false, activity })
    const empty = Object.keys(session.data).length === 0
    const { id } = session
    try {
      await handler(session)
      const { setCookie } = await sessions.commit(session)
      return { id: handler === logOut ? id : session.id, empty, setCookie: setCookie[0], failure: undefined }
    } catch (error) {
      const failure = error instanceof Error && 'code' in error ? String(error.code) : String(error)
      return { id, empty, setCookie: undefined, failure }
    }
  }

  return {
    get cookie() {
      return jar
    },
    peek: (at, cookie, handler = look) => request(at, handler, cookie ?? '', false),
    async visit(at, handler) {
      const visit = await request(at, handler)
      const { setCookie } = visit
      if (setCookie !== undefined) jar = /Max-Age=0/.test(setCookie) ? undefined : setCookie.split(';')[0]
      return visit
    },
    deleteCookie() {
      jar = undefined
    },
  }
}

/** Sweep with the application's clock at `at`. */
export async function sweepAt(from: Store, at: number): Promise<void> {
  const { sessions, at: moveTo } = sessionsAt(from, true, undefined)
  moveTo(at)
  await sessions.sweep()
}

/** Time stands still during a request, so that what it is told can be compared to the millisecond. */
function sessionsAt(to: Store, permanent: boolean, lifetime: string | undefined) {
  let moment = 0
  const clock: Clock = { ...systemClock, now: () => moment }
  const sessions = createSessions({
    store: to,
    clock,
    permanent,
    cookie: { secure: false },
    sweepEvery: false,
    storeTimeout: '30s',
    ...(lifetime === undefined ? {} : { lifetime: duration(lifetime) }),
  })
  const at = (ms: number): void => void (moment = ms)
  return { sessions, at }
}
