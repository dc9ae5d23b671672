/**
 * The application of one run, in a process of its own: it fills the store, measures what a request costs it, and serves
 * visitors over HTTP while it sweeps. `run.ts` says what to do next, and sends the visitors.
 */
import { costs, cpuOf, type Pace, siteOn, type Slice, visit } from './cost.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { type DeadlineOf, payloadBytes, places } from './places.ts'
import { cookieOf, populationOf } from './population.ts'
import { type Stretch, sweepingSite, type SweepingSite } from './sweeping.ts'

const DAY = 86_400_000

/**
 * Nine in ten sessions end on the 30th day and the others on the 31st. So one population serves both: today all are
 * alive, and by a clock that is just past the 30th day, nine in ten are dead.
 */
const deadlines = (): DeadlineOf => {
  const now = Date.now()
  return (n) => now + (n % 10 === 0 ? 31 * DAY : 30 * DAY - (n % 1000))
}

/** What filling one population gave. */
export interface Filled {
  readonly seconds: number
  /** Bytes in the store for each session, with everything around it, and the bytes of its payload. */
  readonly bytes: number
  readonly payload: number
  /** Milliseconds to open the store anew, and to answer the first request then. */
  readonly open: number
  readonly first: number
}

/** What the application can be asked to do. */
export interface Application {
  what(): Promise<string>
  fill(name: string): Promise<Filled>
  costs(names: readonly string[], pace: Pace): Promise<Slice[]>
  /**
   * Serve a population of which one in ten is alive; resolves to the port. A store that expires by a clock of its own is
   * filled once more, so that this comes true after `lapse` ms.
   */
  serve(name: string, lapse?: number): Promise<number>
  go(sweeping: boolean): Promise<Stretch>
  count(name: string): Promise<number>
  /** CPU time so far, in microseconds, of the database's processes and of this one. */
  cpu(): Promise<{ readonly own: number; readonly server: number }>
  close(): Promise<void>
}

const [, , name = ''] = process.argv
const open = places[name]
if (open === undefined) throw new Error(`no store ${name}`)
const place = await open()
let site: SweepingSite | undefined

const application: Application = {
  what: async () => place.what,

  async fill(population) {
    const { sessions } = populationOf(population)
    const start = performance.now()
    await place.fill(population, sessions, deadlines())
    const seconds = (performance.now() - start) / 1000
    const bytes = (await place.bytes(population)) / sessions
    const before = performance.now()
    const store = await place.open(population)
    const opened = performance.now()
    await visit(siteOn(store), 'read', cookieOf(sessions >> 1))
    const answered = performance.now()
    return { seconds, bytes, payload: payloadBytes(), open: opened - before, first: answered - opened }
  },

  async costs(names, pace) {
    const sites = []
    for (const population of names.map(populationOf))
      sites.push({ population, sessions: siteOn(await place.open(population.name)) })
    return costs(sites, place.pids, pace)
  },

  async serve(population, lapse) {
    const { sessions } = populationOf(population)
    if (lapse === undefined) {
      const clock = { ...systemClock, now: () => Date.now() + 30 * DAY + DAY / 24 }
      site = await sweepingSite(await place.open(population), clock)
    } else {
      const now = Date.now()
      await place.fill('sweep', sessions, (n) => (n % 10 === 0 ? now + DAY : now + lapse))
      site = await sweepingSite(await place.open('sweep'), systemClock)
    }
    return site.port
  },

  async go(sweeping) {
    if (site === undefined) throw new Error('serve first')
    return site.go(sweeping)
  },

  count: (population) => place.count(population),

  async cpu() {
    const { user, system } = process.cpuUsage()
    return { own: user + system, server: cpuOf(place.pids()) }
  },

  async close() {
    await site?.close()
    await place.close()
  },
}

process.on('message', ({ call, args }: { call: keyof Application; args: [never, never] }) => {
  const work: Promise<unknown> = application[call](...args)
  work.then(
    (value) => process.send?.({ value }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.stack : String(error) }),
  )
})
process.on('disconnect', () => process.exit())
process.send?.({ value: 'ready' })
