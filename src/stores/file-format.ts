import { SessionError } from '../errors.ts'
import type { RecordInput, StoredRecord } from '../store.ts'
import { node } from './file-node.ts'

/*
 * A record, which begins a file or its second half (file-slots.ts):
 *
 *   coatcheck/1 0001794000000000 5e0c2f11 9f3c2a11 000000000001 0pWc1vX3k8Qe_7Zy00000001 00000005 0000000123\n
 *   "ada"\n                                                                   the owner as JSON, or an empty line
 *   <payload>
 *
 * The first line has 105 bytes, in fields of fixed width: format, deadline (Unix ms), CRC-32 of the deadline, CRC-32 of
 * all that follows, sequence (1, and one more with each change of this file), version, bytes of the owner, bytes of the
 * payload.
 *
 * The deadline is outside the checksum of the rest so that touch() can overwrite it where it stands: rewriting 16 kB
 * to say "still here" would cost ten times as much. Its own checksum begins with the one of the rest: the deadline of
 * one record does not pass for that of another one, whatever a reader catches of both while one overwrites the other.
 * A file time would be cheaper still, but a backup or a copy resets it, and every session with it.
 */

/** Bytes of the first line. */
export const HEADER_BYTES = 105

/** Where in a record {@link deadlineFields} belong. */
export const DEADLINE_AT = 12

/** The largest sequence that fits its field. */
export const LAST_SEQUENCE = 999_999_999_999

const MAGIC = 'coatcheck/'
const FORMAT = `${MAGIC}1 `
const SUM_FROM = 47
const SPACES = [28, 37, 46, 59, 84, 93]

/** What the first line says of a record. */
export interface Header {
  readonly state: 'record'
  readonly expiresAt: number
  /** Whether the deadline is one that was written for this record, not a mixture caught while it is overwritten. */
  readonly settled: boolean
  readonly checksum: number
  readonly sequence: number
  readonly version: string
  readonly ownerBytes: number
  readonly payloadBytes: number
}

/**
 * Why bytes are no record:
 * - `torn`: ours, but cut short, zero-filled or damaged: what a power failure leaves, or a write under way.
 * - `newer`: ours, in a format this version does not know.
 * - `foreign`: made by somebody else.
 */
export interface NotARecord {
  readonly state: 'torn' | 'newer' | 'foreign'
}

/** The bytes of `record`; `second` puts the NUL before them that a second record of a file has. */
export function encodeRecord(record: RecordInput, version: string, sequence: number, second = false): Buffer {
  const owner = ownerLine(record)
  const ownerBytes = Buffer.byteLength(owner) - 1
  const payloadBytes = Buffer.byteLength(record.payload)
  if (ownerBytes > 99_999_999 || payloadBytes > 9_999_999_999)
    throw new SessionError('record_too_large', `a record of ${payloadBytes} bytes does not fit into one file`)
  const at = second ? 1 : 0
  const bytes = Buffer.allocUnsafe(at + HEADER_BYTES + ownerBytes + 1 + payloadBytes)
  if (second) bytes[0] = 0
  const lengths = `${digits(ownerBytes, 8)} ${digits(payloadBytes, 10)}`
  bytes.write(`${digits(sequence, 12)} ${version} ${lengths}\n${owner}${record.payload}`, at + SUM_FROM)
  const sum = node().zlib.crc32(bytes.subarray(at + SUM_FROM))
  bytes.write(`${FORMAT}${deadlineFields(record.expiresAt, sum)} ${hex(sum)} `, at, 'latin1')
  return bytes
}

/** Bytes of `record` in its file. */
export function recordBytes(record: RecordInput): number {
  return HEADER_BYTES + Buffer.byteLength(ownerLine(record)) + Buffer.byteLength(record.payload)
}

/** Bytes of the whole record that `header` announces. */
export function announcedBytes(header: Header): number {
  return HEADER_BYTES + header.ownerBytes + 1 + header.payloadBytes
}

/**
 * The deadline and its checksum as they stand in the file, for the record with this checksum. 16 digits, rounded down to
 * whole milliseconds.
 */
export function deadlineFields(expiresAt: number, sum: number): string {
  const whole = Math.max(0, Math.floor(expiresAt))
  if (!Number.isSafeInteger(whole))
    throw new SessionError('bad_option', `the deadline ${expiresAt} is not a number of milliseconds since 1970`)
  const deadline = digits(whole, 16)
  return `${deadline} ${hex(node().zlib.crc32(deadline, sum))}`
}

/**
 * What the first line of a record at `at` reveals, of a file whose first `length` bytes are in `bytes`. Read digit by
 * digit, because that takes a third of the time of a regular expression, twice in a request that writes.
 */
