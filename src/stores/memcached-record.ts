import { warnOnce } from '../runtime/platform.ts'
import type { RecordInput } from '../store.ts'

/*
 * What a record is on the server: one item.
 *
 *   coatcheck/1 1797940020329 5f0c…      format, deadline (Unix ms), version of ours
 *   "ada"                                owner in JSON, or an empty line
 *   {"v":1,…                             payload, to the end
 *
 * The deadline is here because the server's own counts in seconds of its own clock. The version is here because the
 * server's own (CAS) changes with every touch, which must not look like a write, and starts again with the server.
 */

/** A record as it is on the server. */
export interface KeptRecord extends RecordInput {
  /** Ours: changes with every write but a touch. */
  readonly version: string
}

/** A version as the core gets it. */
export interface SeenVersion {
  /** Ours, see {@link KeptRecord}. */
  readonly version: string
  /** The server's: changes with every touch too. */
  readonly cas: string
  /** The life of the server that gave it, for they all begin at 1. */
  readonly epoch: string
  /** The deadline that goes with this `cas`. */
  readonly expiresAt: number
}

/** How much later than its deadline the server drops a record, in ms: what clocks may differ by. */
const SKEW = 60_000

/** The latest second that the server can take; a later one comes back as one long past. */
const LATEST_SECOND = 2 ** 31 - 1

/** Below this the server takes a number for seconds from now. */
const EARLIEST_SECOND = 60 * 60 * 24 * 30 + 1

const encoder = new TextEncoder()
// Whatever is no UTF-8 was not written by us. A byte order mark in a payload stays: it is never the first of an item.
const decoder = new TextDecoder('utf-8', { fatal: true })

/** The bytes of an item. A clock may give fractions of a millisecond; rounding down never lengthens a life. */
export function encodeItem({ payload, expiresAt, owner, version }: KeptRecord): Uint8Array {
  const deadline = Math.max(Math.floor(expiresAt), 0)
  return encoder.encode(
    `coatcheck/1 ${deadline} ${version}\n${owner === undefined ? '' : JSON.stringify(owner)}\n${payload}`,
  )
}

/** The record in an item; null, and a warning, when the item is none of ours or of a later format. */
export function decodeItem(bytes: Uint8Array): KeptRecord | null {
  try {
    const text = decoder.decode(bytes)
    const [head, expiresAt, version, name] = /^coatcheck\/1 (\d{1,16}) ([\da-f]{24})\n("[^\n]*"|)\n/.exec(text) ?? []
    if (head !== undefined && version !== undefined) {
      const record = { payload: text.slice(head.length), expiresAt: Number(expiresAt), version }
      return name ? { ...record, owner: String(JSON.parse(name)) } : record
    }
  } catch {
    // Neither UTF-8 nor JSON: foreign, like anything else that does not begin as ours do.
  }
  const message = 'Memcached has an item under the key of a session that is no session; it counts as absent'
  warnOnce('COATCHECK_RECORD_FOREIGN', `${message}. Give sessions a prefix of their own`)
  return null
}

/** What the core gets. */
export function versionText({ version, cas, epoch, expiresAt }: SeenVersion): string {
  return `${version}.${cas}.${epoch}.${Math.max(Math.floor(expiresAt), 0)}`
}

/** The parts again; null for a version that no Memcached store has given. */
export function parseVersion(text: string): SeenVersion | null {
  const [, version, cas, epoch, expiresAt] =
    /^([\da-f]{24})\.([1-9]\d{0,19})\.([\da-z-]{0,30})\.(\d{1,16})$/.exec(text) ?? []
  if (version === undefined || cas === undefined || epoch === undefined) return null
  return { version, cas, epoch, expiresAt: Number(expiresAt) }
}

/**
 * When the server may drop the item, in whole Unix seconds: rounded up, and a minute of skew. 0, never, from 2038 on,
 * where the server's 32 bits end: the deadline in the item still counts.
 */
export function serverDeadline(expiresAt: number): number {
  const seconds = Math.ceil((expiresAt + SKEW) / 1000)
  return seconds > LATEST_SECOND ? 0 : Math.max(seconds, EARLIEST_SECOND)
}
