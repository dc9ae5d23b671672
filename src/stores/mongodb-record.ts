import { SessionError } from '../errors.ts'
import type { ListedRecord, RecordInput, StoredRecord } from '../store.ts'

/** A record as a document: what `mongosh` shows. */
export interface MongodbDocument {
  /** The ID of the record: the SHA-256 of the session token, in hex. */
  readonly _id: string
  /** Changes with every write of the payload. */
  readonly version: string
  readonly expiresAt: Date
  readonly owner?: string
  readonly payload: string
}

/** The largest document MongoDB takes is 16 MiB; the names and the other fields of ours take less than 1 KiB of it. */
const MAX_BYTES = 16 * 1024 * 1024 - 1024

/** The latest moment a Date can hold. What is later would be stored as the year 1970. */
const LATEST = 8_640_000_000_000_000

const utf8 = new TextEncoder()

/** The whole document. @throws SessionError `record_too_large` for what MongoDB would refuse. */
export function documentOf(id: string, version: string, { payload, expiresAt, owner }: RecordInput): MongodbDocument {
  if (!fits(payload, owner))
    throw new SessionError('record_too_large', 'MongoDB keeps 16 MiB a record: keep less in the session')
  const document = { _id: id, version, expiresAt: dateOf(expiresAt), payload }
  return owner === undefined ? document : { ...document, owner }
}

/** A character is three bytes of UTF-8 at most, so an ordinary session need not be encoded to be measured. */
function fits(payload: string, owner = ''): boolean {
  if ((payload.length + owner.length) * 3 <= MAX_BYTES) return true
  return bytesOf(payload) + bytesOf(owner) <= MAX_BYTES
}

/**
 * A Date holds whole milliseconds, a clock may give fractions. Rounding down decides `expiresAt > now` as the fraction
 * would, and never lengthens a life.
 */
export function dateOf(ms: number): Date {
  return new Date(Math.min(Math.floor(ms), LATEST))
}

/** The record in a document; null for a document of another program. */
export function recordOf(found: unknown): StoredRecord | null {
  const { version, expiresAt, owner, payload }: Partial<Record<keyof MongodbDocument, unknown>> = Object(found)
  if (typeof version !== 'string' || !(expiresAt instanceof Date) || typeof payload !== 'string') return null
  // A moment beyond those of a Date would be a deadline that never comes.
  if (Number.isNaN(expiresAt.getTime())) return null
  const record = { payload, expiresAt: expiresAt.getTime(), version }
  return typeof owner === 'string' ? { ...record, owner } : record
}

/** The same with what a listing adds; `size` counts the texts, not the field names. */
export function listedOf(found: unknown): ListedRecord | null {
  const record = recordOf(found)
  const id = idOf(found)
  if (record === null || typeof id !== 'string' || !/^[0-9a-f]{64}$/.test(id)) return null
  return { ...record, id, size: bytesOf(record.payload) + bytesOf(record.owner ?? '') + id.length }
}

/** The ID of any document, ours or not. */
export function idOf(found: unknown): unknown {
  const { _id }: { readonly _id?: unknown } = Object(found)
  return _id
}

function bytesOf(text: string): number {
  return utf8.encode(text).length
}