export function parseHeader(bytes: Buffer, at: number, length: number): Header | NotARecord {
  if (at + HEADER_BYTES > length || !hasForm(bytes, at)) return { state: stateOf(bytes, at, length) }
  const expiresAt = numberAt(bytes, at + DEADLINE_AT, 16, 10)
  const checksum = numberAt(bytes, at + 38, 8, 16)
  const sequence = numberAt(bytes, at + SUM_FROM, 12, 10)
  const ownerBytes = numberAt(bytes, at + 85, 8, 10)
  const payloadBytes = numberAt(bytes, at + 94, 10, 10)
  if (Number.isNaN(expiresAt + checksum + sequence + ownerBytes + payloadBytes)) return { state: 'torn' }
  const deadlineSum = node().zlib.crc32(bytes.subarray(at + DEADLINE_AT, at + 28), checksum)
  const settled = deadlineSum === numberAt(bytes, at + 29, 8, 16)
  const version = bytes.toString('latin1', at + 60, at + 84)
  return { state: 'record', expiresAt, settled, checksum, sequence, version, ownerBytes, payloadBytes }
}

/** Whether a record with this first line begins at `at`. What stands behind its end is left from a longer one. */
export function isWhole(header: Header, bytes: Buffer, at: number, length: number): boolean {
  const end = at + announcedBytes(header)
  return end <= length && node().zlib.crc32(bytes.subarray(at + SUM_FROM, end)) === header.checksum
}

/** A whole record, or `null` when its owner is none: whatever the checksum says, somebody else may have written it. */
export function decodeRecord(header: Header, bytes: Buffer, at: number): StoredRecord | null {
  const { expiresAt, version, ownerBytes, payloadBytes } = header
  const ownerAt = at + HEADER_BYTES
  const payloadAt = ownerAt + ownerBytes + 1
  const payload = bytes.toString('utf8', payloadAt, payloadAt + payloadBytes)
  if (ownerBytes === 0) return { payload, expiresAt, version }
  const owner = parseOwner(bytes.toString('utf8', ownerAt, ownerAt + ownerBytes))
  return typeof owner === 'string' ? { payload, expiresAt, version, owner } : null
}

/** Whether a record of ours, of this format or another one, seems to begin at `at`. */
export function beginsRecord(bytes: Buffer, at: number, length: number): boolean {
  return at + MAGIC.length <= length && bytes.toString('latin1', at, at + MAGIC.length) === MAGIC
}

/**
 * Versions for one store instance: a random part drawn once and a count. No other process, and no later one, draws
 * the same 96 bits, so a version is never seen twice for an id, not even when the id was deleted and made again.
 */
export function versionSource(): () => string {
  const instance = node().crypto.randomBytes(12).toString('base64url')
  let count = 0
  return () => instance + (count++).toString(36).padStart(8, '0')
}

function ownerLine(record: RecordInput): string {
  return record.owner === undefined ? '\n' : `${JSON.stringify(record.owner)}\n`
}

function parseOwner(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Everything of a first line but its numbers. */
function hasForm(bytes: Buffer, at: number): boolean {
  for (let each = 0; each < FORMAT.length; each++) if (bytes[at + each] !== FORMAT.charCodeAt(each)) return false
  for (const space of SPACES) if (bytes[at + space] !== 0x20) return false
  return bytes[at + HEADER_BYTES - 1] === 0x0a
}

/** A number in lower-case digits, NaN when there is anything else. */
function numberAt(bytes: Buffer, at: number, width: number, base: 10 | 16): number {
  let value = 0
  for (let each = at; each < at + width; each++) {
    const code = bytes[each] ?? 0
    const digit = code < 0x3a ? code - 0x30 : code < 0x61 ? NaN : code - 0x57
    if (!(digit >= 0 && digit < base)) return NaN
    value = value * base + digit
  }
  return value
}

/**
 * A file gets its name only when its first record is complete, so bytes that are no record were never one of ours, unless
 * the power failed before they reached the disk (then the file is short, empty or full of zeros), or one of two records
 * is being overwritten.
 */
function stateOf(bytes: Buffer, at: number, length: number): NotARecord['state'] {
  const line = bytes.toString('latin1', at, Math.min(length, at + HEADER_BYTES))
  if (/^\0*$/.test(line)) return 'torn'
  if (MAGIC.startsWith(line)) return 'torn'
  const format = /^coatcheck\/(\d+) /.exec(line)?.[1]
  if (format !== undefined && format !== '1') return 'newer'
  return line.startsWith(MAGIC) ? 'torn' : 'foreign'
}

function digits(value: number, width: number): string {
  return String(value).padStart(width, '0')
}

function hex(sum: number): string {
  return sum.toString(16).padStart(8, '0')
}
