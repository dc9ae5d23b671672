import { SessionError } from '../errors.ts'
import { flaskKeys } from './keys.ts'
import type { FlaskKey } from './keys.ts'
import { nearest } from './nearest.ts'
import { timedelta } from './timedelta.ts'
import { shown } from '../options/shown.ts'

/** Something about one key that the application should know, though it is no error. */
export interface FlaskNote {
  readonly key: string
  /** A sentence without the value. */
  readonly text: string
}

/** The configuration, checked: every value is of its key's kind. */
export interface FlaskSettings {
  /** Whatever it is; undefined when left out or None. */
  readonly value: (key: string) => unknown
  readonly text: (key: string) => string | undefined
  readonly whole: (key: string) => number | undefined
  readonly flag: (key: string) => boolean | undefined
  readonly notes: readonly FlaskNote[]
}

/** Check names and kinds, and give each value its one name. Throws `bad_option`. */
export function flaskSettings(config: Readonly<Record<string, unknown>>): FlaskSettings {
  const notes: FlaskNote[] = []
  const values = new Map<string, unknown>()
  for (const [name, value] of Object.entries(config)) {
    const known = keyOf(name)
    if (known === undefined || value === null || value === undefined) continue
    const key = known.standsFor ?? name
    if (known.standsFor !== undefined) {
      if ((config[key] ?? null) !== null)
        refuse(`${name} and ${key} are both set; keep ${key}, which ${name} stands for`)
      notes.push({ key: name, text: `read as ${key}: the original documents this name and does not read it` })
    }
    values.set(key, checked(name, known, value))
  }

  return {
    notes,
    value: (key) => values.get(key),
    text: (key) => ofType(values.get(key), (value) => typeof value === 'string'),
    whole: (key) => ofType(values.get(key), (value) => typeof value === 'number'),
    flag: (key) => ofType(values.get(key), (value) => typeof value === 'boolean'),
  }
}

function ofType<Value>(value: unknown, is: (value: unknown) => value is Value): Value | undefined {
  return is(value) ? value : undefined
}

/** An application's configuration has keys of many libraries: only those that look like ours are judged. */
function keyOf(name: string): FlaskKey | undefined {
  if (Object.hasOwn(flaskKeys, name)) return flaskKeys[name]
  const upper = name.toUpperCase()
  if (Object.hasOwn(flaskKeys, upper)) refuse(`${name} is written ${upper}: Flask reads only capitals`)
  if (!upper.startsWith('SESSION_')) return undefined
  return refuse(`there is no key ${name}; the nearest one is ${nearest(upper, Object.keys(flaskKeys))}`)
}

function checked(key: string, { kind, among, secret }: FlaskKey, value: unknown): unknown {
  const given = secret ? 'something else' : shown(value)
  switch (kind) {
    case 'flag':
      if (typeof value === 'boolean') return value
      if (value === 0 || value === 1) return value === 1
      return refuse(`${key} is ${given}; it is true or false, in the environment in small letters, because it is JSON`)
    case 'whole':
      if (Number.isSafeInteger(value) && Number(value) >= 0) return value
      return refuse(`${key} is ${given}; it is a whole number, 0 or above`)
    case 'lifetime':
      if (timedelta(value) !== undefined) return value
      return refuse(`${key} is ${given}; it is a number of seconds above 0, 'P31D', '31 days, 0:00:00' or { days: 31 }`)
    case 'text':
      // Before Flask 2.3, False was how to say that a cookie has no domain.
      if (value === false && key === 'SESSION_COOKIE_DOMAIN') return undefined
      if (typeof value !== 'string' || value === '') return refuse(`${key} is ${given}; it is a text, and not empty`)
      if (!value.isWellFormed()) return refuse(`${key} has half of a surrogate pair, which nothing can be called`)
      if (among === undefined) return value
      if (among.includes(value.toLowerCase())) return value.toLowerCase()
      return refuse(`${key} is ${given}; it is one of ${among.join(', ')}`)
    default:
      return value
  }
}

function refuse(detail: string): never {
  throw new SessionError('bad_option', detail)
}
