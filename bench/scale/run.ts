/**
 * `npm run bench:scale [-- --store S,…] [--sessions 1k,100k,1M] [--rounds N] [--no-sweep] [--quick]`: what a request
 * costs when a thousand sessions are stored and when a million are, what a session takes, and what visitors notice of
 * a sweep that removes nine tenths of them.
 *
 * All populations of a store are there at once and take turns within one run, so that a busy machine slows all alike;
 * what counts are the ratios. The full run writes `bench/scale.md`; measuring some of the stores replaces theirs.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Application, Filled } from './application.ts'
import type { Slice } from './cost.ts'
import { visitors } from './load.ts'
import { places } from './places.ts'
import { populationOf } from './population.ts'
import { report } from './report.ts'
import type { Stretch } from './sweeping.ts'

/** Everything that was found about one store. */
export interface Found {
  readonly store: string
  readonly what: string
  readonly node: string
  readonly minutes: number
  /** The load average before and after: how busy the machine was. */
  readonly load: readonly number[]
  readonly filled: Readonly<Record<string, Filled>>
  readonly slices: readonly Slice[]
  readonly sweep: Swept | void
}

/** The sweep of one store. */
export interface Swept {
  readonly records: number
  /** Seconds of sweeping, the pauses between batches included, those of the measurement not. */
  readonly seconds: number
  readonly done: boolean
  readonly pairs: readonly Pair[]
}

/** A stretch without the sweep and the one with it that followed. */
export interface Pair {
  readonly quiet: Seen
  readonly swept: Seen
}

/** What visitors and the event loop saw in one stretch. */
export interface Seen extends Stretch {
  readonly latencies: readonly number[]
}

const { values: flags } = parseArgs({
  options: {
    store: { type: 'string' },
    sessions: { type: 'string', default: '1k,100k,1M' },
    rounds: { type: 'string', default: '12' },
    sweep: { type: 'boolean', default: true },
    quick: { type: 'boolean', default: false },
  },
  allowNegative: true,
})
const names = flags.quick ? ['1k', '20k'] : flags.sessions.split(',')
for (const name of names) populationOf(name)
const chosen = flags.store?.split(',') ?? Object.keys(places)
for (const store of chosen)
  if (!(store in places)) throw new Error(`--store ${store}: there are ${Object.keys(places).join(', ')}`)
const rounds = flags.quick ? 3 : Number(flags.rounds)
/** In one slice: some tenths of a second, or one turn of the garbage collector decides. */
const REQUESTS: Readonly<Record<string, number>> = { memory: 20_000, file: 6000, sqlite: 6000 }
const STRETCH_MS = 1500
const PER_SECOND = 250
/** No more sweeping than that is measured with visitors. */
const SWEEP_SECONDS = flags.quick ? 10 : 90

const file = join(import.meta.dirname, '..', 'scale.json')
const known: Record<string, Found> = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}
for (const store of chosen) {
  try {
    known[store] = await measure(store)
  } catch (error) {
    // The other stores can be measured all the same.
    console.error(`${store}:`, error)
    process.exitCode = 1
    continue
  }
  const text = report(Object.values(known))
  if (flags.quick) console.log(text)
  else {
    writeFileSync(file, `${JSON.stringify(known)}\n`)
    writeFileSync(join(import.meta.dirname, '..', 'scale.md'), text)
  }
}

async function measure(store: string): Promise<Found> {
  const started = performance.now()
  const load = [loadavg()[0] ?? 0]
  const say = (what: string): void =>
    console.log(`${((performance.now() - started) / 1000).toFixed(0).padStart(4)} s  ${store}: ${what}`)
  const { application, stop } = await startApplication(store)
  try {
    const what = await application.what()
    say(what)
    const filled: Record<string, Filled> = {}
    for (const name of names) {
      const one = await application.fill(name)
      filled[name] = one
      say(`${name} filled in ${one.seconds.toFixed(1)} s, ${one.bytes.toFixed(0)} B a session`)
    }
    const requests = REQUESTS[store] ?? 2000
    const slices = await application.costs(names, { rounds, requests, atOnce: 8 })
    for (const name of names) say(`${name}: ${summary(slices.filter(({ population }) => population === name))}`)
    const sweep = flags.sweep
      ? await measureSweep(application, store, say).catch((error: unknown) => say(`no sweep: ${String(error)}`))
      : undefined
    load.push(loadavg()[0] ?? 0)
    const minutes = (performance.now() - started) / 60_000
    return { store, what, node: process.version, minutes, load, filled, slices, sweep }
  } finally {
    await application.close().catch((error: unknown) => console.error(error))
    await stop()
  }
}

