import type { Clock } from '../runtime/clock.ts'

/** A call that is waited for, but not for ever. */
export interface Waiting {
  /** Told once, when it has been waited for long enough. */
  readonly expire: () => void
  /** When that is, Unix ms. */
  readonly due: number
}

/** One time limit for many calls at once. */
export interface SharedTimer {
  /** `expire` is called after the limit, unless {@link end} is first. */
  begin(expire: () => void): Waiting
  end(call: Waiting): void
}

/**
 * Calls that all have the same limit expire in the order they begin, so one timer, for the oldest, serves all of them:
 * a timer of its own for each would be made and taken away again within a millisecond, at every request. The price: where
 * the machine's clock is put forward, calls under way may expire early.
 */
export function sharedTimer(limitMs: number, clock: Clock): SharedTimer {
  const waiting = new Set<Waiting>()
  let isSet = false

  function setFor(ms: number): void {
    isSet = true
    clock.after(ms, ring)
  }

  function ring(): void {
    isSet = false
    for (const call of waiting) {
      const left = call.due - clock.now()
      // More than the whole limit is left where the clock was put back: to wait on would be to wait for ever.
      if (left > 0 && left <= limitMs) {
        if (!isSet) setFor(left)
        return
      }
      waiting.delete(call)
      call.expire()
    }
  }

  return {
    begin(expire) {
      const call = { expire, due: clock.now() + limitMs }
      waiting.add(call)
      // It rings once after the last call of a busy time has ended, and then rests.
      if (!isSet) setFor(limitMs)
      return call
    },
    end: (call) => void waiting.delete(call),
  }
}
