/**
 * Visitors at work while something happens to their store, and the ledger that says afterwards what became of every
 * change: each is numbered, and its visitor notes whether it was acknowledged. Two handles stand for two processes, and
 * every visitor has sessions of their own on both, so that nothing but the store brings them together.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { createSessions, SessionError } from '../../src/index.ts'
import type { Session, Sessions, Store } from '../../src/index.ts'
import { seeded } from '../proof/seed.ts'
import { until } from '../servers/processes.ts'

/** What requests got while something happened, and what was there afterwards. */
export interface Outcome {
  readonly requests: number
  /** Changes, sign-ins and sign-outs that were answered as done. */
  readonly acknowledged: number
  /** Requests that failed, by the code of their error. */
  readonly failed: Readonly<Record<string, number>>
  /** Changes whose requests failed, so that their visitors do not know whether they were made… */
  readonly unknown: number
  /** …and those of them that were seen later: they had been made. */
  readonly madeUnknown: number
  /** Sessions that a failed sign-in had moved to an ID that nobody was told (docs/outages.md). */
  readonly orphaned: number
  /** The longest that one request took, in ms. */
  readonly longest: number
  /** Acknowledged changes, or whole sessions, that were not there later. */
  readonly lost: number
  /** Acknowledged ends, by a sign-out or a new ID, whose cookie opened the session again. */
  readonly resurrected: number
  /** Additions by `update()` beyond those that were asked for. */
  readonly doubled: number
  /** `conflict` events: two requests had changed one key. */
  readonly conflicts: number
}

/** What is going on, for whoever brings about the fault. */
export interface Watch {
  /** Resolves once so many more requests have failed; with `code`, in this way. */
  failures(count: number, code?: string): Promise<void>
  /** Resolves once so many more changes were acknowledged. */
  successes(count: number): Promise<void>
}

/** How {@link underFault} works. */
export interface LoadOptions {
  readonly seed: number
  /** How often the fault is brought about; more often as long as this says so. Default: once. */
  readonly again?: () => boolean
}

/** How long a store call may take, in ms. */
export const TIME_LIMIT = 1000

const VISITORS = 6
const PAUSE = 2

/** When a run would rather fail than wait on, in ms. */
const PATIENCE = 100_000

interface Data {
  n?: number
  /** Of the shared session: whoever wrote last. Nobody counts on it. */
  last?: number
}

type Ledger = { -readonly [Key in keyof Outcome]: Outcome[Key] extends number ? number : Record<string, number> }

/** One session as its visitor knows it. */
interface Own {
  cookie: string | undefined
  acknowledged: number
  /** Numbers that may be there instead of the acknowledged one, and may still come as long as none is acknowledged. */
  readonly unknown: Set<number>
  /** A sign-in of it failed: it may be, or go, where nobody was told. */
  moving: boolean
}

