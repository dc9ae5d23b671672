import { createSessions } from '../../src/index.ts'
import type { Reply, Session, SessionEvents, Sessions, SessionsOptions } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { gatedStore, testClock } from '../../src/testing/index.ts'
import type { Gates, TestClock } from '../../src/testing/index.ts'

export type Data = Record<string, unknown>

/** One visitor in front of sessions over a gated memory store, with a clock that stands still. */
export interface Scene {
  readonly sessions: Sessions<Data>
  readonly gates: Gates
  readonly clock: TestClock
  readonly events: { readonly name: keyof SessionEvents; readonly event: unknown }[]
  cookie: string | undefined
  open(request?: { secure?: boolean; activity?: boolean }): Promise<Session<Data>>
  /** Commit and follow the reply's cookie. */
  commit(session: Session<Data>, failed?: boolean): Promise<Reply>
  /** The data a new request finds, without counting as a visit. */
  found(): Promise<Data>
}

const NAMES: readonly (keyof SessionEvents)[] = [
  'created',
  'regenerated',
  'renewed',
  'destroyed',
  'revoked',
  'conflict',
  'gone',
  'rejected',
  'invalid',
  'late',
  'withheld',
  'swept',
  'storeError',
  'unavailable',
  'refused',
]

export function scene(options: SessionsOptions = {}): Scene {
  const clock = testClock()
  const gates = gatedStore(memoryStore())
  const sessions = createSessions<Data>({
    store: gates.store,
    clock,
    lifetime: { permanent: '10d', browser: '1d' },
    cookie: { secure: false },
    sweepEvery: false,
    ...options,
  })
  const made: Scene = {
    sessions,
    gates,
    clock,
    events: [],
    cookie: undefined,
    open: ({ secure = false, activity = true } = {}) => sessions.open({ cookie: made.cookie, secure, activity }),
    async commit(session, failed = false) {
      const reply = await sessions.commit(session, { failed })
      for (const line of reply.setCookie) made.cookie = line.includes('Max-Age=0;') ? undefined : line.split(';')[0]
      return reply
    },
    found: async () => ({ ...(await made.open({ activity: false })).data }),
  }
  for (const name of NAMES) sessions.on(name, (event) => made.events.push({ name, event: factsOf(event) }))
  return made
}

/** What the core reported, without what every event says, and with the IDs that loggers do not see. */
function factsOf(event: object): object {
  const { at: _, ref: __, fromRef: ___, ...facts }: Record<string, unknown> = { ...event }
  for (const name of ['id', 'from'] as const) if (name in event) facts[name] = Object(event)[name]
  return facts
}

/** A scene whose visitor has a stored session. */
export async function visited(data: Data = { user: 'ada' }, options: SessionsOptions = {}): Promise<Scene> {
  const on = scene(options)
  const session = await on.open()
  Object.assign(session.data, data)
  await on.commit(session)
  return on
}
