import type { Policy } from '../options/options.ts'
import type { Emit } from '../events/events.ts'
import type { Store } from '../store.ts'

/** A batch small enough to go unnoticed by the requests beside it. */
const BATCH = { records: 500, ms: 25 }

/** The first sweep comes within a minute of first use, spread so that a fleet restarted at once does not sweep at once. */
const FIRST_SWEEP_MS = 50_000

/** Removes dead records off the request path, while the process runs. */
export interface Sweeper {
  /** Begin, at the first use of the sessions; later calls do nothing. */
  start(): void
  /** One whole sweep now; resolves with the number of records removed. */
  sweep(): Promise<number>
  /** No further batch; resolves when the one under way has ended. */
  stop(): Promise<void>
}

/** One jittered timer for one store. The store only knows how to do a batch. */
export function createSweeper(store: Store, policy: Policy, emit: Emit): Sweeper {
  const { clock, sweepEvery } = policy
  let cancel: (() => void) | undefined
  let stopped = false
  let underWay: Promise<number> | undefined

  async function sweepAll(): Promise<number> {
    if (!store.sweep) return 0
    let removed = 0
    for (;;) {
      const batch = await store.sweep(clock.now(), BATCH)
      removed += batch.removed
      if (!batch.more) break
      // Live traffic goes first.
      await clock.sleep(BATCH.ms)
      if (stopped) break
    }
    if (removed > 0) emit('swept', { removed })
    return removed
  }

  function sweep(): Promise<number> {
    underWay ??= sweepAll().finally(() => {
      underWay = undefined
    })
    return underWay
  }

  function schedule(ms: number): void {
    cancel = clock.after(ms, () => void sweepAndSchedule())
  }

  async function sweepAndSchedule(): Promise<void> {
    // A failure has been reported as an event by the time limit around every store call; the next sweep tries again.
    await sweep().catch(() => 0)
    // Half to one and a half of the interval, so that processes started together drift apart.
    if (!stopped && sweepEvery !== false) schedule(sweepEvery * (0.5 + Math.random()))
  }

  return {
    sweep,
    start() {
      if (stopped || cancel || sweepEvery === false || !store.sweep) return
      schedule(Math.random() * Math.min(FIRST_SWEEP_MS, sweepEvery))
    },
    async stop() {
      stopped = true
      cancel?.()
      await underWay?.catch(() => 0)
    },
  }
}
