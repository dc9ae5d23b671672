import type { Contender } from './contenders.ts'
import { startContender } from './contender-process.ts'
import type { ContenderProcess, Servers } from './contender-process.ts'
import { CONNECTIONS, load } from './load.ts'
import type { LoadResult } from './load.ts'
import type { StoreWork, Watch } from './store-statistics.ts'
import { checkRoutes, newVisitor } from './visitor.ts'
import type { Kept } from './visitor.ts'

export type Size = 'small' | 'large'
/** `none` does not touch the session but carries its cookie; `anon` carries none either. */
export type Route = 'none' | 'anon' | 'read' | 'write' | 'new'

/** One column of the tables. */
export interface Cell {
  readonly route: Route
  readonly size: Size
}

/** What one contender took in one round. */
export interface Measurement {
  /** Microseconds of the server's CPU per request. */
  readonly cpu: number
  readonly perSecond: number
  /** Milliseconds, as the visitors waited. */
  readonly p50: number
  readonly p99: number
  /** Per request, where the server was watched. */
  readonly work?: StoreWork
}

/** A column's name: `read small`. */
const cellName = ({ route, size }: Cell): string => `${route} ${size}`

/** What a contender keeps. */
export function keptBy({ store }: Contender): Kept {
  return { sessions: store !== 'none', large: store !== 'none' && store !== 'cookie' }
}

/** A session of 16 kB is none for a cookie, and data makes no difference where the session is not touched. */
export function cellsOf(contender: Contender, quick: boolean): Cell[] {
  const small: Route[] = quick ? ['none', 'read', 'write', 'new'] : ['none', 'anon', 'read', 'write', 'new']
  const large: Route[] = quick ? ['read', 'write'] : ['read', 'write', 'new']
  return [
    ...small.map((route): Cell => ({ route, size: 'small' })),
    ...(keptBy(contender).large ? large : []).map((route): Cell => ({ route, size: 'large' })),
  ]
}

/** How long a stretch of load is. */
export interface Pace {
  /** Seconds. */
  readonly warmUp: number
  /** Seconds. */
  readonly measure: number
  /** Requests in each of both: on a busy machine fewer would fit, and code would be measured before it is compiled. */
  readonly atLeast: number
}

/** Seconds: for a contender that is slow by itself, `atLeast` does not count. */
const PATIENCE = 4

/** One contender from start to stop: every cell once. `watch` looks at its store, after the figures are taken. */
export async function measureContender(
  contender: Contender,
  cells: readonly Cell[],
  servers: Servers,
  pace: Pace,
  watch?: Watch,
): Promise<Map<string, Measurement>> {
  const server = await startContender(contender, servers)
  try {
    await checkRoutes(server.origin, contender.name, keptBy(contender))
    const visitors = {
      small: await visitorsOf(server.origin, 'small'),
      large: keptBy(contender).large ? await visitorsOf(server.origin, 'large') : [],
    }
    const results = new Map<string, Measurement>()
    for (const cell of cells) {
      const measured = await measureCell(server, cell, visitors[cell.size], pace)
      const work = watch && (await workOf(server.origin, cell, visitors[cell.size], watch))
      results.set(cellName(cell), { ...measured, ...(work ? { work } : {}) })
    }
    return results
  } finally {
    await server.stop()
  }
}

async function measureCell(
  server: ContenderProcess,
  { route, size }: Cell,
  cookies: readonly string[],
  pace: Pace,
): Promise<Measurement> {
  const ask = (amount: number): ReturnType<typeof load> =>
    load(urlOf(server.origin, route, size), amount, isStranger(route) ? [] : cookies)
  // The rate must be known to make all stretches equally long, and by then the code is compiled.
  const first = await ask(4 * CONNECTIONS)
  const warm = await ask(amountFor(first, pace.warmUp, pace.atLeast))
  const before = await server.cpu()
  const { requests, duration, p50, p99 } = await ask(amountFor(warm, pace.measure, pace.atLeast))
  const cpu = ((await server.cpu()) - before) / requests
  return { cpu, perSecond: (requests / duration) * 1000, p50, p99 }
}

/** What one request of each of these visitors makes the store do, per request. */
export async function workOf(
  origin: string,
  { route, size }: Cell,
  cookies: readonly string[],
  watch: Watch,
): Promise<StoreWork> {
  const ask = async (cookie: string | undefined): Promise<void> => {
    const response = await fetch(urlOf(origin, route, size), { headers: cookie === undefined ? {} : { cookie } })
    await response.arrayBuffer()
    if (!response.ok) throw new Error(`${response.url} answers ${response.status}`)
  }
  const visitors = cookies.map((cookie) => (isStranger(route) ? undefined : cookie))
  // The first time a server may have to be taught a script, or to plan a statement.
  await ask(visitors[0])
  const { commands, bytes } = await watch(async () => void (await Promise.all(visitors.map(ask))))
  return { commands: shared(commands, cookies.length), bytes: shared(bytes, cookies.length) }
}

function shared(counts: Readonly<Record<string, number>>, requests: number): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, count / requests]))
}

function isStranger(route: Route): boolean {
  return route === 'anon' || route === 'new'
}

function urlOf(origin: string, route: Route, size: Size): string {
  return `${origin}/${route === 'anon' ? 'none' : route}?size=${size}`
}

function amountFor({ requests, duration }: LoadResult, seconds: number, atLeast: number): number {
  const rate = (requests / duration) * 1000
  const wanted = Math.max(rate * seconds, Math.min(atLeast, rate * PATIENCE))
  return Math.max(2, Math.ceil(wanted / CONNECTIONS)) * CONNECTIONS
}

/** The Cookie headers of visitors with a new session each; as many as there are connections. */
export function visitorsOf(origin: string, size: Size, amount: number = CONNECTIONS): Promise<string[]> {
  return Promise.all(Array.from({ length: amount }, () => newVisitor(origin, size)))
}
