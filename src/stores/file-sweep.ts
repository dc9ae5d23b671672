import { warnOnce } from '../runtime/platform.ts'
import type { SweepLimit, SweepResult } from '../store.ts'
import { freeDeadToken, PREPARED, removeDeadLock } from './file-breaker.ts'
import { type Folder, OWNERS } from './file-folder.ts'
import { entryOf, listFolder, listShards, placeIn, shardPath } from './file-layout.ts'
import type { Locks } from './file-lock.ts'
import { node, unless } from './file-node.ts'
import { holderOf, parseOwner, standingOf } from './file-owner.ts'
import { readHeader } from './file-record.ts'

/*
 * A pass visits every file of every shard once, over as many calls as the limits make of it: the cursor stays
 * between calls, so small limits reach the last shard too.
 *
 * Headers are read with synchronous calls (5 us each, against 200 us of CPU through the thread pool), in slices
 * after which the event loop gets its turn. The trade-off: a request may wait for one slice, and on a cold disk for
 * one seek longer.
 */

/** Longest time without a turn of the event loop, in ms. */
const SLICE_MS = 0.5

/** A record the pass has seen alive, kept only when `maxSessions` is set: some 150 bytes each. */
interface Seen {
  readonly shard: string
  readonly id: string
  readonly expiresAt: number
}

/** A shard in the course of a pass. */
interface Shard {
  readonly digits: string
  readonly path: string
  /** Names not yet visited. */
  readonly names: string[]
  /** The nearest deadline among those visited and left. */
  soonest: number
  readonly seen: Seen[]
}

interface Pass {
  /** Shards not yet begun. */
  toVisit: string[]
  /** Shards begun, the last one perhaps not ended. */
  readonly begun: Map<string, Shard>
  shard: Shard
  /** Chosen for eviction once every shard has been visited. */
  doomed: Seen[] | undefined
}

/**
 * The sweep of one store instance. Calls that overlap take turns. `ended` stops a pass when the store closes.
 * `evicted` is told of each live record that `maxSessions` cost.
 */
export function fileSweep(
  folder: Folder,
  locks: Locks,
  maxSessions: number | undefined,
  ended: () => boolean,
  evicted: (id: string) => void,
): (now: number, limit: SweepLimit) => Promise<SweepResult> {
  let pass: Pass | undefined
  let turns: Promise<unknown> = Promise.resolve()

  async function batch(now: number, limit: SweepLimit): Promise<SweepResult> {
    const started = performance.now()
    let slice = started
    let removed = 0
    pass ??= await beginPass(folder)
    while (!ended()) {
      if (pass.shard.names.length === 0 && pass.doomed === undefined && !(await nextShard(folder, pass, now)))
        pass.doomed = surplus(pass, maxSessions)
      if (visitNext(pass, now)) removed++
      if (pass.doomed?.length === 0) {
        pass = undefined
        return { removed, more: false }
      }
      const time = performance.now()
      if (removed >= limit.records || time - started >= limit.ms) return { removed, more: true }
      if (time - slice >= SLICE_MS) {
        await turnOfTheLoop()
        slice = performance.now()
      }
    }
    return { removed, more: false }
  }

  function visitNext(current: Pass, now: number): boolean {
    if (current.doomed === undefined) {
      const name = current.shard.names.pop()
      return name !== undefined && visit(current.shard, name, now)
    }
    const victim = current.doomed.pop()
    // Visited since it was seen: it no longer is the one that ends first.
    if (victim === undefined) return false
    const removed = remove(victim.shard, victim.id, (expiresAt) => expiresAt === victim.expiresAt)
    if (removed && victim.expiresAt > now) evicted(victim.id)
    return removed
  }

  function visit(shard: Shard, name: string, now: number): boolean {
    const { digits, path } = shard
    const entry = entryOf(digits, name)
    if (entry?.kind === 'lock') removeIfDead(folder, placeIn(path, entry.id).lock)
    if (entry?.kind === 'temporary' && isGone(entry.owner)) forget(node().path.join(path, name))
    if (entry?.kind !== 'record') return false
    const header = readHeader(placeIn(path, entry.id).file)
    // Only if it still is torn under the lock: somebody may have made the record anew meanwhile.
    if (header?.state === 'torn') return remove(path, entry.id, () => false)
    if (header?.state !== 'record') return false
    if (header.expiresAt <= now) return remove(path, entry.id, (expiresAt) => expiresAt <= now)
    shard.soonest = Math.min(shard.soonest, header.expiresAt)
    if (maxSessions !== undefined) shard.seen.push({ shard: path, id: entry.id, expiresAt: header.expiresAt })
    return false
  }

  /** Remove the record if, under its lock, its deadline is still as `condition` wants it, or it is torn. */
  function remove(shard: string, id: string, condition: (expiresAt: number) => boolean): boolean {
    const { file, lock } = placeIn(shard, id)
    const held = locks.tryHold(lock, () => {
      const header = readHeader(file)
      const dead = header?.state === 'torn' || (header?.state === 'record' && condition(header.expiresAt))
      if (dead) node().fs.unlinkSync(file)
      return dead
    })
    // Somebody is at work on it: the next pass looks again.
    if (held === null) warnOfStrangers(lock)
    return held?.result ?? false
  }

  return (now, limit) => {
    const turn = turns.then(() => batch(now, limit))
    turns = turn.catch(() => undefined)
    return turn
  }
}

