/**
 * Data under a schema. It is checked where records are read, so that all behind it (comparing, merging, `update()`) only
 * ever sees data that fits; the base of a request is the encoding of what it was handed out, so that whoever only reads
 * transformed data does not write it back. It is checked again before it is written: an error then points to the code
 * that is wrong, and not to the next visit.
 */
import { decodeData, encodeData } from '../record/codec.ts'
import { pathText } from '../record/codec-refusal.ts'
import { SessionError } from '../errors.ts'
import { refuse } from '../options/options-check.ts'
import type { Lines } from '../record/record.ts'
import type { SchemaIssue, SchemaOptions, SchemaResult } from './schema.ts'
import { shown } from '../options/shown.ts'

/** What became of stored data that did not fit, for the event `invalid`. */
export interface Misfit {
  readonly outcome: 'error' | 'dropped' | 'migrated'
  /** Where it did not fit, such as `data.cart[0].amount`. */
  readonly paths: readonly string[]
}

/** The schema at work, on encoded data. */
export interface Validation {
  /** What a new session begins with: the schema's defaults. Throws `bad_option` when it refuses `{}`. */
  blank(): Promise<Lines>
  /**
   * Stored lines as the application shall see them; what cannot be decoded comes back as it is. Throws `invalid_data`
   * where nothing makes them fit. `report` is told when they did not.
   */
  fit(lines: Lines, report?: (misfit: Misfit) => void): Promise<Lines>
  /** Throws `invalid_data` for what must not be saved. */
  check(lines: Lines): Promise<void>
}

type Judgement = { readonly lines: Lines } | { readonly issues: readonly SchemaIssue[] }

/** The most paths that an error names. */
const MANY = 5

/** The options, checked: `bad_option` for what is no schema or refuses an empty session. Undefined without a schema. */
export function validation({ schema, onInvalid = 'error' }: Partial<SchemaOptions>): Validation | undefined {
  if (schema === undefined) {
    if (onInvalid !== 'error') refuse('onInvalid has no effect without a schema; set both or neither')
    return undefined
  }
  const standard = standardOf(schema)
  if (typeof onInvalid !== 'function' && !['error', 'drop'].includes(onInvalid)) {
    refuse(`onInvalid is ${shown(onInvalid)}; it is 'error', 'drop' or a function`)
  }

  async function judge(lines: Lines): Promise<Judgement> {
    const result = await standard.validate(decodeData(lines))
    return result.issues ? result : { lines: laidOver(lines, dataOf(result.value)) }
  }

  /** Without the keys that do not fit; with none at all, when the issues name no more of them. */
  async function drop(lines: Lines, issues: readonly SchemaIssue[]): Promise<Lines> {
    const rest = new Map(lines)
    let named = issues.filter((issue) => removeNamed(rest, issue))
    while (named.length > 0) {
      const judged = await judge(rest)
      if ('lines' in judged) return judged.lines
      named = judged.issues.filter((issue) => removeNamed(rest, issue))
    }
    return blank()
  }

  async function blank(): Promise<Lines> {
    return blankOf(await standard.validate({}))
  }

  async function fit(lines: Lines, report: (misfit: Misfit) => void = () => undefined): Promise<Lines> {
    if (!isReadable(lines)) return lines
    const judged = await judge(lines)
    if ('lines' in judged) return judged.lines
    const { issues } = judged
    const paths = pathsOf(issues)
    if (onInvalid === 'drop') {
      report({ outcome: 'dropped', paths })
      return drop(lines, issues)
    }
    if (onInvalid === 'error') {
      report({ outcome: 'error', paths })
      throw misfit(paths, 'it was stored under another schema; let this one take it, or set onInvalid')
    }
    const migrated = await judge(encodeData(dataOf((await onInvalid(decodeData(lines), issues)) ?? {})))
    report({ outcome: 'lines' in migrated ? 'migrated' : 'error', paths })
    if ('lines' in migrated) return migrated.lines
    throw misfit(pathsOf(migrated.issues), 'what onInvalid returned is not what the schema takes, either')
  }

  async function check(lines: Lines): Promise<void> {
    const { issues } = await standard.validate(decodeData(lines))
    if (issues) throw misfit(pathsOf(issues), 'nothing was saved; mend the code that put it there, or the schema')
  }

  const first = standard.validate({})
  if (first instanceof Promise) {
    // Whether it takes `{}` turns out when the first session is opened; nobody waits for this answer.
    first.catch(() => undefined)
  } else void blankOf(first)
  return { blank, fit, check }
}

function standardOf(schema: SchemaOptions['schema']): SchemaOptions['schema']['~standard'] {
  // Plain JavaScript may give anything.
  const given: unknown = schema
  const holder = typeof given === 'function' || (typeof given === 'object' && given !== null) ? given : {}
  const standard: unknown = Reflect.get(holder, '~standard')
  if (isObject(standard) && standard['version'] === 1 && typeof standard['validate'] === 'function') {
    return schema['~standard']
  }
  return refuse('schema is none by Standard Schema 1; give one of zod, valibot, arktype or another that speaks it')
}

function blankOf(result: SchemaResult<unknown>): Lines {
  if (!result.issues) return encodeData(dataOf(result.value))
  return refuse(
    `schema refuses {} (${said(pathsOf(result.issues))}): every session begins empty, so make each key optional or give ` +
      'it a default',
  )
}

/**
 * What the schema answers, over what it said nothing about: other packages keep their keys in the session, too, and a
 * login must not vanish because a schema does not name it. Nor may an older release erase what a newer one put there.
 */
function laidOver(lines: Lines, data: object): Lines {
  const result = new Map(lines)
  for (const key of Object.keys(data)) result.delete(key)
  for (const [key, line] of encodeData(data)) result.set(key, line)
  return result
}

function dataOf(value: unknown): object {
  if (isObject(value)) return value
  return refuse('schema, or onInvalid, gives what is no object; session data is one, of keys and values')
}

function isReadable(lines: Lines): boolean {
  try {
    decodeData(lines)
    return true
  } catch {
    return false
  }
}

/** The message of an issue may quote the value, and an error ends up in logs: it names places only. */
function misfit(paths: readonly string[], detail: string): SessionError {
  return new SessionError('invalid_data', `${said(paths)}; ${detail}`)
}

function said(paths: readonly string[]): string {
  return [...paths.slice(0, MANY), ...(paths.length > MANY ? ['…'] : [])].join(', ')
}

function pathsOf(issues: readonly SchemaIssue[]): string[] {
  return [...new Set(issues.map(({ path = [] }) => pathText(path.map(step))))]
}

/** Whether the issue names a key that is there; it no longer is then. */
function removeNamed(lines: Map<string, string>, { path: [first] = [] }: SchemaIssue): boolean {
  return first !== undefined && lines.delete(String(step(first)))
}

function step(part: PropertyKey | { readonly key: PropertyKey }): string | number {
  const key = typeof part === 'object' ? part.key : part
  return typeof key === 'number' ? key : String(key)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
