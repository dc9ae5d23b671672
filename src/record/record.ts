/**
 * The record format: what a store's payload looks like. Public API, and stable: a later version still reads version 1.
 *
 * A payload is lines of JSON, and every line ends with "\n":
 *
 *     {"v":1,"kind":"live","createdAt":1763722800000,"permanent":true,"keys":["visits","cart"]}
 *     3
 *     {"items":[]}
 *
 * The first line is the head. Each further line is the encoded value (see `codec.ts`) of one top-level key of `data`,
 * in the order of `keys`. One line a key, because what changed is then found by comparing a stored line with a fresh
 * one: nothing is decoded or encoded a second time. A cut anywhere is noticed, since a line or its "\n" is missing.
 */
import { MAX_DEPTH, mayBeDeep } from './codec-tags.ts'
import { SessionError } from '../errors.ts'

/** The most UTF-16 code units a payload may have: 16 Mi, far above any sensible session, below every store's limit. */
export const MAX_PAYLOAD: number = 16 * 1024 * 1024

/** A value that JSON keeps as it is. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** Everything about a session but its data. Times are Unix milliseconds. */
export interface RecordHead {
  /** `superseded`: the session was regenerated, so this record only says that its ID is used up. */
  readonly kind: 'live' | 'superseded'
  readonly createdAt: number
  /** Whether the cookie outlives the browser window. */
  readonly permanent: boolean
  /** This session's own idle lifetime in milliseconds, where it differs from the configured one. */
  readonly lifetime?: number
  /** When its owner last proved who they are. */
  readonly authAt?: number
  /** The application's words about a session with an owner, for the list of their devices. */
  readonly note?: Readonly<Record<string, string>>
  /** The core's own notes; never the application's data. */
  readonly meta?: { readonly [key: string]: Json }
}

/** Top-level key of `data` to its encoded value. */
export type Lines = ReadonlyMap<string, string>

/** What {@link decodeRecord} found. */
export type DecodedRecord =
  | { readonly head: RecordHead; readonly lines: Lines }
  | { readonly unreadable: 'truncated' | 'not_a_record' | 'newer_version' }

const START = '{"v":'
const NOT_A_RECORD: DecodedRecord = { unreadable: 'not_a_record' }
const TRUNCATED: DecodedRecord = { unreadable: 'truncated' }
const NEWER_VERSION: DecodedRecord = { unreadable: 'newer_version' }

/**
 * The payload for a head and its lines. Well-formed Unicode without NUL, as the store contract asks.
 * Throws `record_too_large` above {@link MAX_PAYLOAD}, naming the largest key.
 */
export function encodeRecord(head: RecordHead, lines: Lines): string {
  const { kind, createdAt, permanent, lifetime, authAt, note, meta } = head
  let payload = `${JSON.stringify({ v: 1, kind, createdAt, permanent, lifetime, authAt, note, meta, keys: [...lines.keys()] })}\n`
  for (const line of lines.values()) payload += `${line}\n`
  if (payload.length > MAX_PAYLOAD) throw tooLarge(payload.length, lines)
  return payload
}

/**
 * The head and lines of a payload, or why it has none. Never throws, whatever the input.
 *
 * `truncated`: the end is missing. `newer_version`: written by a later release with another format.
 * `not_a_record`: anything else. Lines are not looked into: `decodeValue` tells whether one is malformed.
 * Head fields this version does not know are ignored, so that a later release may add some.
 */