/** Let timers, sockets and other requests have their turn. */
export function turnOfTheLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

async function beginPass(folder: Folder): Promise<Pass> {
  await removeTracesOfTheDead(folder)
  const shards = await listShards(folder.root)
  // Each process begins elsewhere, so that several sweep different shards instead of following each other.
  const first = Math.floor(Math.random() * shards.length)
  const toVisit = [...shards.slice(first), ...shards.slice(0, first)]
  return { toVisit, begun: new Map(), shard: emptyShard('', '', []), doomed: undefined }
}

/** False when the pass has nothing left to visit. */
async function nextShard(folder: Folder, pass: Pass, now: number): Promise<boolean> {
  // Time passes between calls: a shard where a record has died since its visit is visited again, and only that one.
  if (pass.toVisit.length === 0)
    pass.toVisit = [...pass.begun.values()].filter(({ soonest }) => soonest <= now).map(({ digits }) => digits)
  const digits = pass.toVisit.pop()
  if (digits === undefined) return false
  const path = shardPath(folder.root, digits)
  pass.shard = emptyShard(digits, path, await listFolder(path))
  pass.begun.set(digits, pass.shard)
  return true
}

function emptyShard(digits: string, path: string, names: string[]): Shard {
  return { digits, path, names, soonest: Infinity, seen: [] }
}

/** Identity files, prepared tokens and the token itself. An owner's name is never used again, so nobody can need what goes here. */
async function removeTracesOfTheDead(folder: Folder): Promise<void> {
  const { fs, path } = node()
  freeDeadToken(folder)
  const owners = path.join(folder.root, OWNERS)
  for (const name of await listFolder(owners)) if (isGone(name.replace(/\.probe$/, ''))) forget(path.join(owners, name))
  for (const name of await listFolder(folder.root))
    if (name.startsWith(PREPARED) && isGone(name.slice(PREPARED.length)))
      fs.rmSync(path.join(folder.root, name), { recursive: true, force: true })
}

/** Nearest deadline first, from the end of the list. */
function surplus(pass: Pass, maxSessions: number | undefined): Seen[] {
  if (maxSessions === undefined) return []
  const seen = [...pass.begun.values()].flatMap((shard) => shard.seen)
  if (seen.length <= maxSessions) return []
  warnOnce(
    'COATCHECK_SESSIONS_EVICTED',
    `${seen.length} sessions are stored and maxSessions is ${maxSessions}: those nearest to their end are removed. ` +
      'Raise maxSessions, or shorten the lifetime',
  )
  const count = seen.length - maxSessions
  return seen
    .toSorted((a, b) => a.expiresAt - b.expiresAt)
    .slice(0, count)
    .toReversed()
}

function removeIfDead(folder: Folder, lock: string): void {
  const holder = holderOf(lock)
  if (holder !== null && holder !== 'unreadable' && standingOf(holder) === 'gone') removeDeadLock(folder, lock)
}

function warnOfStrangers(lock: string): void {
  const holder = holderOf(lock)
  if (holder === null || (holder !== 'unreadable' && standingOf(holder) !== 'unknown')) return
  warnOnce(
    'COATCHECK_LOCK_UNKNOWN',
    `${lock} belongs to a process that cannot be seen from here. If it does not go away, and the machine or ` +
      'container named in it is gone, delete it: until then the session cannot be written or removed',
  )
}

function isGone(ownerName: string): boolean {
  const owner = parseOwner(ownerName)
  return owner !== null && standingOf(owner) === 'gone'
}

function forget(path: string): void {
  unless(['ENOENT'], () => node().fs.unlinkSync(path))
}
