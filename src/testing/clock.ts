import type { Clock } from '../runtime/clock.ts'

/** A clock that stands still until a test moves it. */
export interface TestClock extends Clock {
  /** Move time forward by `ms`, running every timer that falls due on the way, in order, each at its own moment. */
  advance(ms: number): void
  /**
   * Put the clock at `ms` (Unix milliseconds). Forward, it runs the timers on the way, as `advance` does; backward,
   * it runs none, as when a machine's clock is corrected.
   */
  set(ms: number): void
}

/** 1 January 2001, 00:00 UTC: long gone, so that a store which peeks at the machine's clock finds everything dead. */
const LONG_AGO = Date.UTC(2001, 0, 1)

/**
 * A settable clock, starting at `start` (Unix milliseconds; 1 January 2001 UTC unless told).
 *
 * `sleep` resolves in a later turn of the event loop without moving time: code that pauses before it tries again
 * goes on at once, instead of waiting for a clock that stands still.
 */
export function testClock(start: number = LONG_AGO): TestClock {
  const timers = new Set<{ readonly due: number; readonly callback: () => void }>()
  let time = start

  function moveTo(target: number): void {
    // One timer at a time, because a callback may add or cancel others that fall due before `target`.
    for (let next = earliest(timers, target); next !== undefined; next = earliest(timers, target)) {
      timers.delete(next)
      time = Math.max(time, next.due)
      next.callback()
    }
    time = target
  }

  return {
    now: () => time,
    after(ms, callback) {
      const timer = { due: time + ms, callback }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    sleep: () => new Promise((resolve) => setTimeout(resolve, 0)),
    advance: (ms) => moveTo(time + ms),
    set: moveTo,
  }
}

/** The timer due first, at `latest` at the latest; of two due together the older one. */
function earliest<Timer extends { readonly due: number }>(timers: Set<Timer>, latest: number): Timer | undefined {
  let first: Timer | undefined
  for (const timer of timers) if (timer.due <= latest && (first === undefined || timer.due < first.due)) first = timer
  return first
}