export function decodeRecord(payload: string): DecodedRecord {
  if (typeof payload !== 'string') return NOT_A_RECORD
  // Every record starts alike, so a cut inside the head, or before it, can be told from a foreign text.
  if (!payload.startsWith(START)) return START.startsWith(payload) ? TRUNCATED : NOT_A_RECORD
  const end = payload.indexOf('\n')
  if (end === -1) return TRUNCATED
  const line = payload.slice(0, end)
  const fields = parseHead(line)
  if (fields === null) return NOT_A_RECORD
  if (fields.v !== 1) return Number.isInteger(fields.v) && Number(fields.v) > 1 ? NEWER_VERSION : NOT_A_RECORD
  const head = headOf(fields)
  if (head === null || !isKeys(fields.keys)) return NOT_A_RECORD
  // JSON can be read deeper than it can be written: such notes would fail the visitor's next save.
  if (mayBeDeep(line) && isDeep(head.meta)) return NOT_A_RECORD
  return splitLines(payload, end + 1, head, fields.keys)
}

function splitLines(payload: string, start: number, head: RecordHead, keys: readonly string[]): DecodedRecord {
  const lines = new Map<string, string>()
  let from = start
  for (const key of keys) {
    const end = payload.indexOf('\n', from)
    if (end === -1) return TRUNCATED
    lines.set(key, payload.slice(from, end))
    from = end + 1
  }
  // Left-over text, or two lines for one key: then no reading of it can be trusted.
  return from === payload.length && lines.size === keys.length ? { head, lines } : NOT_A_RECORD
}

function parseHead(line: string): Record<string, unknown> | null {
  try {
    const parsed: unknown = JSON.parse(line)
    return isObject(parsed) ? parsed : null
  } catch {
    return null
  }
}

function headOf(fields: Record<string, unknown>): RecordHead | null {
  const { kind, createdAt, permanent, lifetime, authAt, note, meta } = fields
  if (kind !== 'live' && kind !== 'superseded') return null
  if (!isFiniteNumber(createdAt) || typeof permanent !== 'boolean') return null
  if (lifetime !== undefined && !isFiniteNumber(lifetime)) return null
  if (authAt !== undefined && !isFiniteNumber(authAt)) return null
  if (note !== undefined && !isTexts(note)) return null
  if (meta !== undefined && !isJsonObject(meta)) return null
  return recordHead({ kind, createdAt, permanent, lifetime, authAt, note, meta })
}

/** A head without the fields that are undefined. */
export function recordHead(fields: { readonly [Field in keyof Required<RecordHead>]: RecordHead[Field] }): RecordHead {
  const { kind, createdAt, permanent, lifetime, authAt, note, meta } = fields
  const head: { -readonly [Field in keyof RecordHead]: RecordHead[Field] } = { kind, createdAt, permanent }
  // Most records have none of these, and spreading nothing four times costs as much as reading the rest.
  if (lifetime !== undefined) head.lifetime = lifetime
  if (authAt !== undefined) head.authAt = authAt
  if (note !== undefined) head.note = note
  if (meta !== undefined) head.meta = meta
  return head
}

function isDeep(value: unknown, depth = 1): boolean {
  if (typeof value !== 'object' || value === null) return false
  return depth > MAX_DEPTH || Object.values(value).some((inner) => isDeep(inner, depth + 1))
}

function tooLarge(length: number, lines: Lines): SessionError {
  let largest = ''
  let size = 0
  for (const [key, line] of lines)
    if (line.length > size) {
      largest = key
      size = line.length
    }
  return new SessionError(
    'record_too_large',
    `${length} characters of at most ${MAX_PAYLOAD}. The largest key is data[${JSON.stringify(largest.slice(0, 80))}] with ${size}; ` +
      'keep large values elsewhere and store their name in the session',
  )
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isTexts(value: unknown): value is Readonly<Record<string, string>> {
  return isObject(value) && Object.values(value).every((text) => typeof text === 'string')
}

/** Only for what `JSON.parse` made, where an object holds nothing but JSON. */
function isJsonObject(value: unknown): value is { readonly [key: string]: Json } {
  return isObject(value)
}

/** JSON has no infinity, but `1e999` parses to one. */
function isFiniteNumber(value: unknown): value is number {
  return Number.isFinite(value)
}

function isKeys(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((key) => typeof key === 'string')
}
