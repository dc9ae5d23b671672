import { SessionError } from '../errors.ts'
import { shown } from '../options/shown.ts'

/** Which table, and who makes it: the same options for every database. */
export interface SqlTableOptions {
  /** The table's name, quoted by the store. Default `sessions`. */
  readonly table?: string
  /** Make the table and its indexes when they are missing. Default true; false for a migration tool. */
  readonly createTable?: boolean
}

/**
 * A name between `quote` characters, which double inside it.
 * @throws {@link SessionError} `bad_option` when the database cannot have such a name.
 */
export function quotedName(
  name: string,
  quote: '"' | '`',
  { option = 'table', bytes = Infinity }: { readonly option?: string; readonly bytes?: number } = {},
): string {
  if (typeof name !== 'string' || name === '' || name.includes('\0'))
    throw new SessionError('bad_option', `${option} must be a name, not ${shown(name)}`)
  const length = new TextEncoder().encode(name).length
  if (length > bytes)
    throw new SessionError(
      'bad_option',
      `${option} has ${length} bytes; a name may have ${bytes}: choose a shorter one`,
    )
  return quote + name.replaceAll(quote, quote + quote) + quote
}
