/**
 * One queue per key inside this process. Writers of one session take turns instead of colliding in the store, so that
 * a hundred of them make progress; other processes are met by the store's compare-and-set.
 */
export interface KeyedQueue {
  /**
   * Run `task` after every task queued earlier under `key`. `task` is told whether it had to wait, which means that
   * another writer was at the record since this one read it.
   */
  run<Result>(key: string, task: (waited: boolean) => Promise<Result>): Promise<Result>
  /** Tasks under way or waiting, over all keys. */
  readonly size: number
}

/** An empty queue. */
export function keyedQueue(): KeyedQueue {
  const tails = new Map<string, Promise<unknown>>()
  return {
    get size() {
      return tails.size
    },
    run(key, task) {
      const before = tails.get(key)
      const own = before ? before.then(() => task(true)) : begun(task)
      // Whoever waits behind us waits for our end, not for our success.
      const tail = own.then(leave, leave)
      function leave(): void {
        if (tails.get(key) === tail) tails.delete(key)
      }
      tails.set(key, tail)
      return own
    },
  }
}

/** What it throws at once is its caller's answer, too. */
function begun<Result>(task: (waited: boolean) => Promise<Result>): Promise<Result> {
  try {
    return task(false)
  } catch (error) {
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- passed on as it was thrown
    return Promise.reject(error)
  }
}
