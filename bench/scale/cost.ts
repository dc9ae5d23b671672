/** What a request costs when this many sessions are stored: CPU of the application, CPU of its database, and time. */
import { readdirSync, readFileSync } from 'node:fs'
import { createSessions, type Sessions, type Store } from 'coatcheck'
import { cookieOf } from './population.ts'
import type { Population } from './population.ts'

/** One slice of requests on one population; microseconds a request. */
export interface Slice {
  readonly population: string
  readonly verb: Verb
  readonly round: number
  /** The application's CPU time, all threads. */
  readonly cpu: number
  /** The database server's. */
  readonly server: number
  /** From the first request to the last, divided by their number: with several at a time, less than each waits. */
  readonly wall: number
}

/** `read` looks at its data, `write` changes a number in it. */
export type Verb = 'read' | 'write'

/** How much is asked. */
export interface Pace {
  readonly rounds: number
  /** Requests in a slice. */
  readonly requests: number
  /** Requests at a time. */
  readonly atOnce: number
}

interface Site {
  readonly population: Population
  readonly sessions: Sessions
}

/** Sessions on a store as an application has them; nothing sweeps but what is asked to. */
export function siteOn(store: Store): Sessions {
  return createSessions({ store, cookie: { secure: false }, sweepEvery: false, storeTimeout: '60s' })
}

/**
 * Slices of every population take turns, in an order that is reversed from round to round, so that what slows the
 * machine, or grows with the number of writes, meets all alike.
 */
export async function costs(sites: readonly Site[], pids: () => readonly number[], pace: Pace): Promise<Slice[]> {
  const slices: Slice[] = []
  for (let round = -1; round < pace.rounds; round++)
    for (const verb of ['read', 'write'] as const)
      for (const site of round % 2 === 0 ? sites : sites.toReversed()) {
        const slice = await measure(site, verb, pids, pace)
        // The first round warms up.
        if (round >= 0) slices.push({ ...slice, round })
      }
  return slices
}

async function measure(
  { population, sessions }: Site,
  verb: Verb,
  pids: () => readonly number[],
  { requests, atOnce }: Pace,
): Promise<Omit<Slice, 'round'>> {
  const cookies = draw(population.sessions, requests).map(cookieOf)
  let next = 0
  const visitor = async (): Promise<void> => {
    for (let at = next++; at < requests; at = next++) await visit(sessions, verb, cookies[at] ?? '')
  }
  const server = cpuOf(pids())
  const cpu = process.cpuUsage()
  const start = performance.now()
  await Promise.all(Array.from({ length: atOnce }, visitor))
  const wall = (performance.now() - start) * 1000
  const { user, system } = process.cpuUsage(cpu)
  return {
    population: population.name,
    verb,
    cpu: (user + system) / requests,
    server: (cpuOf(pids()) - server) / requests,
    wall: wall / requests,
  }
}

/** One request of a visitor who is known. */
export async function visit(sessions: Sessions, verb: Verb, cookie: string): Promise<void> {
  const session = await sessions.open({ cookie, secure: false })
  if (session.isNew) throw new Error(`no session for ${cookie}: the population is not what was filled in`)
  if (verb === 'write') session.data['visits'] = Number(session.data['visits']) + 1
  await sessions.commit(session)
}

/** Visitors at random, none twice before all have come, so that no two requests at a time are of one visitor. */
function draw(sessions: number, requests: number): number[] {
  if (sessions >= requests * 20) return Array.from({ length: requests }, () => Math.floor(Math.random() * sessions))
  const drawn: number[] = []
  while (drawn.length < requests) {
    const all = Array.from({ length: sessions }, (_, n) => n)
    for (let at = all.length - 1; at > 0; at--) {
      const other = Math.floor(Math.random() * (at + 1))
      const moved = all[at] ?? 0
      all[at] = all[other] ?? 0
      all[other] = moved
    }
    drawn.push(...all)
  }
  return drawn.slice(0, requests)
}

/** CPU time of other processes so far, in microseconds, by Linux's own account: to the nanosecond, thread by thread. */
export function cpuOf(pids: readonly number[]): number {
  let sum = 0
  for (const pid of pids)
    try {
      for (const thread of readdirSync(`/proc/${pid}/task`))
        sum += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0])
    } catch {
      // It has ended; what it used is not known any more.
    }
  return sum / 1000
}
