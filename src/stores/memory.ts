import { systemClock } from '../runtime/clock.ts'
import { SessionError } from '../errors.ts'
import { type Entry, memoryEntries } from './memory-entries.ts'
import type { EvictingStore, RecordInput, StoredRecord, SweepLimit, SweepResult } from '../store.ts'

/** How much a {@link memoryStore} may hold. */
export interface MemoryStoreOptions {
  /** Records at most. Default 100,000. */
  readonly maxSessions?: number
  /** Bytes at most, payloads and {@link RECORD_OVERHEAD} each. Default 256 MiB. */
  readonly maxBytes?: number
  /** Hears the ID of each live record that had to make room for another. Must not throw. */
  readonly onEvict?: (id: string) => void
}

/** What a record costs beside its payload and owner, in bytes: 200 to 250 measured at 100,000 records, rounded up. */
const RECORD_OVERHEAD = 300

/** Records looked at in search of dead ones when the store is full: about 20 µs. */
const SEARCH_WHEN_FULL = 1000

/** Records looked at between two looks at the time. */
const STRIDE = 256

/** Longest time that a sweep holds up the event loop, in ms. */
const SLICE_MS = 0.5

/** One walk of the sweep through all records, continued from batch to batch. */
interface Pass {
  readonly entries: Generator<Entry, undefined>
  /** The earliest deadline among those found alive, and those put in since it began: it may not meet them. */
  soonest: number
}

/**
 * Sessions in the memory of this process: for tests, and for one process that may forget everything when it ends.
 *
 * The store is bounded. When it is full, dead records go first (as far as a short search finds them), then the ones
 * that were not read or written for longest; the first time this ends a live session, a process warning with code
 * `COATCHECK_EVICTION` says so. A record larger than `maxBytes` is refused with `record_too_large`, limits that are
 * not positive with `bad_option`.
 */
