import { SessionError } from '../errors.ts'

/** What the application notes of a sign-in for its list of devices. Texts only; stored in clear. */
export type OwnerNote = Readonly<Record<string, string | undefined>>

/** The longest text of a note in UTF-16 code units; what is longer is cut. */
const MAX_TEXT = 256
const MAX_NAME = 64
const MAX_ENTRIES = 8

/** Numbers are the usual slip. Some stores would turn them into text and others not, so that nobody is found again. */
export function checkedOwner(value: unknown, where: string): string | undefined {
  if (value === undefined) return value
  if (typeof value === 'string' && value.isWellFormed() && !value.includes('\0')) return value
  const given = typeof value === 'string' ? 'text with NUL or half a surrogate pair' : `of type ${typeof value}`
  throw new SessionError('bad_option', `${where} is ${given}; give a string, such as String(user.id)`)
}

/**
 * A note as it is kept: a frozen copy without undefined entries; undefined for an empty one. Texts are cut, because
 * they come from requests: a browser with a long name must not be one that cannot sign in. Names are the
 * application's, so those are refused.
 */
export function checkedNote(value: unknown): Readonly<Record<string, string>> | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuseNote(`it is ${kindOf(value)}`)
  const entries: [string, string][] = []
  for (const [name, text] of Object.entries(value) as [string, unknown][]) {
    if (text === undefined) continue
    if (typeof text !== 'string') refuseNote(`${JSON.stringify(name)} is ${kindOf(text)}`)
    if (name.length > MAX_NAME) refuseNote(`a name has ${name.length} characters of at most ${MAX_NAME}`)
    entries.push([name, text.slice(0, MAX_TEXT).toWellFormed()])
  }
  if (entries.length > MAX_ENTRIES) refuseNote(`it has ${entries.length} entries of at most ${MAX_ENTRIES}`)
  return entries.length > 0 ? Object.freeze(Object.fromEntries(entries)) : undefined
}

/** Whether two notes say the same. */
export function sameNote(
  a: Readonly<Record<string, string>> | undefined,
  b: Readonly<Record<string, string>> | undefined,
): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? 'an array' : value === null ? 'null' : `of type ${typeof value}`
}

function refuseNote(what: string): never {
  throw new SessionError(
    'bad_option',
    `session.note holds a few texts, and ${what}; keep anything else in session.data`,
  )
}
