import { SessionError } from '../errors.ts'
import type { RecordInput, StoredRecord } from '../store.ts'
import { node } from './file-node.ts'

/*
 * A record file:
 *
 *   coatcheck/1 0001794000000000 0pWc1vX3k8Qe_7Zy00000001 00000005 0000000123 9f3c2a11\n     83 bytes, fixed width
 *   "ada"\n                                                                   the owner as JSON, or an empty line
 *   <payload>                                                                 to the end of the file
 *
 * The fields: format, deadline (Unix ms), version, bytes of the owner, bytes of the payload, CRC-32 of everything
 * but the deadline. The deadline has a place of its own and is outside the checksum so that touch() can overwrite
 * it where it stands: rewriting 16 kB to say "still here" would cost ten times as much. A file time would be
 * cheaper still, but a backup or a copy resets it, and every session with it.
 */

/** Bytes of the first line. */
export const HEADER_BYTES = 83

/** Bytes of the file that holds `record`. */
export function recordBytes(record: RecordInput): number {
  const owner = record.owner === undefined ? '' : JSON.stringify(record.owner)
  return HEADER_BYTES + Buffer.byteLength(owner) + 1 + Buffer.byteLength(record.payload)
}

/** Where in the file {@link deadlineField} belongs. */
export const DEADLINE_AT = 12

const MAGIC = 'coatcheck/'
const HEADER = /^coatcheck\/1 (\d{16}) ([\w-]{24}) (\d{8}) (\d{10}) ([0-9a-f]{8})\n$/

/** What the first line says of a whole record. */
export interface Header {
  readonly state: 'record'
  readonly expiresAt: number
  readonly version: string
  readonly ownerBytes: number
  readonly payloadBytes: number
  readonly checksum: number
}

/**
 * Why a file is no record:
 * - `torn`: ours, but cut short, zero-filled or damaged: what a power failure leaves.
 * - `newer`: ours, in a format this version does not know.
 * - `foreign`: made by somebody else.
 */
export interface NotARecord {
  readonly state: 'torn' | 'newer' | 'foreign'
}

/** The bytes of a whole record file. */
export function encodeRecord(record: RecordInput, version: string): Buffer {
  const owner = record.owner === undefined ? '' : JSON.stringify(record.owner)
  const ownerBytes = Buffer.byteLength(owner)
  const payloadBytes = Buffer.byteLength(record.payload)
  if (ownerBytes > 99_999_999 || payloadBytes > 9_999_999_999)
    throw new SessionError('record_too_large', `a record of ${payloadBytes} bytes does not fit into one file`)
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + ownerBytes + 1 + payloadBytes)
  bytes.write(`${owner}\n`, HEADER_BYTES)
  bytes.write(record.payload, HEADER_BYTES + ownerBytes + 1)
  const sum = checksum(version, bytes.subarray(HEADER_BYTES))
  const lengths = `${digits(ownerBytes, 8)} ${digits(payloadBytes, 10)}`
  const sumField = sum.toString(16).padStart(8, '0')
  bytes.write(`${MAGIC}1 ${deadlineField(record.expiresAt)} ${version} ${lengths} ${sumField}\n`, 'latin1')
  return bytes
}

/** The deadline as it stands in the file: 16 digits, rounded down to whole milliseconds. */
export function deadlineField(expiresAt: number): string {
  const whole = Math.max(0, Math.floor(expiresAt))
  if (!Number.isSafeInteger(whole))
    throw new SessionError('bad_option', `the deadline ${expiresAt} is not a number of milliseconds since 1970`)
  return digits(whole, 16)
}

/** What the first `length` bytes of a file, at most one header, reveal. */
export function parseHeader(bytes: Buffer, length: number): Header | NotARecord {
  const line = bytes.toString('latin1', 0, Math.min(length, HEADER_BYTES))
  const match = HEADER.exec(line)
  if (match === null) return { state: notARecord(line) }
  const [, expiresAt, version = '', ownerBytes, payloadBytes, sum = ''] = match
  return {
    state: 'record',
    expiresAt: Number(expiresAt),
    version,
    ownerBytes: Number(ownerBytes),
    payloadBytes: Number(payloadBytes),
    checksum: Number.parseInt(sum, 16),
  }
}

/** Bytes of the whole file that `header` announces. */
export function fileBytes(header: Header): number {
  return HEADER_BYTES + header.ownerBytes + 1 + header.payloadBytes
}

/** The record in the first `length` bytes of `bytes`, or `null` when they are not what `header` announces. */
export function parseRecord(header: Header, bytes: Buffer, length: number): StoredRecord | null {
  if (length !== fileBytes(header)) return null
  if (checksum(header.version, bytes.subarray(HEADER_BYTES, length)) !== header.checksum) return null
  const ownerEnd = HEADER_BYTES + header.ownerBytes
  const record = {
    payload: bytes.toString('utf8', ownerEnd + 1, length),
    expiresAt: header.expiresAt,
    version: header.version,
  }
  if (header.ownerBytes === 0) return record
  const owner = parseOwner(bytes.toString('utf8', HEADER_BYTES, ownerEnd))
  return typeof owner === 'string' ? { ...record, owner } : null
}

/** Whatever the checksum says, somebody else may have written it: what is no JSON is no owner, and no failure. */
function parseOwner(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
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

/**
 * A record gets its name only when it is complete, so bytes that are no record were never one of ours, unless the
 * power failed before they reached the disk: then the file is short, empty or full of zeros.
 */
function notARecord(line: string): NotARecord['state'] {
  if (/^\0*$/.test(line)) return 'torn'
  if (MAGIC.startsWith(line)) return 'torn'
  const format = /^coatcheck\/(\d+) /.exec(line)?.[1]
  if (format !== undefined && format !== '1') return 'newer'
  return line.startsWith(MAGIC) ? 'torn' : 'foreign'
}

function checksum(version: string, body: Buffer): number {
  const { zlib } = node()
  return zlib.crc32(body, zlib.crc32(version))
}

function digits(value: number, width: number): string {
  return String(value).padStart(width, '0')
}
