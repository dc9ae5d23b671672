/**
 * The walk that checks a value and prepares it for `JSON.stringify`. One pass, since it runs on every request.
 */
import { badValue, pathText, refusalOf, type Step } from './codec-refusal.ts'
import { bytesTag, dateTag, isTagKey, MAX_DEPTH, numberTag, UNDEFINED_TAG } from './codec-tags.ts'
import { SessionError } from '../errors.ts'
import { MAX_PAYLOAD } from './record.ts'

/**
 * The most values one top-level key may hold, counted along every path: twenty objects that each hold the next one
 * twice are a million once copied, and forty would take all memory.
 */
const MAX_VALUES = 1_000_000

/** The state of one walk. What lies beyond `depth` in `path` is stale. */
export interface Walk {
  /** From the top-level key to the value at hand. */
  readonly path: Step[]
  /** Index in `path` of the last step taken. */
  depth: number
  /** The containers around the value at hand. */
  readonly ancestors: object[]
  values: number
  /** Characters of text so far: a lower bound of the line's length. */
  size: number
  /** Something enumerable was put on `Object.prototype`, so `for…in` shows more than own keys. */
  readonly polluted: boolean
}

/** A walk that begins at the top-level key `key`. */
export function newWalk(key: string): Walk {
  const polluted = Object.keys(Object.prototype).length > 0
  return { path: [key], depth: 0, ancestors: [], values: 0, size: 0, polluted }
}

/**
 * What `JSON.stringify` must be given for `value`: the value itself wherever JSON keeps it, else a copy with tags.
 * So plain data is never copied. `depth` is the number of containers around the value.
 */
export function jsonOf(walk: Walk, value: unknown, depth: number): unknown {
  switch (typeof value) {
    case 'string':
      walk.size += value.length
      limitSize(walk, walk.size)
      return value
    case 'number':
      return isJsonNumber(value) ? value : numberTag(value)
    case 'boolean':
      return value
    case 'undefined':
      return UNDEFINED_TAG
    case 'bigint':
      return { $bigint: String(value) }
    case 'object':
      return value === null ? value : jsonOfObject(walk, value, depth)
    default:
      throw refuse(walk, refusalOf(value))
  }
}

/** Whether JSON keeps a number: NaN and the infinities become null there, and -0 becomes 0. */
export function isJsonNumber(value: unknown): boolean {
  return Number.isFinite(value) && !Object.is(value, -0)
}

/** Throws `record_too_large` for a text longer than a payload may be. */
export function limitSize(walk: Walk, size: number): void {
  if (size <= MAX_PAYLOAD) return
  const key = pathText(walk.path.slice(0, 1))
  const mend = 'keep large values elsewhere and store their name in the session'
  throw new SessionError('record_too_large', `${key} alone exceeds ${MAX_PAYLOAD} characters; ${mend}`)
}

/** Throws `bad_value` for an enumerable symbol among the keys: JSON would leave it out in silence. */
export function refuseSymbolKeys(value: object, walk: Walk | null): void {
  const symbols = Object.getOwnPropertySymbols(value)
  if (symbols.length === 0) return
  const symbol = symbols.find((own) => Object.prototype.propertyIsEnumerable.call(value, own))
  const path = walk === null ? [] : walk.path.slice(0, walk.depth + 1)
  if (symbol !== undefined) throw badValue(path, `${String(symbol)} cannot be a key; use a string`)
}

function jsonOfObject(walk: Walk, value: object, depth: number): unknown {
  if (depth === MAX_DEPTH) throw tooDeep(walk, value)
  walk.ancestors[depth] = value
  if (!Array.isArray(value) && isPlain(value)) return jsonOfFields(walk, value, depth)
  const kind = kindOf(value)
  if (kind === 'Array' && Array.isArray(value)) return jsonOfItems(walk, value, depth)
  if (kind === 'Map') return jsonOfMap(walk, value, depth)
  if (kind === 'Set') return jsonOfSet(walk, value, depth)
  if (kind === 'Date') return jsonOfDate(walk, value)
  if (kind === 'Uint8Array' && ArrayBuffer.isView(value)) return jsonOfBytes(walk, value)
  throw refuse(walk, refusalOf(value))
}

function jsonOfFields(walk: Walk, fields: Record<string, unknown>, depth: number): object {
  refuseToJson(walk, fields)
  refuseSymbolKeys(fields, walk)
  let copy: Record<string, unknown> | undefined
  let count = 0
  let first = ''
  // for…in reads a field several times faster than Object.keys, which matters for every request.
  for (const key in fields) {
    if (walk.polluted && !Object.hasOwn(fields, key)) continue
    step(walk, depth, key)
    if (count === 0) first = key
    count++
    const field = fields[key]
    // Most fields are these, and a call for each would add a tenth to the walk.
    if (field === null || typeof field === 'boolean' || (typeof field === 'number' && isJsonNumber(field))) continue
    const json = jsonOf(walk, field, depth + 1)
    if (json === field) continue
    // The copy owns every key already, `__proto__` too, so this assigns to no inherited setter.
    copy ??= { ...fields }
    copy[key] = json
  }
  addValues(walk, count)
  return count === 1 && isTagKey(first) ? { $literal: copy ?? fields } : (copy ?? fields)
}

