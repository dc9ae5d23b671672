/**
 * What to say about a value that cannot be stored: where it sits in `data`, what it is, how to mend it.
 */
import { SessionError } from '../errors.ts'

/** One step from a container to what it holds: a key, an index, or a place in a Map or Set. */
export type Step = string | number | { readonly of: 'entry' | 'key' | 'item'; readonly at: unknown }

/** Steps shown of a long path, from its start and from its end. */
const SHOWN = 8

/** The path as one would write it: `data.cart.items[3].buy`. */
export function pathText(steps: readonly Step[]): string {
  if (steps.length <= 2 * SHOWN) return `data${steps.map(stepText).join('')}`
  return `data${steps.slice(0, SHOWN).map(stepText).join('')} … ${steps.slice(-SHOWN).map(stepText).join('')}`
}

/** The error for the value at `path`: why it is refused, and how to mend that. */
export function badValue(path: readonly Step[], why: string, cause?: unknown): SessionError {
  return new SessionError('bad_value', `${pathText(path)}: ${why}`, cause === undefined ? undefined : { cause })
}

/** The error for a value that throws when it is read: a getter, a proxy. */
export function unreadable(path: readonly Step[], cause: unknown): SessionError {
  return badValue(path, 'cannot be read, see the cause; store a plain copy of it', cause)
}

/** Why a function, a symbol or an object of some class is refused, and what to store instead. */
export function refusalOf(value: unknown): string {
  if (typeof value === 'symbol') return 'a symbol cannot be stored; store its description'
  if (typeof value !== 'object' || value === null)
    return 'a function cannot be stored; call it and store what it returns'
  const name = classOf(value)
  if (name === undefined) return 'an object with a prototype of its own cannot be stored; store a copy, { ...value }'
  return `an instance of ${name} cannot be stored; ${mendOf(value, name)}`
}

function stepText(step: Step): string {
  if (typeof step === 'number') return `[${step}]`
  if (typeof step === 'string') return /^[A-Za-z_$][\w$]*$/.test(step) ? `.${step}` : `[${quote(step)}]`
  if (step.of === 'entry') return `.get(${labelOf(step.at)})`
  return step.of === 'key' ? ` (the Map key ${labelOf(step.at)})` : ` (item ${labelOf(step.at)} of the Set)`
}

function labelOf(at: unknown): string {
  if (typeof at === 'string') return quote(at)
  if (typeof at === 'object' && at !== null) return 'an object'
  return typeof at === 'function' || typeof at === 'symbol' ? `a ${typeof at}` : String(at)
}

function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
}

/** The name of the class a value was made by, as its prototype says. */
function classOf(value: object): string | undefined {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (typeof prototype !== 'object' || prototype === null || !('constructor' in prototype)) return undefined
  const { constructor } = prototype
  return typeof constructor === 'function' && !['', 'Object'].includes(constructor.name) ? constructor.name : undefined
}

function mendOf(value: object, name: string): string {
  if (value instanceof Error) return 'store its message'
  if (ArrayBuffer.isView(value)) return 'store a Uint8Array of the same buffer, or Array.from(value)'
  if (Array.isArray(value) || value instanceof Map || value instanceof Set || value instanceof Date)
    return 'its class would be lost, so store a copy that is a plain Array, Map, Set or Date'
  return MENDS.get(name) ?? 'its class would be lost, so store its fields, { ...value }, or String(value)'
}

const MENDS: ReadonlyMap<string, string> = new Map([
  ['ArrayBuffer', 'store new Uint8Array(buffer)'],
  ['SharedArrayBuffer', 'store a copy of its bytes in a Uint8Array'],
  ['BigInt', 'store value.valueOf()'],
  ['Boolean', 'store value.valueOf()'],
  ['Number', 'store value.valueOf()'],
  ['String', 'store value.valueOf()'],
  ['Symbol', 'store its description'],
  ['ObjectId', 'store String(id)'],
  ['Promise', 'await it and store the result'],
  ['RegExp', 'store its source and flags'],
  ['URL', 'store url.href'],
  ['URLSearchParams', 'store String(params)'],
  ['WeakMap', 'what it holds cannot be listed, so store a Map or keep it out of the session'],
  ['WeakSet', 'what it holds cannot be listed, so store a Set or keep it out of the session'],
  ['WeakRef', 'store what it points at'],
])