async function measureSweep(application: Application, store: string, say: (what: string) => void): Promise<Swept> {
  const largest = names.at(-1) ?? '1k'
  const { sessions } = populationOf(largest)
  const byItself = store === 'redis'
  // Redis begins to expire by its own clock, a minute after the deadline: the time to fill and to measure without it.
  const lapse = sessions / 10
  const begins = Date.now() + lapse + 60_000
  const port = await application.serve(largest, ...(byItself ? [lapse] : []))
  const load = visitors(port, sessions, PER_SECOND)
  await load.run(2000)
  say(`visitors on ${largest}, of which nine in ten are dead`)
  const stretch = async (sweeping: boolean): Promise<Seen> => {
    await application.go(sweeping)
    const latencies = (await load.run(STRETCH_MS)).map((ms) => Math.round(ms * 100) / 100)
    return { ...(await application.go(sweeping)), latencies }
  }
  const pairs: Pair[] = []
  let seconds = 0
  let done = false
  if (byItself) {
    const quiets: Seen[] = []
    while (Date.now() < begins - STRETCH_MS) quiets.push(await stretch(false))
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, begins - 1000 - Date.now())))
    const left = sessions / 10
    const start = performance.now()
    while (!done) {
      const swept = await stretch(false)
      const quiet = quiets[pairs.length % quiets.length]
      if (quiet) pairs.push({ quiet, swept })
      done = (await application.count('sweep')) <= left
    }
    seconds = (performance.now() - start) / 1000
  }
  while (!done && seconds < SWEEP_SECONDS) {
    const quiet = await stretch(false)
    const start = performance.now()
    const swept = await stretch(true)
    seconds += (performance.now() - start) / 1000
    pairs.push({ quiet, swept })
    done = swept.done
  }
  load.close()
  const records = byItself ? sessions * 0.9 : (pairs.at(-1)?.swept.removed ?? 0)
  say(`swept ${records} in ${seconds.toFixed(1)} s${done ? '' : ', not to the end'}`)
  return { records, seconds, done, pairs }
}

function summary(slices: readonly Slice[]): string {
  return ['read', 'write']
    .map((verb) => {
      const some = slices.filter((slice) => slice.verb === verb)
      const mean = (pick: (slice: Slice) => number): string =>
        (some.reduce((sum, slice) => sum + pick(slice), 0) / some.length).toFixed(0)
      return `${verb} ${mean(({ cpu }) => cpu)} + ${mean(({ server }) => server)} us CPU, ${mean(({ wall }) => wall)} us`
    })
    .join('; ')
}

interface Started {
  readonly application: Application
  readonly stop: () => Promise<void>
}

/** The application of one store in a fresh process. */
async function startApplication(store: string): Promise<Started> {
  const child = fork(join(import.meta.dirname, 'application.ts'), [store], {
    execArgv: ['--conditions=coatcheck-source', '--expose-gc', '--max-old-space-size=8192'],
  })
  const ended = once(child, 'exit')
  const answer = async (): Promise<unknown> => {
    const [message] = await Promise.race([
      once(child, 'message'),
      ended.then(([code]) => Promise.reject(new Error(`the application ended with ${String(code)}`))),
    ])
    if ('error' in message) throw new Error(message.error)
    return message.value
  }
  await answer()
  const application = new Proxy({} as Application, {
    get:
      (_, call) =>
      (...args: unknown[]) => {
        child.send({ call, args })
        return answer()
      },
  })
  return {
    application,
    async stop() {
      if (child.connected) child.disconnect()
      await ended
    },
  }
}
