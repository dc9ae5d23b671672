import type { Clock } from '../runtime/clock.ts'
import { SessionError } from '../errors.ts'
import { removeDeadLock } from './file-breaker.ts'
import type { Folder } from './file-folder.ts'
import { errnoOf, node, unless } from './file-node.ts'
import { holderOf, standingOf } from './file-owner.ts'

/*
 * One lock per record, between all threads and processes of one host that share the folder.
 *
 * A lock is a hard link to its holder's identity file: linkSync either makes the whole file, contents and all, or
 * fails, so there is no instant at which a lock exists that does not say whose it is.
 *
 * Acquire, work, release is ONE synchronous section. Within a thread nothing can come between, so a thread never
 * meets its own lock, and a lock is held for some 50 microseconds. The price is that the event loop waits for those
 * system calls; the promise-based ones cost five times their CPU (measured: docs/stores/file.md), and would keep
 * the lock over several turns of a busy loop.
 */

/** How long to keep trying, in ms of pauses. A lock is held a thousand times shorter, unless its holder is stopped. */
const LOCK_WAIT_MS = 2000

/** The longest single pause, in ms. */
const LONGEST_PAUSE_MS = 16

/** The locks of one store instance. */
export interface Locks {
  /**
   * Run `section` while holding the lock `path`. `section` must be synchronous.
   * @throws {@link SessionError} `store_timeout` when the lock did not come free, naming its holder.
   */
  hold<Result>(path: string, section: () => Result): Promise<Result>
  /** The same without waiting: `null` when somebody holds the lock. */
  tryHold<Result>(path: string, section: () => Result): { readonly result: Result } | null
}

/** Locks held in the name of `folder.owner`. */
export function fileLocks(folder: Folder, clock: Clock): Locks {
  function tryHold<Result>(path: string, section: () => Result): { readonly result: Result } | null {
    if (!acquire(folder, path)) return null
    try {
      return { result: section() }
    } finally {
      release(path)
    }
  }

  async function hold<Result>(path: string, section: () => Result): Promise<Result> {
    // Pauses are counted instead of read from the clock, so that the limit also ends under a clock that stands still.
    let paused = 0
    for (let attempt = 0; ; attempt++) {
      const held = tryHold(path, section)
      if (held !== null) return held.result
      if (paused >= LOCK_WAIT_MS) throw timeout(path)
      const pause = 1 + Math.random() * Math.min(2 ** attempt, LONGEST_PAUSE_MS - 1)
      await clock.sleep(pause)
      paused += pause
    }
  }

  return { hold, tryHold }
}

function acquire(folder: Folder, path: string): boolean {
  // Three tries: the lock may be released, or found dead and removed, between a failed link and the look at it.
  for (let tries = 0; tries < 3; tries++) {
    if (link(folder, path)) return true
    const holder = holderOf(path)
    if (holder === 'unreadable') return false
    // Ours can only be left from a release that failed: nothing of ours runs now, so it is as good as acquired.
    if (holder?.name === folder.owner.name) return true
    if (holder !== null && (standingOf(holder) !== 'gone' || !removeDeadLock(folder, path))) return false
  }
  return false
}

/** True when the link was made, false when the name is taken. */
function link(folder: Folder, path: string): boolean {
  const { fs } = node()
  try {
    fs.linkSync(folder.identity, path)
    return true
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false
    if (errnoOf(error) !== 'ENOENT') throw error
  }
  // Somebody removed the folder under a running server (`rm -rf .sessions` in development): make it again.
  folder.restore(node().path.dirname(path))
  return unless(['EEXIST'], () => (fs.linkSync(folder.identity, path), true)) ?? false
}

function release(path: string): void {
  try {
    node().fs.unlinkSync(path)
  } catch {
    // The work is done and must be told as done. A lock that stays is ours: acquire() recognises it, and others see
    // it as ours until this process ends.
  }
}

function timeout(path: string): SessionError {
  const holder = holderOf(path)
  const since = `${path} was locked for more than ${LOCK_WAIT_MS} ms`
  if (holder === null) return new SessionError('store_timeout', `${since} by ever changing holders: try again`)
  if (holder === 'unreadable')
    return new SessionError('store_timeout', `${since}, and the file does not say by whom: delete it`)
  if (standingOf(holder) === 'unknown')
    return new SessionError(
      'store_timeout',
      `${since} by process ${holder.pid} of another machine or container, which cannot be seen from here. ` +
        `If that machine or container is gone, delete the file; its contents name the host`,
    )
  return new SessionError(
    'store_timeout',
    `${since} by process ${holder.pid}, which is alive but does not go on: is it stopped? Continue it or end it`,
  )
}
