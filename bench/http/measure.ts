import type { Contender } from './contenders.ts'
import { startContender } from './contender-process.ts'
import type { ContenderProcess, Servers } from './contender-process.ts'
import { checkKept, CONNECTIONS, load, newVisitor } from './load.ts'

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
}

const cellName = ({ route, size }: Cell): string => `${route} ${size}`

/** A session of 16 kB is none for a cookie, and data makes no difference where the session is not touched. */
export function cellsOf(contender: Contender, quick: boolean): Cell[] {
  const routes: Route[] = quick ? ['none', 'read', 'write', 'new'] : ['none', 'anon', 'read', 'write', 'new']
  const cells = routes.map((route): Cell => ({ route, size: 'small' }))
  if (contender.store === 'none' || contender.store === 'cookie') return cells
  return [...cells, { route: 'read', size: 'large' }, { route: 'write', size: 'large' }]
}

/** How long a stretch of load is, seconds. */
export interface Pace {
  readonly warmUp: number
  readonly measure: number
}

/** One contender from start to stop: every cell once. */
export async function measureContender(
  contender: Contender,
  cells: readonly Cell[],
  servers: Servers,
  pace: Pace,
): Promise<Map<string, Measurement>> {
  const server = await startContender(contender, servers)
  try {
    if (contender.store !== 'none' && contender.store !== 'cookie') await checkKept(server.origin, contender.name)
    const visitors = { small: await visitorsOf(server, 'small'), large: [] as string[] }
    if (cells.some(({ size }) => size === 'large')) visitors.large = await visitorsOf(server, 'large')
    const results = new Map<string, Measurement>()
    for (const cell of cells) {
      const cookies = cell.route === 'anon' || cell.route === 'new' ? [] : visitors[cell.size]
      results.set(cellName(cell), await measureCell(server, cell, cookies, pace))
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
  const url = `${server.origin}/${route === 'anon' ? 'none' : route}?size=${size}`
  // The rate must be known to make all stretches equally long, and by then the code is compiled.
  const first = await load(url, 8 * CONNECTIONS, cookies)
  const warm = await load(url, amountFor(first, pace.warmUp), cookies)
  const before = await server.cpu()
  const { requests, duration, p50, p99 } = await load(url, amountFor(warm, pace.measure), cookies)
  const cpu = ((await server.cpu()) - before) / requests
  return { cpu, perSecond: (requests / duration) * 1000, p50, p99 }
}

function amountFor({ requests, duration }: { requests: number; duration: number }, seconds: number): number {
  const rate = (requests / duration) * 1000
  return Math.max(8, Math.ceil((rate * seconds) / CONNECTIONS)) * CONNECTIONS
}

function visitorsOf(server: ContenderProcess, size: Size): Promise<string[]> {
  return Promise.all(Array.from({ length: CONNECTIONS }, () => newVisitor(server.origin, size)))
}
