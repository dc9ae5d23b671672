/** What a place is where somebody writes past the store, and the inputs that say what. */
import type { Store } from '../../../src/store.ts'

/** Those that are servers. */
export type ServerKind = 'redis' | 'memcached' | 'postgres' | 'mysql' | 'mongodb'

/** In the year 2100, so that no server's own clock ends anything. */
export const NOW: number = Date.UTC(2100, 0, 1)
export const SOON: number = NOW + 60_000

export const VERSION = '0123456789abcdef01234567'

/** A store, and what writes past it. */
export interface RawPlace {
  readonly store: Store
  readonly covers: readonly string[]
  readonly form: 'text' | 'json'
  readonly words: readonly string[]
  /** What a record of this payload looks like there. */
  readonly seeds: (payload: string, id: string) => readonly string[]
  readonly growing?: Readonly<Record<string, (size: number) => string>>
  /** False when the server itself takes no such thing. */
  readonly put: (id: string, input: string) => Promise<boolean> | boolean
  readonly clear: (id: string) => Promise<unknown> | void
  readonly stop: () => Promise<unknown> | void
}

/** [version, deadline, owner, payload]; a text that begins with "bytes:" is bytes, which need be no UTF-8. */
export const COLUMNS: Pick<RawPlace, 'form' | 'words'> = { form: 'json', words: ['ada', 'bytes:\xff\xfe', VERSION] }
/** A row, with an owner and without. */
export const rowSeeds = (payload: string): readonly string[] => [
  JSON.stringify([VERSION, SOON, 'ada', payload]),
  JSON.stringify([VERSION, SOON, null, payload]),
]

/** False when the server refuses. */
export async function accepts(write: () => unknown): Promise<boolean> {
  try {
    await write()
    return true
  } catch {
    return false
  }
}

/** What a column takes. */
export type Column = string | number | null | Buffer

/** What goes into the columns. */
export function columns(input: string): readonly [Column, Column, Column, Column] {
  const [version, expiresAt, owner, payload] = parts(input).map((value): Column => {
    if (typeof value === 'number' || value === null) return value
    const text = textOf(value)
    return text.startsWith('bytes:') ? Buffer.from(text.slice(6), 'latin1') : text
  })
  return [version ?? '', expiresAt ?? SOON, owner ?? null, payload ?? '']
}

/** A list, or what is none as one of one. */
export function parts(input: string): readonly unknown[] {
  const json = jsonOf(input)
  return Array.isArray(json) ? json : [json]
}

/** The JSON, or the text where it is none. */
export function jsonOf(input: string): unknown {
  try {
    return JSON.parse(input)
  } catch {
    return input
  }
}

/** A text, or what is none as JSON. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
