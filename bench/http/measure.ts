import type { Contender } from './contenders.ts'
import { startContender } from './contender-process.ts'
import type { ContenderProcess, Servers } from './contender-process.ts'
import { CONNECTIONS, load } from './load.ts'
import type { LoadResult } from './load.ts'
import { median } from './statistics.ts'
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

const ALL_CELLS: readonly Cell[] = [
  ...(['none', 'anon', 'read', 'write', 'new'] as const).map((route): Cell => ({ route, size: 'small' })),
  ...(['read', 'write', 'new'] as const).map((route): Cell => ({ route, size: 'large' })),
]

/** A session of 16 kB is none for a cookie, and data makes no difference where the session is not touched. */
function cellsOf(contender: Contender, quick: boolean): readonly Cell[] {
  const kept = ALL_CELLS.filter(({ size }) => size === 'small' || keptBy(contender).large)
  return quick ? kept.filter((cell) => cell.route !== 'anon' && cellName(cell) !== 'new large') : kept
}

/** How long a stretch of load is. */
export interface Pace {
  /** Seconds of /read and /write that a fresh process begins with: a server that runs for days is compiled to the end. */
  readonly settle: number
  /** Seconds, before each cell. */
  readonly warmUp: number
  /** Seconds. */
  readonly measure: number
  /** Requests in each of both: on a busy machine fewer would fit, and code would be measured before it is compiled. */
  readonly atLeast: number
}

/** Seconds: for a contender that is slow by itself, `atLeast` does not count. */
const PATIENCE = 4

/** How many stretches of a cell a contender runs; between them the others have their turns. */
const TURNS = 4

/** What the contenders of a group need. */
export interface Surroundings {
  readonly quick: boolean
  readonly pace: Pace
  readonly serversFor: (contender: Contender) => Servers
  /** Looks at the store of a contender, after the figures are taken. */
  readonly watchOf: (contender: Contender) => Watch | undefined
}

/**
 * Contenders that are compared with each other, from start to stop, each in fresh processes: every cell once. They take
 * turns in short stretches, so that a machine which is slow for some seconds is slow for all of them.
 */
export async function measureTogether(
  contenders: readonly Contender[],
  surroundings: Surroundings,
): Promise<Map<string, Map<string, Measurement>>> {
  const { quick, pace, watchOf } = surroundings
  const group: Running[] = []
  try {
    for (const contender of contenders) group.push(await startOne(contender, surroundings))
    for (const member of group) await settle(member, pace)
    const results = new Map(contenders.map(({ name }) => [name, new Map<string, Measurement>()]))
    for (const cell of ALL_CELLS) {
      const members = group.filter(({ contender }) =>
        cellsOf(contender, quick).some((own) => cellName(own) === cellName(cell)),
      )
      for (const [name, measured] of await measureCell(members, cell, pace))
        results.get(name)?.set(cellName(cell), measured)
      for (const { contender, server, visitors } of members) {
        const watch = watchOf(contender)
        const own = results.get(contender.name)
        const measured = own?.get(cellName(cell))
        if (!watch || !own || !measured) continue
        own.set(cellName(cell), { ...measured, work: await workOf(server.origin, cell, visitors[cell.size], watch) })
      }
    }
    return results
  } finally {
    await Promise.all(group.map(({ server }) => server.stop()))
  }
}

interface Running {
  readonly contender: Contender
  readonly server: ContenderProcess
  /** Cookie headers. */
  readonly visitors: Readonly<Record<Size, readonly string[]>>
}

async function startOne(contender: Contender, { serversFor }: Surroundings): Promise<Running> {
  const server = await startContender(contender, serversFor(contender))
  try {
    await checkRoutes(server.origin, contender.name, keptBy(contender))
    const small = await visitorsOf(server.origin, 'small')
    const large = keptBy(contender).large ? await visitorsOf(server.origin, 'large') : []
    return { contender, server, visitors: { small, large } }
  } catch (error) {
    await server.stop()
    throw error
  }
}

async function settle(member: Running, pace: Pace): Promise<void> {
  for (const route of ['read', 'write'] as const) {
    const ask = (amount: number): ReturnType<typeof load> =>
      load(urlOf(member.server.origin, route, 'small'), amount, member.visitors.small)
    await ask(amountFor(await ask(4 * CONNECTIONS), pace.settle / 2, pace.atLeast))
  }
}

async function measureCell(
  members: readonly Running[],
  { route, size }: Cell,
  pace: Pace,
): Promise<Map<string, Measurement>> {
  const ask = ({ server, visitors }: Running, amount: number): ReturnType<typeof load> =>
    load(urlOf(server.origin, route, size), amount, isStranger(route) ? [] : visitors[size])
  const stretches = new Map<Running, { amount: number; taken: Measurement[] }>()
  for (const member of members) {
    // The rate must be known to make all stretches equally long, and by then the code is compiled.
    const first = await ask(member, 4 * CONNECTIONS)
    const warm = await ask(member, amountFor(first, pace.warmUp, pace.atLeast))
    stretches.set(member, { amount: amountFor(warm, pace.measure / TURNS, pace.atLeast / TURNS), taken: [] })
  }
  for (let turn = 0; turn < TURNS; turn += 1) {
    const order = [...stretches]
    for (const [member, { amount, taken }] of turn % 2 === 0 ? order : order.toReversed()) {
      const before = await member.server.cpu()
      const { requests, duration, p50, p99 } = await ask(member, amount)
      const cpu = ((await member.server.cpu()) - before) / requests
      taken.push({ cpu, perSecond: (requests / duration) * 1000, p50, p99 })
    }
  }
  return new Map([...stretches].map(([{ contender }, { taken }]) => [contender.name, middleOf(taken)]))
}

function middleOf(taken: readonly Measurement[]): Measurement {
  const of = (pick: (one: Measurement) => number): number => median(taken.map(pick))
  return {
    cpu: of(({ cpu }) => cpu),
    perSecond: of(({ perSecond }) => perSecond),
    p50: of(({ p50 }) => p50),
    p99: of(({ p99 }) => p99),
  }
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
