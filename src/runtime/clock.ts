/**
 * Time, injected everywhere.
 *
 * Deadlines, time limits and pauses all come from one `Clock`, so that a test can hold time still and move it by
 * hand (`testClock()` in `coatcheck/testing`) instead of waiting for it.
 */
export interface Clock {
  /** Unix milliseconds. */
  now(): number
  /** Run `callback` once after `ms`; returns its cancellation. Must not keep the process alive. */
  after(ms: number, callback: () => void): () => void
  /** Resolve after `ms`: a pause before trying again. */
  sleep(ms: number): Promise<void>
}

/** Timers count to 2^31 - 1 ms (24.8 days) and fire at once beyond it: a longer wait ends early rather than never begin. */
const LONGEST_WAIT = 2 ** 31 - 1

/** The machine's own clock: the default. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, Math.min(ms, LONGEST_WAIT))
    unref(timer)
    return () => clearTimeout(timer)
  },
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, Math.min(ms, LONGEST_WAIT))),
}

/** Node, Bun and Deno give an object that can be unref'ed; workers give a number. */
function unref(timer: unknown): void {
  if (typeof timer === 'object' && timer !== null && 'unref' in timer && typeof timer.unref === 'function')
    timer.unref()
}
