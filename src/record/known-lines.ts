/**
 * Lines of large values, known without encoding them again.
 *
 * A request that reads 16 kB would spend more on encoding them, only to find that they are what was loaded, than on all
 * the rest: twice, since it is asked again when the response has ended. So what a large line was decoded to is noted
 * down, leaf by leaf, before anybody is handed it. Comparing these is exact and takes a tenth of the time: nearly all of
 * them are the very same texts.
 */
import { mayBeDeep, mayHaveTags } from './codec-tags.ts'
import { isJsonNumber } from './codec-walk.ts'
import type { Lines } from './record.ts'

/** From here on comparing is cheaper than encoding; below, both are next to nothing. UTF-16 code units. */
const LARGE = 1024

const ARRAY = Symbol('array')
const OBJECT = Symbol('object')

interface Known {
  readonly line: string
  /** What is in the value, in order: containers with their sizes, keys, and all that is neither. */
  readonly parts: readonly unknown[]
}

/** Lines by top-level key, with what they hold. Never out of date: it says of a value what its line is, whoever has it. */
export type KnownLines = ReadonlyMap<string, Known>

/** Note down what the large ones of `lines` hold; `data` is what they were just decoded to. Undefined for none. */
export function knownLines(lines: Lines, data: Readonly<Record<string, unknown>>): KnownLines | undefined {
  let known: Map<string, Known> | undefined
  for (const [key, line] of lines) {
    if (line.length < LARGE || mayHaveTags(line) || mayBeDeep(line)) continue
    const parts: unknown[] = []
    takeApart(data[key], parts)
    known ??= new Map()
    known.set(key, { line, parts })
  }
  return known
}

/** The line of a value that is what it was; undefined for any other, which has to be encoded. */
export function knownLine(known: KnownLines | undefined, key: string, value: unknown): string | undefined {
  const before = known?.get(key)
  return before && compare(value, before.parts, 0) === before.parts.length ? before.line : undefined
}

/** Only for what JSON makes: nothing refers to itself there, and there is nothing but plain data. */
function takeApart(value: unknown, parts: unknown[]): void {
  if (Array.isArray(value)) {
    parts.push(ARRAY, value.length)
    for (const item of value) takeApart(item, parts)
  } else if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value)
    parts.push(OBJECT, entries.length)
    for (const [key, field] of entries) {
      parts.push(key)
      takeApart(field, parts)
    }
  } else parts.push(value)
}

/**
 * Where in `parts` the value ends, if it is what begins at `from` there; else -1. Whatever encoding would treat
 * otherwise, or refuse, is nothing that JSON makes, and so never the same.
 */
function compare(value: unknown, parts: readonly unknown[], from: number): number {
  if (typeof value !== 'object' || value === null) return isSame(value, parts[from]) ? from + 1 : -1
  if ('toJSON' in value || Object.getOwnPropertySymbols(value).length > 0) return -1
  return Array.isArray(value) ? compareItems(value, parts, from) : compareFields(value, parts, from)
}

function compareItems(items: readonly unknown[], parts: readonly unknown[], from: number): number {
  if (parts[from] !== ARRAY || parts[from + 1] !== items.length) return -1
  if (Object.getPrototypeOf(items) !== Array.prototype) return -1
  let at = from + 2
  for (let index = 0; index < items.length && at !== -1; index += 1) at = compare(items[index], parts, at)
  return at
}

function compareFields(fields: object, parts: readonly unknown[], from: number): number {
  if (parts[from] !== OBJECT || Object.getPrototypeOf(fields) !== Object.prototype) return -1
  const entries = Object.entries(fields)
  if (parts[from + 1] !== entries.length) return -1
  let at = from + 2
  for (const [key, field] of entries) {
    // The order of keys counts, as it does in a line.
    if (parts[at] !== key) return -1
    at = compare(field, parts, at + 1)
    if (at === -1) return -1
  }
  return at
}

/** 0 and -0 have different lines. */
function isSame(value: unknown, part: unknown): boolean {
  return value === part && (value !== 0 || isJsonNumber(value))
}
