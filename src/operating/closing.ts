import type { Store } from '../store.ts'
import type { Sweeper } from './sweeper.ts'

/** The end of an instance: `close` at most once, and whether it has begun. */
export interface Closing {
  readonly close: () => Promise<void>
  readonly isClosed: () => boolean
}

/**
 * In this order: refuse what is new, let the sweep and the saves under way end, release the store. Everything waited
 * for is bounded by the store's time limit. When the store does not let go in time, `close()` rejects and the process
 * may end all the same: nothing is left unsaved.
 */
export function closing(store: Store, sweeper: Sweeper, idle: () => Promise<void>): Closing {
  let ending: Promise<void> | undefined

  async function end(): Promise<void> {
    await Promise.all([sweeper.stop(), idle()])
    await store.close?.()
  }

  return {
    close: () => (ending ??= end()),
    isClosed: () => ending !== undefined,
  }
}
