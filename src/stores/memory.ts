import { SessionError } from '../errors.ts'
import type { EvictingStore, RecordInput, StoredRecord, SweepResult } from '../store.ts'

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

interface Entry {
  readonly payload: string
  readonly owner: string | undefined
  readonly version: number
  readonly size: number
  expiresAt: number
}

/** One walk of the sweep through all records, continued from batch to batch. */
interface Pass {
  readonly entries: MapIterator<[string, Entry]>
  /** Records still to look at. */
  left: number
  /** The earliest deadline among those found alive, and those put at the end since it began: it may not meet them. */
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
  // A Map keeps its keys in the order of insertion, so taking a key out and putting it back makes it the newest, and
  // the first key is the one unused for longest: all that an LRU needs, with no package beside it.
  const entries = new Map<string, Entry>()
  let bytes = 0
  let lastVersion = 0
  let pass: Pass | undefined
  // No record dies before this: what makes a sweep with nothing to do, and a full store with nothing dead, cheap.
  let soonest = Infinity
  let warned = false

  function put(id: string, entry: Entry): void {
    remove(id)
    entries.set(id, entry)
    bytes += entry.size
    soonest = Math.min(soonest, entry.expiresAt)
    if (pass !== undefined) pass.soonest = Math.min(pass.soonest, entry.expiresAt)
  }

  function remove(id: string): boolean {
    bytes -= entries.get(id)?.size ?? 0
    return entries.delete(id)
  }

  function live(id: string, now: number): Entry | undefined {
    const entry = entries.get(id)
    if (entry === undefined || entry.expiresAt > now) return entry
    remove(id)
    return undefined
  }

  function write(id: string, record: RecordInput, now: number): { version: number } {
    const { payload, expiresAt, owner } = record
    const entry: Entry = { payload, expiresAt, owner, size: sizeOf(record), version: lastVersion + 1 }
    if (entry.size > maxBytes)
      throw new SessionError(
        'record_too_large',
        `${entry.size} bytes do not fit into the memory store's maxBytes of ${maxBytes}: ` +
          'keep less in the session, or raise maxBytes',
      )
    lastVersion++
    put(id, entry)
    if (full()) removeDead(now, Infinity, SEARCH_WHEN_FULL, () => false)
    // The new record is the last key, and fits alone: it never makes room for itself.
    while (full()) evictOldest(now)
    return { version: entry.version }
  }

  function full(): boolean {
    return entries.size > maxSessions || bytes > maxBytes
  }

  function evictOldest(now: number): void {
    const [oldest] = entries
    if (oldest === undefined) return
    const [id, entry] = oldest
    remove(id)
    if (entry.expiresAt <= now) return
    if (!warned) warnOfEviction(maxSessions, maxBytes)
    warned = true
    for (const told of listeners) told(id)
  }

  function removeDead(now: number, atMost: number, look: number, timeIsUp: () => boolean): SweepResult {
    if (now < soonest) return { removed: 0, more: false }
    pass ??= { entries: entries.entries(), left: entries.size, soonest: Infinity }
    let removed = 0
    for (let looked = 0; pass.left > 0; looked++, pass.left--) {
      if (removed >= atMost || looked >= look || (looked % STRIDE === STRIDE - 1 && timeIsUp()))
        return { removed, more: true }
      const next = pass.entries.next()
      if (next.done) break
      const [id, entry] = next.value
      if (entry.expiresAt > now) pass.soonest = Math.min(pass.soonest, entry.expiresAt)
      else if (remove(id)) removed++
    }
    soonest = pass.soonest
    pass = undefined
    // A pass begun by an earlier clock may have met records that have died since.
    return { removed, more: soonest <= now }
  }

  return {
    name: 'memory',
    async read(id, now) {
      const entry = live(id, now)
      if (entry === undefined) return null
      put(id, entry)
      return asRecord(entry)
    },
    async create(id, record, now) {
      return live(id, now) === undefined ? write(id, record, now) : null
    },
    async update(id, expected, record, now) {
      const entry = live(id, now)
      if (entry === undefined) return 'gone'
      return entry.version === expected ? write(id, record, now) : 'conflict'
    },
    async touch(id, expiresAt, now) {
      const entry = live(id, now)
      if (entry !== undefined) entry.expiresAt = Math.max(entry.expiresAt, expiresAt)
      return entry !== undefined
    },
    async delete(id) {
      return remove(id)
    },
    async *list(filter) {
      // IDs first: reading moves a record to the end of the map, where a walk would meet it again and never end.
      const ids = [...entries.keys()]
      for (const id of ids) {
        const entry = entries.get(id)
        if (entry !== undefined && (filter?.owner === undefined || filter.owner === entry.owner))
          yield { ...asRecord(entry), id, size: entry.size }
      }
    },
    async sweep(now, limit) {
      const end = performance.now() + limit.ms
      return removeDead(now, limit.records, Infinity, () => performance.now() >= end)
    },
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
