import type { Store, SweepLimit, SweepResult } from '../store.ts'
import { check, same } from './check.ts'
import type { PutRecord, StoreContext } from './store-context.ts'

/** So much that only the other bound can end a batch. */
export const PLENTY = 1_000_000

/** `count` records with `life` ms to live, one after the other. */
export async function several(
  { put }: StoreContext,
  count: number,
  life: number,
  owner?: string,
): Promise<PutRecord[]> {
  const made = []
  for (let n = 0; n < count; n++) made.push(await put(owner === undefined ? { life } : { life, owner }))
  return made
}

/** One batch; throws when its result is not one. */
export async function sweepOnce(store: Store, now: number, limit: SweepLimit): Promise<SweepResult> {
  check(store.sweep !== undefined, "the store has no sweep(): add it, or say cannot: ['sweep']")
  const result = await store.sweep(now, limit)
  same(typeof result.more, 'boolean', 'the type of more')
  check(Number.isInteger(result.removed) && result.removed >= 0, `removed: expected a count, got ${result.removed}`)
  return result
}

/** Sweep until there is no more; the number removed. */
export async function sweepAll(
  store: Store,
  now: number,
  limit: SweepLimit = { records: PLENTY, ms: PLENTY },
): Promise<number> {
  let removed = 0
  for (let batch = 1; ; batch++) {
    const result = await sweepOnce(store, now, limit)
    removed += result.removed
    if (!result.more) return removed
    check(batch < 20_000, `after ${batch} batches sweep still says that there is more`)
  }
}

/** Wait for `count` microtasks: less than a turn of the event loop, in steps that the event loop cannot make. */
export async function microtasks(count: number): Promise<void> {
  // One after the other is the point here.
  for (let n = 0; n < count; n++) await Promise.resolve()
}
