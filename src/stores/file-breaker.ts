import type { Folder } from './file-folder.ts'
import { errnoOf, node, unless } from './file-node.ts'
import { holderOf, parseOwner, standingOf } from './file-owner.ts'

/*
 * Removing the lock of a dead holder, without ever removing the lock of a live one.
 *
 * The danger: A and B both read a lock and both prove its holder dead. A unlinks it and locks the record itself. B,
 * a moment late, unlinks that path too: now it is A's live lock that is gone.
 *
 * So a dead lock is removed only by the holder of the folder's one breaker token, and only after reading the lock
 * again while holding it. A lock's file is removed by (1) its live holder or (2) the holder of the token. If the
 * second reading shows a dead holder, (1) cannot happen any more and (2) is ourselves: between that reading and our
 * unlink the path cannot change hands. One token makes that safe for every lock of the folder.
 *
 * The token must itself survive the death of its holder, without the same danger one floor up. It is a single file
 * in `.breaker`, and its NAME says who has it: `free`, or an owner's name. It changes hands by rename, and a rename
 * away from a name succeeds for exactly one caller:
 * - `free` -> mine: one winner.
 * - `<dead>` -> mine: one winner, and because owners' names are never used twice and a dead owner renames nothing,
 *   `<dead>` never appears again. A caller however late finds no such file. There is nothing to mistake for it.
 * - mine -> `free`: only I.
 * Taking the token, removing the lock and returning the token is one synchronous section. A holder that is stopped
 * in it is alive, so nobody takes the token away; others give up after the time limit, with an error.
 *
 * There is never a second token: the folder `.breaker` is put in place by renaming a prepared folder that already
 * contains one, and such a rename fails when a folder with anything in it is there.
 */

const TOKEN_FOLDER = '.breaker'
const FREE = 'free'

/** Name of the folder in which an owner prepares the token. */
export const PREPARED: string = `${TOKEN_FOLDER}-`

/**
 * Remove the lock `path` if its holder is proven gone. True when the lock is worth trying again, false when another
 * process is breaking locks at this moment.
 */
export function removeDeadLock(folder: Folder, path: string): boolean {
  if (!takeToken(folder)) return false
  try {
    const holder = holderOf(path)
    if (holder !== null && holder !== 'unreadable' && standingOf(holder) === 'gone')
      unless(['ENOENT'], () => node().fs.unlinkSync(path))
    return true
  } finally {
    returnToken(folder)
  }
}

/** Take the breaker token; false when a living process has it. Exported for tests of what a crash leaves. */
export function takeToken(folder: Folder): boolean {
  const { fs, path } = node()
  const home = path.join(folder.root, TOKEN_FOLDER)
  // Three tries: the token may move, or the folder appear, between a failed rename and the look at it.
  for (let tries = 0; tries < 3; tries++) {
    if (renamed(path.join(home, FREE), path.join(home, folder.owner.name))) return true
    const names = unless(['ENOENT'], () => fs.readdirSync(home)) ?? []
    if (names.includes(folder.owner.name)) return true // a return that failed; see release() in file-lock.ts
    const holder = names.map(parseOwner).find((owner) => owner !== null)
    if (names.length === 0) prepareToken(folder, home)
    else if (holder && standingOf(holder) === 'gone')
      if (renamed(path.join(home, holder.name), path.join(home, folder.owner.name))) return true
  }
  return false
}

/** Free the token of a process that is gone. Nothing waits for it, but nothing of the dead shall stay. */
export function freeDeadToken(folder: Folder): void {
  const { fs, path } = node()
  const names = unless(['ENOENT'], () => fs.readdirSync(path.join(folder.root, TOKEN_FOLDER))) ?? []
  const holder = names.map(parseOwner).find((owner) => owner !== null)
  if (holder && standingOf(holder) === 'gone' && takeToken(folder)) returnToken(folder)
}

function returnToken(folder: Folder): void {
  const home = node().path.join(folder.root, TOKEN_FOLDER)
  try {
    renamed(node().path.join(home, folder.owner.name), node().path.join(home, FREE))
  } catch {
    // Still ours, and takeToken() knows it: see release() in file-lock.ts.
  }
}

function prepareToken(folder: Folder, home: string): void {
  const { fs, path } = node()
  const prepared = path.join(folder.root, PREPARED + folder.owner.name)
  fs.mkdirSync(prepared, { recursive: true, mode: 0o700 })
  fs.writeFileSync(path.join(prepared, FREE), '', { mode: 0o600 })
  try {
    fs.renameSync(prepared, home)
  } catch (error) {
    fs.rmSync(prepared, { recursive: true, force: true })
    // Another process was first. (EPERM and EACCES: how Windows says it.)
    if (!['ENOTEMPTY', 'EEXIST', 'EPERM', 'EACCES'].includes(errnoOf(error) ?? '')) throw error
  }
}

/** True when this caller moved the file, false when there was none. */
function renamed(from: string, to: string): boolean {
  return unless(['ENOENT'], () => (node().fs.renameSync(from, to), true)) ?? false
}
