import type { RecordInput, StoredRecord, Version } from '../store.ts'
import { makeFolder, openNew } from './file-folder.ts'
import {
  announcedBytes,
  DEADLINE_AT,
  deadlineFields,
  decodeRecord,
  encodeRecord,
  type Header,
  isWhole,
  LAST_SEQUENCE,
  type NotARecord,
  recordBytes,
} from './file-format.ts'
import { errnoOf, node, unless } from './file-node.ts'
import { type Current, currentRecord, placeBeside } from './file-slots.ts'

/*
 * Record files, read and written with synchronous calls.
 *
 * Measured on a two-core machine, ext4, a record of 600 bytes, CPU per call: reading 5 us against 200 us with
 * node:fs/promises, writing and renaming 45 us against 290 us. A thread pool pays when a call waits for a disk;
 * sessions are small and recently used, so they are in the page cache, and there the pool is all there is to wait
 * for. The trade-off: on a disk that stalls, the event loop stalls with it.
 */

/** Looks at a file that others seem to be writing, before what was seen counts. */
const MOST_LOOKS = 10

const TORN: NotARecord = { state: 'torn' }

let sharedBuffer: Buffer | undefined

/**
 * Most records fit: one read call. Shared by all calls of this thread, which is sound because none awaits. Made when a
 * file is first read, because workers load this file, too, and may have no Buffer.
 */
function shared(): Buffer {
  sharedBuffer ??= Buffer.allocUnsafeSlow(65_536)
  return sharedBuffer
}

/** The first line of the current record, or what the file is instead; `null` when there is no file. */
export function readHeader(path: string): Header | NotARecord | null {
  return withFile<Header | NotARecord>(path, 'r', (file) => {
    const found = look(file)
    return found.state === 'record' ? found.header : found
  })
}

/**
 * The current record, whatever its deadline; its state when there is no whole record of ours; `null` when there is no
 * file. One open, one read, one close, unless it is larger than 64 KiB or somebody is writing.
 */
export function readRecord(path: string): StoredRecord | NotARecord | null {
  return withFile<StoredRecord | NotARecord>(path, 'r', (file) => {
    const found = look(file)
    if (found.state !== 'record') return found
    const { header, at } = found
    let [bytes, length] = [shared(), found.length]
    if (announcedBytes(header) > length) {
      // Never more than there is: a damaged length must not become an allocation of gigabytes.
      bytes = Buffer.allocUnsafe(Math.min(announcedBytes(header), node().fs.fstatSync(file).size))
      length = fill(file, bytes, shared().copy(bytes))
    }
    // Of two records, the current one has been checked.
    if (found.room === undefined && !isWhole(header, bytes, at, length)) return TORN
    return decodeRecord(header, bytes, at) ?? TORN
  })
}

/** What came of {@link overwriteRecord}; with `no room` the file is as it was, and must be replaced by a new one. */
export type Overwritten = 'done' | 'conflict' | 'gone' | 'no room'

/**
 * Replace the live record by one with the version `next` within its file, if its version still is `expected`. The caller
 * holds the record's lock.
 */
export function overwriteRecord(
  path: string,
  expected: Version,
  record: RecordInput,
  next: string,
  now: number,
): Overwritten {
  const done = withFile<Overwritten>(path, 'r+', (file) => {
    const found = look(file)
    if (found.state !== 'record' || found.header.expiresAt <= now) return 'gone'
    if (found.header.version !== expected) return 'conflict'
    const at = placeBeside(found, recordBytes(record))
    if (at === undefined || found.header.sequence >= LAST_SEQUENCE) return 'no room'
    writeAll(file, encodeRecord(record, next, found.header.sequence + 1, at > 0), at)
    return 'done'
  })
  return typeof done === 'string' ? done : 'gone'
}