/** Visitors begin; each has succeeded three times: `happen` runs; each succeeds three times more. Then all is counted. */
export async function underFault(
  stores: readonly Store[],
  happen: (watch: Watch) => Promise<unknown>,
  { seed, again = () => false }: LoadOptions,
): Promise<Outcome> {
  const ledger: Ledger = {
    requests: 0,
    acknowledged: 0,
    failed: {},
    unknown: 0,
    madeUnknown: 0,
    orphaned: 0,
    longest: 0,
    lost: 0,
    resurrected: 0,
    doubled: 0,
    conflicts: 0,
  }
  /** Cookies of ended sessions. */
  const ended: string[] = []
  const shared = { cookie: '', acknowledged: 0, unknown: 0 }
  const successes = Array.from({ length: VISITORS }, () => 0)
  const stop = new AbortController()
  const all: Sessions<Data>[] = []

  /** Sessions as one process has them. `dropped` says whether the last commit of it dropped its changes. */
  function processOn(store: Store): { sessions: Sessions<Data>; dropped: () => boolean } {
    const sessions = createSessions<Data>({
      store: { ...store, close: async () => undefined },
      storeTimeout: `${TIME_LIMIT}ms`,
      sweepEvery: false,
      cookie: { secure: false },
    })
    all.push(sessions)
    let gone = 0
    sessions.on('gone', () => (gone += 1))
    sessions.on('conflict', () => (ledger.conflicts += 1))
    return {
      sessions,
      dropped() {
        const was = gone > 0
        gone = 0
        return was
      },
    }
  }

  async function visitor(number: number): Promise<void> {
    const random = seeded(seed * 100 + number)
    const processes = stores.map(processOn)
    const own: Own = { cookie: undefined, acknowledged: 0, unknown: new Set(), moving: false }
    let [numbered, failures] = [0, 0]

    const open = (sessions: Sessions<Data>, cookie: string | undefined): Promise<Session<Data>> =>
      sessions.open({ cookie, secure: false })

    const commit = async (sessions: Sessions<Data>, session: Session<Data>): Promise<string | undefined> =>
      (await sessions.commit(session)).setCookie[0]?.split(';')[0]

    /** Compare what is there with what was said to be. False when there is no session. */
    function audit({ data }: Session<Data>): boolean {
      if (own.cookie === undefined) return data.n === undefined
      if (data.n === undefined) {
        if (own.moving) ledger.orphaned += 1
        else ledger.lost += 1
        forget()
        return false
      }
      if (data.n !== own.acknowledged) {
        if (own.unknown.delete(data.n)) ledger.madeUnknown += 1
        else ledger.lost += 1
        own.acknowledged = data.n
      }
      return true
    }

    function forget(): void {
      own.cookie = undefined
      own.acknowledged = 0
      settled()
    }

    /** Whatever is still under way was meant for an older version: it cannot be made any more. */
    function settled(): void {
      own.unknown.clear()
      own.moving = false
    }

    async function change({ sessions, dropped }: (typeof processes)[number]): Promise<void> {
      const session = await open(sessions, own.cookie)
      if (!audit(session)) return
      const next = (numbered += 1)
      session.data.n = next
      try {
        dropped()
        const cookie = await commit(sessions, session)
        if (dropped()) return
        own.cookie = cookie ?? own.cookie
      } catch (error) {
        own.unknown.add(next)
        ledger.unknown += 1
        throw error
      }
      own.acknowledged = next
      settled()
      ledger.acknowledged += 1
    }

    /** As at a login: the data goes along, the old cookie ends. */
    async function signIn({ sessions }: (typeof processes)[number]): Promise<void> {
      const session = await open(sessions, own.cookie)
      if (!audit(session) || own.cookie === undefined) return
      const old = own.cookie
      try {
        await session.regenerate({ keep: true })
        const cookie = await commit(sessions, session)
        if (cookie === undefined) return
        own.cookie = cookie
      } catch (error) {
        own.moving = true
        ledger.unknown += 1
        throw error
      }
      settled()
      ended.push(old)
      ledger.acknowledged += 1
    }

    /** A session of its own, which begins and ends. */
    async function comeAndGo({ sessions }: (typeof processes)[number]): Promise<void> {
      const coming = await open(sessions, undefined)
      coming.data.n = -1
      const cookie = await commit(sessions, coming)
      if (cookie === undefined) throw new Error('a new session without a cookie')
      const going = await open(sessions, cookie)
      if (going.data.n === undefined) {
        ledger.lost += 1
        return
      }
      try {
        await going.destroy()
        await commit(sessions, going)
      } catch (error) {
        ledger.unknown += 1
        throw error
      }
      ended.push(cookie)
      ledger.acknowledged += 1
    }

    /** One counter for all. */
    async function addOne({ sessions }: (typeof processes)[number]): Promise<void> {
      const { cookie } = shared
      const session = await open(sessions, cookie)
      if (session.data.n === undefined) {
        if (cookie === shared.cookie) await beginShared(sessions)
        return
      }
      try {
        await session.update((data) => {
          data.n = (data.n ?? 0) + 1
        })
        await commit(sessions, session)
      } catch (error) {
        if (cookie === shared.cookie) shared.unknown += 1
        ledger.unknown += 1
        throw error
      }
      if (cookie === shared.cookie) shared.acknowledged += 1
      ledger.acknowledged += 1
    }

    /** Two visitors at once change one key: somebody is told. */
    async function leaveMark({ sessions }: (typeof processes)[number]): Promise<void> {
      const session = await open(sessions, shared.cookie)
      if (session.data.n === undefined) return
      session.data.last = number
      await commit(sessions, session)
    }

    while (!stop.signal.aborted) {
      const process = processes[Math.floor(random() * processes.length)]
      if (process === undefined) throw new Error('there is no store')
      const dice = random()
      const deed =
        dice < 0.55 ? change : dice < 0.7 ? signIn : dice < 0.85 ? comeAndGo : dice < 0.95 ? addOne : leaveMark
      const began = performance.now()
      ledger.requests += 1
      try {
        await deed(process)
        failures = 0
        successes[number] = (successes[number] ?? 0) + 1
      } catch (error) {
        failures += 1
        const code = error instanceof SessionError ? error.code : String(error)
        ledger.failed[code] = (ledger.failed[code] ?? 0) + 1
      }
      ledger.longest = Math.max(ledger.longest, Math.round(performance.now() - began))
      // What has timed out is still under way: who asks again at once keeps a slow server behind for ever.
      await delay(PAUSE * 2 ** Math.min(failures, 8))
    }
    // The last word on this session, once the server is in order.
    if (own.cookie !== undefined) audit(await patiently(() => open(judge, own.cookie)))
  }

  async function beginShared(sessions: Sessions<Data>): Promise<void> {
    const was = shared.cookie
    const session = await sessions.open({ cookie: undefined, secure: false })
    session.data.n = 0
    const [line = ''] = (await sessions.commit(session)).setCookie
    if (shared.cookie !== was) return
    if (was !== '') ledger.lost += shared.acknowledged
    Object.assign(shared, { cookie: line.split(';')[0] ?? '', acknowledged: 0, unknown: 0 })
  }

  const judge = processOn(stores[0] ?? fail('there is no store')).sessions
  await patiently(() => beginShared(judge))

  const visitors = Promise.all(successes.map((_, number) => visitor(number)))
  visitors.catch(() => stop.abort())
  const count = (code?: string): number =>
    code === undefined ? Object.values(ledger.failed).reduce((a, b) => a + b, 0) : (ledger.failed[code] ?? 0)
  const orBroken = (condition: () => boolean) => (): boolean => stop.signal.aborted || condition()
  const watch: Watch = {
    async failures(wanted, code) {
      const goal = count(code) + wanted
      const what = `${wanted} requests fail${code === undefined ? '' : ` with ${code}`}`
      await until(
        what,
        orBroken(() => count(code) >= goal),
        PATIENCE,
      )
    },
    async successes(wanted) {
      const goal = ledger.acknowledged + wanted
      await until(
        `${wanted} changes are acknowledged`,
        orBroken(() => ledger.acknowledged >= goal),
        PATIENCE,
      )
    },
  }
  const everybody = async (): Promise<void> => {
    const goals = successes.map((done) => done + 3)
    const served = (): boolean => successes.every((done, number) => done >= (goals[number] ?? 0))
    await until(`every visitor is served (${JSON.stringify(ledger.failed)})`, orBroken(served), PATIENCE)
  }
  try {
    await everybody()
    do {
      await happen(watch)
      await everybody()
    } while (again())
  } finally {
    stop.abort()
    await visitors
  }

  for (const cookie of ended) {
    const session = await patiently(() => judge.open({ cookie, secure: false }))
    if (session.data.n !== undefined) ledger.resurrected += 1
  }
  const counter = await patiently(() => judge.open({ cookie: shared.cookie, secure: false }))
  const counted = counter.data.n ?? 0
  ledger.lost += Math.max(0, shared.acknowledged - counted)
  ledger.doubled += Math.max(0, counted - shared.acknowledged - shared.unknown)
  for (const sessions of all) await sessions.close()
  return ledger
}

/** Try again until it works: for what is asked while nothing is wrong any more, or not yet. */
async function patiently<Result>(call: () => Promise<Result>): Promise<Result> {
  const end = performance.now() + PATIENCE
  for (;;) {
    try {
      return await call()
    } catch (error) {
      if (performance.now() > end) throw error
      await delay(50)
    }
  }
}

function fail(message: string): never {
  throw new Error(message)
}
