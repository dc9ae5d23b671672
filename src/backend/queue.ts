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
    async run(key, task) {
      const before = tails.get(key)
      const own = before ? before.then(() => task(true)) : task(false)
      // Whoever waits behind us waits for our end, not for our success.
      const tail = own.then(ignore, ignore)
      tails.set(key, tail)
      try {
        return await own
      } finally {
        if (tails.get(key) === tail) tails.delete(key)
      }
    },
  }
}

function ignore(): void {}
