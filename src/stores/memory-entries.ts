/*
 * The records of a memory store, by ID and in the order of their last use.
 *
 * A Map alone could do both, since taking a key out and putting it back makes it the newest. At a million keys that
 * costs 30 us a use instead of one, and once in a while seconds in which nothing else runs: what is taken out leaves a
 * hole, and when the table is full of holes all of it is copied. Finding the oldest key walks over the holes, too: 320 us
 * at 100,000 keys. So the order is a list through the entries, 24 bytes each, and a use moves no key. There are 256 maps
 * instead of one, because a map that grows is copied as well, and because one map takes 16 million keys at most.
 */

/** A record in memory. */
export interface Entry {
  readonly id: string
  payload: string
  owner: string | undefined
  version: number
  /** Bytes, as the store counts them. */
  size: number
  expiresAt: number
  /** Its neighbours in the order of use. */
  older: Entry | undefined
  newer: Entry | undefined
}

/** All records of one store. */
export interface Entries {
  readonly size: () => number
  readonly get: (id: string) => Entry | undefined
  /** An empty one for an ID that is not there, as the one used last. */
  readonly add: (id: string) => Entry
  /** Make it the one used last. */
  readonly use: (entry: Entry) => void
  /** False when it is not there. */
  readonly remove: (entry: Entry) => boolean
  readonly oldest: () => Entry | undefined
  /** Every entry that is there from now until it is met, once; perhaps some of those that come meanwhile. */
  readonly walk: () => Generator<Entry, undefined>
}

/** IDs begin with two hex digits at random: a map for each pair. */
const SHARDS = 256

/** None yet. */
export function memoryEntries(): Entries {
  const shards = Array.from({ length: SHARDS }, () => new Map<string, Entry>())
  let size = 0
  let oldest: Entry | undefined
  let newest: Entry | undefined

  function shardOf(id: string): Map<string, Entry> {
    const shard = shards[(digit(id.charCodeAt(0)) * 16 + digit(id.charCodeAt(1))) % SHARDS]
    // Never: the index is below the number of shards.
    if (shard === undefined) throw new RangeError(id)
    return shard
  }

  function append(entry: Entry): void {
    entry.older = newest
    entry.newer = undefined
    if (newest === undefined) oldest = entry
    else newest.newer = entry
    newest = entry
  }

  function unlink({ older, newer }: Entry): void {
    if (older === undefined) oldest = newer
    else older.newer = newer
    if (newer === undefined) newest = older
    else newer.older = older
  }

  function* walk(): Generator<Entry, undefined> {
    // A copy of each map in turn: one to which somebody adds while it is walked over might never end.
    for (const shard of shards)
      for (const entry of Array.from(shard.values())) if (shard.get(entry.id) === entry) yield entry
    return undefined
  }

  return {
    size: () => size,
    get: (id) => shardOf(id).get(id),
    add(id) {
      const entry: Entry = {
        id,
        payload: '',
        owner: undefined,
        version: 0,
        size: 0,
        expiresAt: 0,
        older: undefined,
        newer: undefined,
      }
      shardOf(id).set(id, entry)
      append(entry)
      size++
      return entry
    },
    use(entry) {
      if (entry === newest) return
      unlink(entry)
      append(entry)
    },
    remove(entry) {
      if (!shardOf(entry.id).delete(entry.id)) return false
      unlink(entry)
      size--
      return true
    },
    oldest: () => oldest,
    walk,
  }
}

/** The value of a hex digit; of anything else, some number. */
function digit(code: number): number {
  return (code & 15) + (code > 64 ? 9 : 0)
}
