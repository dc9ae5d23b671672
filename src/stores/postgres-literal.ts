import type { SqlValue } from './sql-dialect.ts'

/**
 * Text as a literal. The E form means the same whatever `standard_conforming_strings` says; in it, quotes and
 * backslashes are all that has a meaning.
 */
export function textLiteral(text: string): string {
  return `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
}

/** Quoted names and literals, which may hold what looks like a placeholder; or a placeholder. */
const TOKEN = /"(?:[^"]|"")*"|'(?:[^'\\]|''|\\.)*'|\$(\d+)/gs

/** A statement with its values in the place of `$1`, `$2` …, for a protocol that has no parameters. */
export function withLiterals(sql: string, values: readonly SqlValue[]): string {
  return sql.replace(TOKEN, (token, n?: string) => (n === undefined ? token : literal(values[Number(n) - 1])))
}

function literal(value: SqlValue | undefined): string {
  if (typeof value === 'string') return textLiteral(value)
  return typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : 'NULL'
}