/** Move the deadline of the live record forward where it stands; false when none lives. The caller holds its lock. */
export function touchRecord(path: string, expiresAt: number, now: number): boolean {
  const done = withFile(path, 'r+', (file) => {
    const found = look(file)
    if (found.state !== 'record' || found.header.expiresAt <= now) return false
    const { expiresAt: before, checksum, settled } = found.header
    if (expiresAt <= before && settled) return true
    // Bytes, because Deno 2.9 leaves the position of a string aside and would write over the beginning of the file.
    const fields = Buffer.from(deadlineFields(Math.max(expiresAt, before), checksum), 'latin1')
    writeAll(file, fields, found.at + DEADLINE_AT)
    return true
  })
  return done === true
}

/**
 * Write a record under the temporary name `path`, making its folder if need be. With `durable` it is on disk
 * afterwards: that wait, and only that, is left to the thread pool.
 */
export async function writeRecord(path: string, record: RecordInput, version: string, durable: boolean): Promise<void> {
  const { fs } = node()
  const bytes = encodeRecord(record, version, 1)
  const file = unless(['ENOENT'], () => openNew(path)) ?? (await openInNewFolder(path, durable))
  try {
    writeAll(file, bytes, 0)
    if (durable) await flush(file)
  } catch (error) {
    discard(path)
    throw error
  } finally {
    fs.closeSync(file)
  }
}

/** Remove a temporary file. What cannot be removed now, the sweep removes when this process has ended. */
export function discard(path: string): void {
  try {
    node().fs.unlinkSync(path)
  } catch {
    // The caller has a better error to report.
  }
}

/** Wait until the file or folder is on disk. Folders cannot be flushed on Windows, which does it by itself. */
export async function flushPath(path: string): Promise<void> {
  const { fs } = node()
  const file = unless(['ENOENT', 'EISDIR', 'EPERM', 'EACCES'], () => fs.openSync(path, 'r'))
  if (file === undefined) return
  try {
    await flush(file)
  } finally {
    fs.closeSync(file)
  }
}

function flush(file: number): Promise<void> {
  return new Promise((resolve, reject) => {
    node().fs.fsync(file, (error) => (error ? reject(error) : resolve()))
  })
}

async function openInNewFolder(path: string, durable: boolean): Promise<number> {
  const shard = node().path.dirname(path)
  makeFolder(shard)
  // A file is on disk when its folder's entry in the folder above is.
  if (durable) await flushPath(node().path.dirname(shard))
  return openNew(path)
}

/**
 * Which record counts, and how many bytes of the file are in the shared buffer. Looks again while a writer seems to be
 * at it, until a look is in order or says the same as the one before (file-slots.ts says why that is enough). A mixture
 * that stays was left by a killed process or a power failure, and counts as it is.
 */
function look(file: number): (Current & { readonly length: number }) | NotARecord {
  const bytes = shared()
  let before: number | undefined
  for (let looks = 1; ; looks++) {
    const length = node().fs.readSync(file, bytes, 0, bytes.length, 0)
    const found = currentRecord(bytes, length)
    if (found.state === 'foreign' || found.state === 'newer') return found
    const sequence = found.state === 'record' && found.header.settled ? found.header.sequence : undefined
    const sure = (found.state === 'record' && found.settled) || (sequence !== undefined && sequence === before)
    if (sure || looks === MOST_LOOKS) return found.state === 'record' ? { ...found, length } : found
    before = sequence
  }
}

function writeAll(file: number, bytes: Buffer, at: number): void {
  for (let done = 0; done < bytes.length;)
    done += node().fs.writeSync(file, bytes, done, bytes.length - done, at + done)
}

function fill(file: number, bytes: Buffer, from: number): number {
  let length = from
  while (length < bytes.length) {
    const count = node().fs.readSync(file, bytes, length, bytes.length - length, length)
    if (count === 0) break
    length += count
  }
  return length
}

function withFile<Result>(path: string, flags: 'r' | 'r+', use: (file: number) => Result): Result | NotARecord | null {
  const { fs } = node()
  let file: number
  try {
    file = fs.openSync(path, flags)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null
    if (errnoOf(error) === 'EISDIR') return { state: 'foreign' }
    throw error
  }
  try {
    return use(file)
  } catch (error) {
    if (errnoOf(error) === 'EISDIR') return { state: 'foreign' }
    throw error
  } finally {
    fs.closeSync(file)
  }
}
