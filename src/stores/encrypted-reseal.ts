import type { Clock } from '../runtime/clock.ts'
import { SessionError } from '../errors.ts'
import type { ListedRecord, Store } from '../store.ts'

/** How to go through a store. */
export interface ResealOptions {
  /** Ends it between two records, by rejecting with the signal's reason. */
  readonly signal?: AbortSignal
  /** Told after every record. Must not throw. */
  readonly onProgress?: (progress: ResealProgress) => void
}

/** How far it got; each record that was looked at is in one of the other counts. */
export interface ResealProgress {
  readonly seen: number
  /** Encrypted anew. */
  readonly resealed: number
  /** Nothing to do: the current keys had encrypted them. */
  readonly current: number
  /** Ended meanwhile. */
  readonly ended: number
  /** No key opens them: they stay as they are and expire. */
  readonly unreadable: number
  /** Others kept writing to them: call again. */
  readonly busy: number
}

/** A record that others write to was encrypted by them, unless they still run with the keys of before. */
const ATTEMPTS = 3

/** Write anew what `store` says is due. Knows nothing of keys: opening and encrypting is what the store does. */
export async function resealAll(
  store: Store,
  clock: Clock,
  { signal, onProgress }: ResealOptions = {},
): Promise<ResealProgress> {
  if (!store.list)
    throw new SessionError('cannot', 'this store cannot list its records; they are resealed as they are used')
  let progress: ResealProgress = { seen: 0, resealed: 0, current: 0, ended: 0, unreadable: 0, busy: 0 }
  for await (const listed of store.list()) {
    signal?.throwIfAborted()
    const outcome = await reseal(store, clock, listed)
    progress = { ...progress, seen: progress.seen + 1, [outcome]: progress[outcome] + 1 }
    onProgress?.(progress)
  }
  return progress
}

async function reseal(
  store: Store,
  clock: Clock,
  listed: ListedRecord,
): Promise<Exclude<keyof ResealProgress, 'seen'>> {
  if (listed.unreadable !== undefined) return 'unreadable'
  if (!listed.rewriteDue) return 'current'
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    // The deadline is the one thing that may move without a new version, and a page of a list may be seconds old.
    const now = clock.now()
    const record = await store.read(listed.id, now)
    if (record === null) return 'ended'
    if (record.unreadable !== undefined) return 'unreadable'
    if (!record.rewriteDue) return 'current'
    const { payload, expiresAt, owner } = record
    const input = owner === undefined ? { payload, expiresAt } : { payload, expiresAt, owner }
    const result = await store.update(listed.id, record.version, input, now)
    if (result === 'gone') return 'ended'
    if (result !== 'conflict') return 'resealed'
  }
  return 'busy'
}
