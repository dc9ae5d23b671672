/**
 * The codec: a value of `data` to one line of text and back.
 *
 * A line is JSON, with tags (`codec-tags.ts`) for what JSON lacks. The same value always makes the same line and
 * `encodeValue(decodeValue(line))` is `line` again, so two values are equal exactly when their lines are. That is what
 * "changed" means for a session. The order of an object's keys and of the entries of a Map or Set counts.
 *
 * Kept: everything in JSON, and Date, Map, Set, bigint, Uint8Array (a Buffer comes out as one), `undefined`, NaN,
 * the infinities, -0, lone surrogates, any key. An object without prototype comes out as a plain one, and what is
 * reachable by two paths comes out as two copies.
 *
 * Left out, as JSON and the spread operator leave them out: properties that are not enumerable, and named properties
 * of an array (looking for them would make every read request dearer). All else is refused with its key path.
 */
import { unreadable } from './codec-refusal.ts'
import { mayBeDeep, mayHaveTags, revive } from './codec-tags.ts'
import { isJsonNumber, jsonOf, limitSize, newWalk, refuseSymbolKeys } from './codec-walk.ts'
import { SessionError } from '../errors.ts'
import { knownLine } from './known-lines.ts'
import type { KnownLines } from './known-lines.ts'
import { MAX_PAYLOAD } from './record.ts'
import type { Lines } from './record.ts'

/**
 * Encode every top-level key of `data`, but for those whose lines are `known`. A key whose value is `undefined` counts
 * as deleted and gets no line.
 * Throws `bad_value` with the key path for what cannot be stored, `record_too_large` for a key too large by itself.
 */
export function encodeData(data: object, known?: KnownLines): Map<string, string> {
  const lines = new Map<string, string>()
  refuseSymbolKeys(data, null)
  for (const key of Object.keys(data)) {
    const value = readKey(data, key)
    if (value !== undefined) lines.set(key, knownLine(known, key, value) ?? encodeValue(value, key))
  }
  return lines
}

/** The plain object the lines encode. Throws `SyntaxError` when one is malformed: the record is then unreadable. */
export function decodeData(lines: Lines): Record<string, unknown> {
  const data: Record<string, unknown> = {}
  for (const [key, line] of lines) {
    // Assigning is several times faster, and wrong only for a name that every object inherits.
    if (key in data) setOwn(data, key, decodeValue(line))
    else data[key] = decodeValue(line)
  }
  return data
}

/**
 * Encode one value as one line, without "\n". `key` is its top-level key, for the path in errors.
 * Throws `bad_value` for what cannot be stored, `record_too_large` for more than `MAX_PAYLOAD`. A getter may be read
 * twice and must give the same value both times.
 */
export function encodeValue(value: unknown, key: string): string {
  if (value === null || typeof value === 'boolean' || isJsonNumber(value)) return String(value)
  // A text needs no walk, and many values are texts: JSON makes at most six characters of one.
  if (typeof value === 'string' && value.length < MAX_PAYLOAD / 8) return JSON.stringify(value)
  const walk = newWalk(key)
  try {
    // Checking first and then the native stringify: far faster than building the text in JavaScript.
    const line: unknown = JSON.stringify(jsonOf(walk, value, 0))
    if (typeof line !== 'string') throw new TypeError('the value changed while it was read')
    limitSize(walk, line.length)
    return line
  } catch (error) {
    throw error instanceof SessionError ? error : unreadable(walk.path.slice(0, walk.depth + 1), error)
  }
}

/**
 * The value a line encodes. Throws `SyntaxError` when the line is malformed, nests too deep or has a tag this version
 * does not know: the record is then unreadable.
 */
export function decodeValue(line: string): unknown {
  const value: unknown = JSON.parse(line)
  return mayHaveTags(line) || mayBeDeep(line) ? revive(value) : value
}

/** Define, never assign: assigning to `__proto__` would change the prototype instead. */
function setOwn(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true })
}

function readKey(data: object, key: string): unknown {
  try {
    return Reflect.get(data, key)
  } catch (error) {
    throw unreadable([key], error)
  }
}
