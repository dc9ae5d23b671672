/**
 * Values that JSON does not have, in JSON: what plain JavaScript gives to functions that expect something else. A text
 * of {@link SPECIAL} stands for one, wherever it is.
 */
import { memoryStore } from '../../src/stores/memory.ts'

/** What each name makes. A new one every time, because some are objects that are changed. */
const MAKERS: Readonly<Record<string, () => unknown>> = {
  '!undefined': () => undefined,
  '!NaN': () => Number.NaN,
  '!Infinity': () => Infinity,
  '!-0': () => -0,
  '!bigint': () => 12n,
  '!symbol': () => Symbol('a'),
  '!function': () => () => undefined,
  '!async': () => async () => ({ value: {} }),
  '!thrower': () => () => {
    throw new Error('thrown by the application')
  },
  '!date': () => new Date(0),
  '!bad date': () => new Date(Number.NaN),
  '!map': () => new Map<unknown, unknown>([['a', 1]]),
  '!set': () => new Set([1, '__proto__']),
  '!bytes': () => new Uint8Array([0, 255]),
  '!buffer': () => Buffer.from('AP8='),
  '!regexp': () => /a/,
  '!error': () => new Error('an error'),
  '!promise': () => Promise.resolve(1),
  '!boxed': () => Object('text'),
  '!bare': () => Object.assign(Object.create(null), { a: 1 }),
  '!class': () =>
    new (class Own {
      a = 1
    })(),
  '!circular': () => {
    const circular: Record<string, unknown> = {}
    circular['a'] = { b: circular }
    return circular
  },
  '!getter': () =>
    Object.defineProperty({}, 'a', {
      enumerable: true,
      get() {
        throw new Error('thrown by a getter')
      },
    }),
  '!toJSON': () => ({ toJSON: () => ({ other: 1 }) }),
  '!hole': () => [1, , 3], // oxlint-disable-line no-sparse-arrays -- that is the point
  '!store': () => memoryStore(),
  '!clock': () => ({ now: () => 0, after: () => () => {}, sleep: async () => {} }),
  '!random': () => (size: number) => new Uint8Array(size),
  '!schema': () => ({ '~standard': { version: 1, vendor: 'fuzz', validate: (value: unknown) => ({ value }) } }),
}

/** Every name that stands for a value. */
export const SPECIAL: readonly string[] = Object.keys(MAKERS)

/** The value that a text of JSON stands for; the text itself where it is none. */
export function valueOf(text: string): unknown {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    json = text
  }
  return filled(json, 0)
}

/** Deeper than anything takes, and not so deep that this itself ends with the stack. */
const DEEPEST = 1500

function filled(json: unknown, depth: number): unknown {
  if (typeof json === 'string') return Object.hasOwn(MAKERS, json) ? MAKERS[json]?.() : json
  if (typeof json !== 'object' || json === null || depth > DEEPEST) return json
  if (Array.isArray(json)) return json.map((item) => filled(item, depth + 1))
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, filled(value, depth + 1)]))
}
