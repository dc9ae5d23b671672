import { type Clock, systemClock } from '../runtime/clock.ts'
import { SessionError } from '../errors.ts'
import type { EvictingStore, ListedRecord, RecordInput, Version } from '../store.ts'
import { warnOfDamage } from './file-damage.ts'
import { openFolder } from './file-folder.ts'
import { type Header, type NotARecord, recordBytes, versionSource } from './file-format.ts'
import {
  entryOf,
  listFolder,
  listShards,
  type Place,
  placeIn,
  placeOf,
  shardPath,
  temporaryPath,
} from './file-layout.ts'
import { fileLocks } from './file-lock.ts'
import { errnoOf, node } from './file-node.ts'
import {
  discard,
  flushPath,
  type Overwritten,
  overwriteRecord,
  readHeader,
  readRecord,
  touchRecord,
  writeRecord,
} from './file-record.ts'
import { LARGEST_BESIDE } from './file-slots.ts'
import { fileSweep, turnOfTheLoop } from './file-sweep.ts'

/** What `fileStore` takes besides the folder. */
export interface FileStoreOptions {
  /**
   * The most sessions to keep. Enforced by the sweep, so it may be exceeded until the next one; those nearest to
   * their deadline go first, with a warning. Default: no limit.
   */
  readonly maxSessions?: number
  /**
   * Wait for the disk before a write counts. Without it (default) an acknowledged write survives the death of the
   * process, however sudden; a power failure may lose the last seconds. With it a write survives that too, and takes
   * as long as the disk does: milliseconds.
   */
  readonly fsync?: boolean
  /** Time, for the pauses while another process holds a record's lock. Default: the machine's. */
  readonly clock?: Clock
}

/**
 * Sessions as files below `directory`, one file each: the store that needs no server. The folder is made if need be.
 * Any number of processes of one host may share it; several hosts may not.
 *
 * @throws {@link SessionError} `store_unusable` when the folder cannot be made or written, is on a network file
 * system or on one without hard links; `bad_option` when an option makes no sense.
 */
