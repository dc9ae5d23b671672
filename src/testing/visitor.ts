import type { Session } from '../session.ts'
import { createSessions } from '../sessions.ts'
import type { Sessions } from '../sessions.ts'
import type { SessionsOptions } from '../options/options.ts'
import type { SessionEvents } from '../events/events.ts'
import type { Reply } from '../request/reply.ts'
import { gatedStore } from './gates.ts'
import type { Store } from '../store.ts'
import type { Gates } from './gates.ts'
import type { StoreContext } from './store-context.ts'

/** What the cases keep: anything, by any key. */
export type Data = Record<string, unknown>

/** Sessions over the gated store of a case, with everything they told. */
export interface Site {
  readonly sessions: Sessions<Data>
  readonly gates: Gates
  /** Events of one name so far. */
  events<Name extends keyof SessionEvents>(name: Name): SessionEvents[Name][]
  /** The same once there are `count`, or after a moment: where only WebCrypto hashes, events come a moment later. */
  told<Name extends keyof SessionEvents>(name: Name, count?: number): Promise<SessionEvents[Name][]>
  /** Someone with a cookie jar, empty at first. */
  visitor(cookie?: string): Visitor
}

/** One browser, as far as our one cookie goes. */
export interface Visitor {
  /** The Cookie header it would send. */
  readonly cookie: string | undefined
  /** Open its session, as a request does when it begins. */
  open(activity?: boolean): Promise<Session<Data>>
  /** Commit, and keep what the response says of the cookie. */
  commit(session: Session<Data>, failed?: boolean): Promise<Reply>
  /** A whole request. */
  request(handler: (session: Session<Data>) => unknown, failed?: boolean): Promise<Reply>
  /** The data a new request finds. */
  data(): Promise<Data>
}

/** Sessions over the store of a case; `options` differ from: lifetime 1 h, no timer of its own. */
export function site(context: StoreContext, options: SessionsOptions = {}, store: Store = context.store): Site {
  const gates = gatedStore(store)
  const sessions = createSessions<Data>({
    store: gates.store,
    clock: context.clock,
    lifetime: '1h',
    sweepEvery: false,
    cookie: { secure: false },
    ...options,
  })
  const told: { readonly name: string; readonly event: unknown }[] = []
  for (const name of EVENTS) sessions.on(name, (event) => told.push({ name, event }))
  // Filed under its own name a line up.
  const events: Site['events'] = (name) =>
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    told.filter((each) => each.name === name).map((each) => each.event as never)
  return {
    sessions,
    gates,
    events,
    async told(name, count = 1) {
      for (let turn = 0; turn < MANY_TURNS && events(name).length < count; turn++)
        await new Promise((resolve) => setTimeout(resolve, 1))
      return events(name)
    },
    visitor: (cookie) => visitor(sessions, cookie),
  }
}

/** Of the event loop, each of a millisecond: far more than a hash takes. */
const MANY_TURNS = 500

const EVENTS = [
  'conflict',
  'gone',
  'rejected',
  'late',
  'regenerated',
  'renewed',
  'destroyed',
  'created',
  'storeError',
] as const

function visitor(sessions: Sessions<Data>, first: string | undefined): Visitor {
  let cookie = first
  async function commit(session: Session<Data>, failed = false): Promise<Reply> {
    const reply = await sessions.commit(session, { failed })
    for (const line of reply.setCookie) cookie = /Max-Age=0/i.test(line) ? undefined : line.slice(0, line.indexOf(';'))
    return reply
  }
  return {
    get cookie() {
      return cookie
    },
    open: (activity = true) => sessions.open({ cookie, secure: false, activity }),
    commit,
    async request(handler, failed = false) {
      const session = await sessions.open({ cookie, secure: false })
      await handler(session)
      return commit(session, failed)
    },
    data: async () => ({ ...(await sessions.open({ cookie, secure: false, activity: false })).data }),
  }
}

/** A visitor whose session holds `data`. */
export async function arrived(on: Site, data: Data = { user: 'ada' }): Promise<Visitor> {
  const someone = on.visitor()
  await someone.request((session) => Object.assign(session.data, data))
  return someone
}

/** The code of the error that `run` rejects with; throws when it does not reject. */
export async function codeOf(run: () => unknown): Promise<string> {
  try {
    await run()
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  }
  throw new Error('expected a rejection, and there was none')
}

/** A case over sessions. */
export type SessionBody = (context: StoreContext) => Promise<void>
