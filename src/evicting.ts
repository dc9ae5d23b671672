import type { EvictingStore, Store } from './store.ts'

/** Whether a store removes live records to make room, and says so. */
export function isEvicting(store: Store): store is EvictingStore {
  return 'onEvict' in store && typeof store.onEvict === 'function'
}
