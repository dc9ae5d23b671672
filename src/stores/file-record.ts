import type { RecordInput, StoredRecord } from '../store.ts'
import { makeFolder, openNew } from './file-folder.ts'
import {
  DEADLINE_AT,
  deadlineField,
  encodeRecord,
  fileBytes,
  type Header,
  HEADER_BYTES,
  type NotARecord,
  parseHeader,
  parseRecord,
} from './file-format.ts'
import { errnoOf, node, unless } from './file-node.ts'

/*
 * Record files, read and written with synchronous calls.
 *
 * Measured on a two-core machine, ext4, a record of 600 bytes, CPU per call: reading 5 us against 200 us with
 * node:fs/promises, writing and renaming 45 us against 290 us. A thread pool pays when a call waits for a disk;
 * sessions are small and recently used, so they are in the page cache, and there the pool is all there is to wait
 * for. The trade-off: on a disk that stalls, the event loop stalls with it.
 */

let sharedBuffer: Buffer | undefined

/**
 * Most records fit: one read call. Shared by all calls of this thread, which is sound because none awaits. Made when a
 * file is first read, because workers load this file, too, and may have no Buffer.
 */
function shared(): Buffer {
  sharedBuffer ??= Buffer.allocUnsafeSlow(65_536)
  return sharedBuffer
}

/** `null` when there is no file. */
export function readHeader(path: string): Header | NotARecord | null {
  return withFile(path, 'r', (file) => {
    const bytes = shared()
    return parseHeader(bytes, node().fs.readSync(file, bytes, 0, HEADER_BYTES, 0))
  })
}

/**
 * The record in the file, whatever its deadline; its header's state when it is not a whole record of ours; `null`
 * when there is no file. One open, one read, one close, unless it is larger than 64 KiB.
 */
export function readRecord(path: string): StoredRecord | NotARecord | null {
  return withFile<StoredRecord | NotARecord>(path, 'r', (file) => {
    const { fs } = node()
    const first = shared()
    let bytes = first
    let length = fs.readSync(file, first, 0, first.length, 0)
    const header = parseHeader(bytes, length)
    if (header.state !== 'record') return header
    const announced = fileBytes(header)
    if (length === first.length && announced >= length) {
      // One byte more than announced, so that a file that is too long shows. Never more than there is: a damaged
      // length must not become an allocation of gigabytes.
      bytes = Buffer.allocUnsafe(Math.min(announced, fs.fstatSync(file).size) + 1)
      first.copy(bytes, 0, 0, length)
      length = fill(file, bytes, length)
    }
    return parseRecord(header, bytes, length) ?? { state: 'torn' }
  })
}

/** Write the deadline into the file where it stands. The caller holds the record's lock. */
export function writeDeadline(path: string, expiresAt: number): void {
  const field = Buffer.from(deadlineField(expiresAt), 'latin1')
  // Bytes, because Deno 2.9 leaves the position of a string aside and would write over the beginning of the file.
  withFile(path, 'r+', (file) => node().fs.writeSync(file, field, 0, field.length, DEADLINE_AT))
}

/**
 * Write a record under the temporary name `path`, making its folder if need be. With `durable` it is on disk
 * afterwards: that wait, and only that, is left to the thread pool.
 */
export async function writeRecord(path: string, record: RecordInput, version: string, durable: boolean): Promise<void> {
  const { fs } = node()
  const bytes = encodeRecord(record, version)
  const file = unless(['ENOENT'], () => openNew(path)) ?? (await openInNewFolder(path, durable))
  try {
    for (let done = 0; done < bytes.length;) done += fs.writeSync(file, bytes, done)
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