function jsonOfItems(walk: Walk, items: readonly unknown[], depth: number): object {
  refuseToJson(walk, items)
  addValues(walk, items.length)
  let copy: unknown[] | undefined
  for (let index = 0; index < items.length; index++) {
    step(walk, depth, index)
    const item = items[index]
    if (item === undefined && !Object.hasOwn(items, index))
      throw refuse(walk, 'an array cannot have a hole here; store null')
    const json = jsonOf(walk, item, depth + 1)
    if (json === item) continue
    copy ??= [...items]
    copy[index] = json
  }
  return copy ?? items
}

function jsonOfMap(walk: Walk, map: object, depth: number): object {
  refuseNamed(walk, map, 'Map')
  // Called on the value rather than taken from it: this throws for what only looks like a Map.
  const entries: Iterable<[unknown, unknown]> = Map.prototype.entries.call(map)
  const pairs: unknown[] = []
  for (const [key, value] of entries) {
    addValues(walk, 2)
    step(walk, depth, { of: 'key', at: key })
    const jsonKey = jsonOf(walk, key, depth + 1)
    step(walk, depth, { of: 'entry', at: key })
    pairs.push([jsonKey, jsonOf(walk, value, depth + 1)])
  }
  return { $map: pairs }
}

function jsonOfSet(walk: Walk, set: object, depth: number): object {
  refuseNamed(walk, set, 'Set')
  const values: Iterable<unknown> = Set.prototype.values.call(set)
  const items: unknown[] = []
  for (const value of values) {
    addValues(walk, 1)
    step(walk, depth, { of: 'item', at: items.length })
    items.push(jsonOf(walk, value, depth + 1))
  }
  return { $set: items }
}

function jsonOfDate(walk: Walk, date: object): object {
  refuseNamed(walk, date, 'Date')
  return dateTag(date)
}

function jsonOfBytes(walk: Walk, view: ArrayBufferView): object {
  walk.size += Math.ceil(view.byteLength / 3) * 4
  limitSize(walk, walk.size)
  return bytesTag(new Uint8Array(view.buffer, view.byteOffset, view.byteLength))
}

function isPlain(value: object): value is Record<string, unknown> {
  // The common case by itself: a look into the table for every object would add a tenth to the walk.
  return Object.getPrototypeOf(value) === Object.prototype || kindOf(value) === 'Object'
}

/** What a value is stored as, if it can be. Told by brand, since values may come from another realm (`vm`, Jest). */
function kindOf(value: object): string | undefined {
  const prototype: object | null = Object.getPrototypeOf(value)
  if (prototype === null) return 'Object'
  if (prototype === Array.prototype) return 'Array'
  const kind = KINDS.get(prototype)
  if (kind !== undefined) return kind
  const above: object | null = Object.getPrototypeOf(prototype)
  if (above === null) return Object.hasOwn(prototype, 'isPrototypeOf') ? 'Object' : undefined
  const brand = Object.prototype.toString.call(value).slice('[object '.length, -1)
  if (brand === 'Uint8Array') return brand
  // No subclasses but Buffer: one of Map may promise more than a Map does.
  return Object.getPrototypeOf(above) === null && BUILT_IN.has(brand) ? brand : undefined
}

const BUILT_IN: ReadonlySet<string> = new Set(['Array', 'Map', 'Set', 'Date'])
const KINDS: ReadonlyMap<object, string> = new Map<object, string>([
  [Map.prototype, 'Map'],
  [Set.prototype, 'Set'],
  [Date.prototype, 'Date'],
  [Uint8Array.prototype, 'Uint8Array'],
])

function step(walk: Walk, depth: number, to: Step): void {
  walk.depth = depth + 1
  walk.path[depth + 1] = to
}

function addValues(walk: Walk, count: number): void {
  walk.values += count
  if (walk.values > MAX_VALUES)
    throw badValue(
      walk.path.slice(0, 1),
      `holds more than ${MAX_VALUES} values, counting shared ones each time; store less`,
    )
}

function refuse(walk: Walk, why: string): SessionError {
  return badValue(walk.path.slice(0, walk.depth + 1), why)
}

function refuseToJson(walk: Walk, value: object): void {
  if ('toJSON' in value && typeof value.toJSON === 'function')
    throw refuse(walk, 'an object with a toJSON function cannot be stored; store what that function returns')
}

function refuseNamed(walk: Walk, value: object, kind: string): void {
  const [name] = Object.keys(value)
  if (name !== undefined)
    throw refuse(walk, `the property ${JSON.stringify(name)} of a ${kind} would be lost; store it beside the ${kind}`)
}

function tooDeep(walk: Walk, value: object): SessionError {
  const chain = [...walk.ancestors, value]
  const again = chain.findIndex((container, index) => chain.indexOf(container) < index)
  if (again === -1) return refuse(walk, `nested deeper than ${MAX_DEPTH} levels; store it flatter, or as text`)
  const [container] = chain.slice(again)
  const target = pathText(walk.path.slice(0, (container === undefined ? 0 : chain.indexOf(container)) + 1))
  return badValue(walk.path.slice(0, again + 1), `refers to itself at ${target}; store an id in place of the reference`)
}
