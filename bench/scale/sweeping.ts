/** The sweep of a large population in an application that serves visitors, in stretches with and without it. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { type Clock, createSessions, type Store } from 'coatcheck'
import { session } from 'coatcheck/node'

/** Delays of the event loop in one stretch, in ms. They contain the millisecond of the timer that measures them. */
export interface Stretch {
  readonly mean: number
  readonly p99: number
  readonly max: number
  /** Records swept so far, and whether that was all. */
  readonly removed: number
  readonly done: boolean
}

/** An application that sweeps when it is told to. */
export interface SweepingSite {
  readonly port: number
  /** Sweep from now on, or pause before the next batch. */
  go(sweeping: boolean): Promise<Stretch>
  close(): Promise<void>
}

/**
 * The sweeper is the real one, with its batches and pauses; a gate before each batch makes it wait while visitors are
 * measured without it.
 */
export async function sweepingSite(store: Store, clock: Clock): Promise<SweepingSite> {
  let gate = Promise.withResolvers<void>()
  let opened = false
  let removed = 0
  const gated: Store = { ...store }
  if (store.sweep)
    gated.sweep = async (now, limit) => {
      await gate.promise
      const result = (await store.sweep?.(now, limit)) ?? { removed: 0, more: false }
      removed += result.removed
      return result
    }
  // A lifetime of which nearly all is left, so that no visit moves a deadline.
  const sessions = createSessions({
    store: gated,
    clock,
    lifetime: '1d',
    cookie: { secure: false },
    sweepEvery: false,
    // A batch waits at the gate for as long as visitors are measured without it.
    storeTimeout: '1h',
  })
  const server = createServer(
    session(sessions, (request, response) => {
      const { data } = sessions.of(request)
      if (request.url === '/write') data['visits'] = Number(data['visits']) + 1
      response.end(String(data['visits']))
    }),
  )
  // Or a connection that a stall kept idle ends just as its next visitor comes.
  server.keepAliveTimeout = 600_000
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  let done = false
  let failure: unknown
  let sweeping: Promise<unknown> | undefined
  let histogram: ReturnType<typeof monitorEventLoopDelay> | undefined
  return {
    port,
    async go(on) {
      histogram?.disable()
      const { mean = 0, max = 0 } = histogram ?? {}
      const stretch = { mean: mean / 1e6, p99: (histogram?.percentile(99) ?? 0) / 1e6, max: max / 1e6, removed, done }
      if (on) gate.resolve()
      // The sweeper may be waiting at the gate that is closed already.
      else if (opened) gate = Promise.withResolvers()
      opened = on
      if (on)
        sweeping ??= sessions.sweep().then(
          () => (done = true),
          (error: unknown) => (failure = error),
        )
      if (failure !== undefined) throw failure
      histogram = monitorEventLoopDelay({ resolution: 1 })
      histogram.enable()
      return stretch
    },
    async close() {
      gate.resolve()
      server.closeAllConnections()
      server.close()
      await sessions.close()
      await sweeping
    },
  }
}
