/** Requests going on while something happens to the server, and what became of each promise. */
import { setTimeout as delay } from 'node:timers/promises'
import { createSessions, SessionError, type Store } from '../../src/index.ts'
import { until } from '../servers/processes.ts'

/** What requests got while something happened, and what was there afterwards. */
export interface Outcome {
  /** Requests that were answered with their data saved. */
  readonly saved: number
  /** Requests that failed, by the code of their error. */
  readonly failed: Readonly<Record<string, number>>
  /** The longest that one request took, in ms. */
  readonly longest: number
  /** The longest time in which no request succeeded, in ms. */
  readonly pause: number
  /** Acknowledged changes that were not there at a later visit. */
  readonly lost: number
  /** Visitors who came with a good cookie and got an empty session. */
  readonly loggedOut: number
  /** Acknowledged logouts whose cookie opened the session again at the end. */
  readonly returned: number
  readonly loggedOutOnPurpose: number
}

/** How long a store call may take. */
export const TIME_LIMIT = 1000

const VISITORS = 6
const PAUSE = 5

/** When a test would rather fail than wait on, in ms. */
const PATIENCE = 90_000

/**
 * Visitors, each with a counter in a session that goes up by one a request, and now and then a second session that is
 * logged out at once. Each succeeds five times, `happen` runs, and they go on until each has succeeded ten times after
 * it.
 */
export async function underLoad(store: Store, happen: () => Promise<unknown>): Promise<Outcome> {
  const sessions = createSessions<{ n?: number }>({ store, storeTimeout: `${TIME_LIMIT}ms` })
  const failed: Record<string, number> = {}
  const ended: string[] = []
  const total = { saved: 0, longest: 0, pause: 0, lost: 0, loggedOut: 0 }
  const goal = Array.from({ length: VISITORS }, () => 10)
  const successes = goal.map(() => 0)
  const abandoned = new AbortController()
  let lastSuccess = performance.now()
  const giveUpAt = lastSuccess + PATIENCE

  async function visit(cookie: string | undefined, change: (n: number, isNew: boolean) => number): Promise<string> {
    const session = await sessions.open({ cookie, secure: false })
    session.data.n = change(session.data.n ?? 0, session.isNew)
    const { setCookie } = await sessions.commit(session)
    return setCookie[0]?.split(';')[0] ?? cookie ?? ''
  }

  async function logInAndOut(): Promise<void> {
    const cookie = await visit(undefined, () => 1)
    const session = await sessions.open({ cookie, secure: false })
    await session.destroy()
    await sessions.commit(session)
    ended.push(cookie)
  }

  async function visitor(number: number): Promise<void> {
    let cookie: string | undefined
    let [acknowledged, failures] = [0, 0]
    for (let turn = 0; (goal[number] ?? 0) > 0 && !abandoned.signal.aborted; turn++) {
      const start = performance.now()
      try {
        let next = 0
        cookie = await visit(cookie, (n, isNew) => {
          if (cookie !== undefined && isNew) total.loggedOut++
          else total.lost += Math.max(acknowledged - n, 0)
          return (next = n + 1)
        })
        acknowledged = next
        if (turn % 4 === 0) await logInAndOut()
        const now = performance.now()
        total.saved++
        failures = 0
        successes[number] = (successes[number] ?? 0) + 1
        total.pause = Math.max(total.pause, now - lastSuccess)
        lastSuccess = now
        if (over) goal[number] = (goal[number] ?? 0) - 1
      } catch (error) {
        const code = error instanceof SessionError ? error.code : String(error)
        failures += 1
        failed[code] = (failed[code] ?? 0) + 1
        if (performance.now() > giveUpAt) throw error
      }
      total.longest = Math.max(total.longest, performance.now() - start)
      // What has timed out is still under way: who asks again at once keeps a slow server behind for ever.
      await delay(PAUSE * 2 ** Math.min(failures, 8))
    }
  }

  let over = false
  const visitors = Promise.all(goal.map((_, number) => visitor(number)))
  visitors.catch(() => undefined)
  try {
    // By the clock, a busy machine would not have a table yet, and its server would die making one.
    await until('all visitors are served', () => successes.every((count) => count >= 5), PATIENCE)
    await happen()
  } catch (error) {
    abandoned.abort()
    await visitors.catch(() => undefined)
    throw error
  }
  over = true
  await visitors

  let returned = 0
  for (const cookie of ended) if (!(await sessions.open({ cookie, secure: false })).isNew) returned++
  await sessions.close()
  const { saved, lost, loggedOut } = total
  const [longest, pause] = [total.longest, total.pause].map(Math.round)
  return {
    saved,
    failed,
    longest: longest ?? 0,
    pause: pause ?? 0,
    lost,
    loggedOut,
    returned,
    loggedOutOnPurpose: ended.length,
  }
}