export function memoryStore(options: MemoryStoreOptions = {}): Required<EvictingStore> {
  const maxSessions = positive('maxSessions', options.maxSessions ?? 100_000)
  const maxBytes = positive('maxBytes', options.maxBytes ?? 256 * 1024 * 1024)
  const listeners = options.onEvict ? [options.onEvict] : []
  const entries = memoryEntries()
  let bytes = 0
  let lastVersion = 0
  let pass: Pass | undefined
  // No record dies before this: what makes a sweep with nothing to do, and a full store with nothing dead, cheap.
  let soonest = Infinity
  let warned = false

  function remove(entry: Entry): boolean {
    const removed = entries.remove(entry)
    if (removed) bytes -= entry.size
    return removed
  }

  function live(id: string, now: number): Entry | undefined {
    const entry = entries.get(id)
    if (entry === undefined || entry.expiresAt > now) return entry
    remove(entry)
    return undefined
  }

  /** Over the entry `before`, if there is one. */
  function write(id: string, before: Entry | undefined, record: RecordInput, now: number): { version: number } {
    const { payload, expiresAt, owner } = record
    const size = sizeOf(record)
    if (size > maxBytes)
      throw new SessionError(
        'record_too_large',
        `${size} bytes do not fit into the memory store's maxBytes of ${maxBytes}: ` +
          'keep less in the session, or raise maxBytes',
      )
    const version = ++lastVersion
    // Changed where it stands: a new entry for each write would be garbage among a million that stay.
    const entry = before ?? entries.add(id)
    bytes += size - entry.size
    entry.payload = payload
    entry.owner = owner
    entry.version = version
    entry.size = size
    entry.expiresAt = expiresAt
    entries.use(entry)
    soonest = Math.min(soonest, expiresAt)
    if (pass !== undefined) pass.soonest = Math.min(pass.soonest, expiresAt)
    if (full()) removeDead(now, Infinity, SEARCH_WHEN_FULL, () => false)
    // The new record is the one used last, and fits alone: it never makes room for itself.
    while (full()) evictOldest(now)
    return { version }
  }

  function full(): boolean {
    return entries.size() > maxSessions || bytes > maxBytes
  }

  function evictOldest(now: number): void {
    const entry = entries.oldest()
    if (entry === undefined) return
    remove(entry)
    if (entry.expiresAt <= now) return
    if (!warned) warnOfEviction(maxSessions, maxBytes)
    warned = true
    for (const told of listeners) told(entry.id)
  }

  function removeDead(now: number, atMost: number, look: number, timeIsUp: () => boolean): SweepResult {
    if (now < soonest) return { removed: 0, more: false }
    pass ??= { entries: entries.walk(), soonest: Infinity }
    let removed = 0
    for (let looked = 0; ; looked++) {
      if (removed >= atMost || looked >= look || (looked % STRIDE === STRIDE - 1 && timeIsUp()))
        return { removed, more: true }
      const next = pass.entries.next()
      if (next.done === true) break
      const entry = next.value
      if (entry.expiresAt > now) pass.soonest = Math.min(pass.soonest, entry.expiresAt)
      else if (remove(entry)) removed++
    }
    soonest = pass.soonest
    pass = undefined
    // A pass begun by an earlier clock may have met records that have died since.
    return { removed, more: soonest <= now }
  }

  /** In slices, since looking at a million records that live takes a quarter of a second. */
  async function sweepSlices(now: number, limit: SweepLimit): Promise<SweepResult> {
    const end = performance.now() + limit.ms
    for (let removed = 0; ;) {
      const sliceEnd = Math.min(performance.now() + SLICE_MS, end)
      const slice = removeDead(now, limit.records - removed, Infinity, () => performance.now() >= sliceEnd)
      removed += slice.removed
      if (!slice.more || removed >= limit.records || performance.now() >= end) return { removed, more: slice.more }
      await systemClock.sleep(0)
    }
  }

  return {
    name: 'memory',
    async read(id, now) {
      const entry = live(id, now)
      if (entry === undefined) return null
      entries.use(entry)
      return asRecord(entry)
    },
    async create(id, record, now) {
      return live(id, now) === undefined ? write(id, undefined, record, now) : null
    },
    async update(id, expected, record, now) {
      const entry = live(id, now)
      if (entry === undefined) return 'gone'
      return entry.version === expected ? write(id, entry, record, now) : 'conflict'
    },
    async touch(id, expiresAt, now) {
      const entry = live(id, now)
      if (entry !== undefined) entry.expiresAt = Math.max(entry.expiresAt, expiresAt)
      return entry !== undefined
    },
    async delete(id) {
      const entry = entries.get(id)
      return entry !== undefined && remove(entry)
    },
    async *list(filter) {
      for (const entry of entries.walk())
        if (filter?.owner === undefined || filter.owner === entry.owner)
          yield { ...asRecord(entry), id: entry.id, size: entry.size }
    },
    sweep: sweepSlices,
    onEvict: (listener) => void listeners.push(listener),
    /** Does nothing: there is nothing to release, and whoever still has the store can still use it. */
    async close() {},
  }
}

function asRecord({ payload, expiresAt, owner, version }: Entry): StoredRecord {
  return owner === undefined ? { payload, expiresAt, version } : { payload, expiresAt, version, owner }
}

/** Engines keep one byte a character for Latin-1 strings and two for all others. */
function sizeOf({ payload, owner = '' }: RecordInput): number {
  return RECORD_OVERHEAD + bytesOf(payload) + bytesOf(owner)
}

function bytesOf(text: string): number {
  return /[\u0100-\uffff]/.test(text) ? text.length * 2 : text.length
}

function positive(name: string, value: number): number {
  if (value > 0) return value
  throw new SessionError('bad_option', `memoryStore({ ${name}: ${value} }): give a number above 0`)
}

/** Once per store: a full store evicts at every request, and a log full of it tells no more than a line. */
function warnOfEviction(maxSessions: number, maxBytes: number): void {
  if (typeof process === 'undefined' || typeof process.emitWarning !== 'function') return
  process.emitWarning(
    `The memory store is full (maxSessions ${maxSessions}, maxBytes ${maxBytes}), so live sessions are being ended. ` +
      'Raise the limits, or use a store that keeps sessions outside this process.',
    { type: 'CoatcheckWarning', code: 'COATCHECK_EVICTION' },
  )
}