export function fileStore(directory: string, options: FileStoreOptions = {}): EvictingStore {
  const { maxSessions, fsync = false, clock = systemClock } = options
  if (typeof directory !== 'string' || directory === '')
    throw new SessionError('bad_option', "fileStore() takes the path of a folder: fileStore('.sessions')")
  if (maxSessions !== undefined && !(Number.isInteger(maxSessions) && maxSessions > 0))
    throw new SessionError('bad_option', `maxSessions is a whole number above 0, not ${String(maxSessions)}`)

  const folder = openFolder(directory, fsync)
  const { root, owner } = folder
  const locks = fileLocks(folder, clock)
  const nextVersion = versionSource()
  let temporaries = 0
  let closed = false
  const listeners: ((id: string) => void)[] = []
  const told = (id: string): void => listeners.forEach((tell) => tell(id))
  const sweep = fileSweep(folder, locks, maxSessions, () => closed, told)

  /** Every verb's frame: refuse when closed, and say which file a failing system call was about. */
  function on<Result>(what: string, work: () => Result | Promise<Result>): Promise<Result> {
    // Without async and await, which a read in one go has no use for: it is made with every request.
    try {
      if (closed) throw new SessionError('closed', `the file store in ${root} was closed before ${what}`)
      const result = work()
      if (!(result instanceof Promise)) return Promise.resolve(result)
      return result.catch((error: unknown) => Promise.reject(explained(what, error)))
    } catch (error) {
      return Promise.reject(explained(what, error))
    }
  }

  function explained(what: string, error: unknown): SessionError {
    if (error instanceof SessionError) return error
    return new SessionError('store_failed', `${what} in ${root}: ${errnoOf(error) ?? String(error)}`, { cause: error })
  }

  /** Write under a temporary name; then `place` decides, under the lock, whether `publish` gives it its name. */
  async function write<Result>(
    at: Place,
    record: RecordInput,
    version: string,
    place: (publish: () => void) => Result,
  ): Promise<Result> {
    const temporary = temporaryPath(at.shard, owner.name, temporaries++)
    let published = false
    await writeRecord(temporary, record, version, fsync)
    try {
      const result = await locks.hold(at.lock, () =>
        place(() => {
          node().fs.renameSync(temporary, at.file)
          published = true
        }),
      )
      if (fsync && published) await flushPath(at.shard)
      return result
    } finally {
      if (!published) discard(temporary)
    }
  }

  /** Replace the record within its file, if there is room. */
  async function overwrite(
    at: Place,
    expected: Version,
    record: RecordInput,
    version: string,
    now: number,
  ): Promise<Overwritten> {
    const section = (): Overwritten => overwriteRecord(at.file, expected, record, version, now)
    const held = locks.tryHold(at.lock, section)
    if (held !== null) return held.result
    // Somebody is at work on it. An update that cannot succeed any more need not wait for that.
    return refusal(readHeader(at.file), expected, now) ?? locks.hold(at.lock, section)
  }

  return {
    name: 'files',
    read: (id, now) =>
      on('read', () => {
        const { file } = placeOf(root, id)
        const found = readRecord(file)
        if (found === null) return null
        if ('payload' in found) return found.expiresAt > now ? found : null
        warnOfDamage(file, found.state)
        return null
      }),

    create: (id, record, now) =>
      on('create', () => {
        const at = placeOf(root, id)
        const version = nextVersion()
        return write(at, record, version, (publish) => {
          const header = readHeader(at.file)
          if (isLive(header, now)) return null
          if (header?.state === 'foreign' || header?.state === 'newer')
            throw new SessionError(
              'store_failed',
              `${at.file} is not a session of this version and was left as it is: move it away`,
            )
          publish()
          return { version }
        })
      }),

    update: (id, expected, record, now) =>
      on('update', async () => {
        const at = placeOf(root, id)
        const version = nextVersion()
        // With fsync, two overwrites that are not on disk yet could tear both records of the file when the power fails.
        const small = !fsync && recordBytes(record) <= LARGEST_BESIDE
        const done = small
          ? await overwrite(at, expected, record, version, now)
          : (refusal(readHeader(at.file), expected, now) ?? 'no room')
        if (done === 'done') return { version }
        if (done !== 'no room') return done
        return write(at, record, version, (publish) => {
          const refused = refusal(readHeader(at.file), expected, now)
          if (refused === undefined) publish()
          return refused ?? { version }
        })
      }),

    touch: (id, expiresAt, now) =>
      on('touch', async () => {
        const at = placeOf(root, id)
        const touched = await locks.hold(at.lock, () => touchRecord(at.file, expiresAt, now))
        if (fsync && touched) await flushPath(at.file)
        return touched
      }),

    delete: (id) =>
      on('delete', async () => {
        const at = placeOf(root, id)
        const deleted = await locks.hold(at.lock, () => {
          if (!isOurs(readHeader(at.file))) return false
          node().fs.unlinkSync(at.file)
          return true
        })
        if (fsync && deleted) await flushPath(at.shard)
        return deleted
      }),

    async *list(filter) {
      let visited = 0
      for (const digits of await on('list', () => listShards(root))) {
        const shard = shardPath(root, digits)
        for (const name of await on('list', () => listFolder(shard))) {
          if (entryOf(digits, name)?.kind !== 'record') continue
          if (++visited % 64 === 0) await turnOfTheLoop()
          const record = await on('list', () => readRecord(placeIn(shard, name).file))
          if (record === null || !('payload' in record)) continue
          if (filter?.owner !== undefined && record.owner !== filter.owner) continue
          yield { ...record, id: name, size: recordBytes(record) } satisfies ListedRecord
        }
      }
    },

    sweep: (now, limit) => on('sweep', () => sweep(now, limit)),

    onEvict: (listener) => void listeners.push(listener),

    async close() {
      if (closed) return
      closed = true
      folder.leave()
    },
  }
}

function isLive(header: Header | NotARecord | null, now: number): header is Header {
  return header?.state === 'record' && header.expiresAt > now
}

/** Why an update of the version `expected` cannot be made; `undefined` when it can. */
function refusal(header: Header | NotARecord | null, expected: Version, now: number): 'conflict' | 'gone' | undefined {
  if (!isLive(header, now)) return 'gone'
  return header.version === expected ? undefined : 'conflict'
}

/** Whether the bytes are a record of this format, if only a damaged one. */
function isOurs(header: Header | NotARecord | null): boolean {
  return header?.state === 'record' || header?.state === 'torn'
}
