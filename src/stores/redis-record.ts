import type { RecordInput, StoredRecord } from '../store.ts'
import type { IndexEntry } from './redis-index.ts'

/** The fields that make a record, as {@link recordOf} takes them. */
export const FIELDS = ['version', 'expiresAt', 'owner', 'payload'] as const

/**
 * What HSET takes. A hash, not one string: named fields can be read by eye, and a visit changes the deadline without
 * sending the payload to the replicas again. It costs 12 % more memory at 600 bytes.
 */
export function fieldsOf(version: string, { payload, expiresAt, owner }: RecordInput, entry?: IndexEntry): string[] {
  const fields = ['version', version, 'expiresAt', `${expiresAt}`, 'payload', payload]
  return owner === undefined || entry === undefined ? fields : [...fields, 'owner', owner, ...entryFields(entry)]
}

/** The part of a record that says where it is entered. */
export function entryFields({ tag, until }: IndexEntry): string[] {
  return ['entry', tag, 'entryUntil', `${until}`]
}

/** A record from what HMGET answers to {@link FIELDS}; null when there is none, or another program's hash. */
export function recordOf(reply: unknown): StoredRecord | null {
  const [version, expiresAt, owner, payload]: unknown[] = Array.isArray(reply) ? reply : []
  if (typeof version !== 'string' || typeof expiresAt !== 'string' || typeof payload !== 'string') return null
  // A deadline that is none would be one that never comes.
  if (!Number.isFinite(Number(expiresAt))) return null
  const record = { payload, expiresAt: Number(expiresAt), version }
  return typeof owner === 'string' ? { ...record, owner } : record
}
