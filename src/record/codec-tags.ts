/**
 * The tags: how a line of JSON carries what JSON cannot. A tag is an object with exactly one key, which begins with "$".
 *
 *     {"$date":"2026-01-31T12:00:00.000Z"}   a Date; null for an invalid one
 *     {"$map":[["a",1],[{"b":2},3]]}         a Map, in its order
 *     {"$set":[1,2]}                         a Set, in its order
 *     {"$bigint":"12345678901234567890"}
 *     {"$bytes":"AP8="}                      a Uint8Array, base64
 *     {"$number":"NaN"}                      NaN, Infinity, -Infinity and -0
 *     {"$undefined":1}                       undefined inside an object, array, Map or Set
 *     {"$literal":{"$date":"mine"}}          the application's own object of that shape: never taken for a tag
 */
import { fromBase64, toBase64 } from './codec-bytes.ts'

/** How deep values may nest, in either direction: deeper ones are refused, so no line can exhaust the stack. */
export const MAX_DEPTH = 500

/** The tag for `undefined`. */
export const UNDEFINED_TAG: object = Object.freeze({ $undefined: 1 })

/** The tag for a number that JSON would turn into null or 0. */
export function numberTag(value: number): object {
  return { $number: Object.is(value, -0) ? '-0' : String(value) }
}

/** The tag for a date, be it of this realm or another. Throws for what only looks like one. */
export function dateTag(date: object): object {
  const isValid = !Number.isNaN(Date.prototype.getTime.call(date))
  return { $date: isValid ? Date.prototype.toISOString.call(date) : null }
}

/** The tag for bytes. */
export function bytesTag(bytes: Uint8Array): object {
  return { $bytes: toBase64(bytes) }
}

/**
 * Turn the tags in what `JSON.parse` made back into values, in place where it can be.
 * Throws `SyntaxError` for an unknown or malformed tag and for nesting beyond {@link MAX_DEPTH}: guessing loses data.
 */
export function revive(value: unknown, depth = 1): unknown {
  if (!isObject(value)) return value
  if (depth > MAX_DEPTH) throw new SyntaxError(`a value is nested deeper than ${MAX_DEPTH} levels`)
  if (Array.isArray(value)) return reviveItems(value, depth)
  const keys = Object.keys(value)
  const first = keys[0]
  return keys.length === 1 && first !== undefined && isTagKey(first)
    ? readTag(first, value[first], depth)
    : reviveFields(value, keys, depth)
}

/** Whether an object's only key makes it a tag. */
export function isTagKey(key: string): boolean {
  return key.startsWith('$')
}

/** Whether a line has a string or key that begins with "$". Dollars are rarer than quotes, so they are looked for. */
export function mayHaveTags(line: string): boolean {
  for (let at = line.indexOf('$'); at !== -1; at = line.indexOf('$', at + 1)) if (line[at - 1] === '"') return true
  return false
}

/**
 * Whether a line has more opening brackets than values may nest, so that only {@link revive} can tell its depth.
 * Counting them costs a twentieth of parsing the line; walking every parsed value would cost a fifth.
 */
export function mayBeDeep(line: string): boolean {
  let left = MAX_DEPTH
  for (const bracket of ['[', '{'])
    for (let at = line.indexOf(bracket); at !== -1; at = line.indexOf(bracket, at + 1)) if (--left < 0) return true
  return false
}

function reviveItems(items: unknown[], depth: number): unknown[] {
  for (let index = 0; index < items.length; index++) {
    const item = items[index]
    if (isObject(item)) items[index] = revive(item, depth + 1)
  }
  return items
}

function reviveFields(fields: Record<string, unknown>, keys: readonly string[], depth: number): object {
  for (const key of keys) {
    const field = fields[key]
    if (!isObject(field)) continue
    const revived = revive(field, depth + 1)
    // The key is the object's own, even when it is `__proto__`, so this assigns to no inherited setter.
    if (revived !== field) fields[key] = revived
  }
  return fields
}

function readTag(tag: string, content: unknown, depth: number): unknown {
  switch (tag) {
    case '$date':
      if (content === null) return new Date(Number.NaN)
      if (typeof content === 'string') return readDate(content)
      break
    case '$map':
      if (Array.isArray(content)) return reviveMap(content, depth)
      break
    case '$set':
      if (Array.isArray(content)) return new Set(reviveItems(content, depth))
      break
    case '$bigint':
      if (typeof content === 'string' && /^-?\d+$/.test(content)) return BigInt(content)
      break
    case '$bytes':
      if (typeof content === 'string') return fromBase64(content)
      break
    case '$number':
      if (typeof content === 'string' && NUMBERS.has(content)) return NUMBERS.get(content)
      break
    case '$undefined':
      if (content === 1) return undefined
      break
    case '$literal':
      if (isObject(content) && isTagShaped(content)) return reviveFields(content, Object.keys(content), depth)
      break
    default:
      throw new SyntaxError(`the tag ${tag} is unknown to this version`)
  }
  throw new SyntaxError(`the content of a ${tag} is malformed`)
}

/** Whether an object has the one key beginning with "$" that makes a tag. */
function isTagShaped(value: object): boolean {
  const keys = Object.keys(value)
  return keys.length === 1 && keys.every(isTagKey)
}

function reviveMap(pairs: readonly unknown[], depth: number): Map<unknown, unknown> {
  const map = new Map<unknown, unknown>()
  for (const pair of pairs) {
    if (!isPair(pair)) throw new SyntaxError('the content of a $map is malformed')
    map.set(revive(pair[0], depth + 1), revive(pair[1], depth + 1))
  }
  return map
}

function readDate(text: string): Date {
  const date = new Date(text)
  // `new Date` takes much else, and differently on each platform: only the form that is written is read.
  if (!ISO_DATE.test(text) || Number.isNaN(date.getTime())) throw new SyntaxError('the content of a $date is malformed')
  return date
}

const ISO_DATE = /^(?:\d{4}|[+-]\d{6})-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

function isPair(value: unknown): value is [unknown, unknown] {
  return Array.isArray(value) && value.length === 2
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

const NUMBERS: ReadonlyMap<string, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
  ['-0', -0],
])
