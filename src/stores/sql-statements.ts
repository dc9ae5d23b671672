import type { SqlStatements } from './sql-dialect.ts'

/** Where the databases phrase the same statement differently. */
export interface SqlPhrases {
  /** The quoted name of the table. */
  readonly table: string
  /** The n-th placeholder of a statement, from 1. */
  readonly placeholder: (n: number) => string
  /** `owner` and `payload` in a select list. */
  readonly select: (column: 'owner' | 'payload') => string
  /** `expires_at` in a select list, where it needs more than its name. */
  readonly deadline?: string
  /** The size of the payload in bytes. */
  readonly size: string
  /** A condition that finds the records of one owner, exactly and by an index; every `?` is the owner. */
  readonly ownerIs: string
  /** What makes an insert change nothing when the ID is taken. */
  readonly unlessTaken: string
}

/**
 * The statements of one database. Every one of them carries its whole condition (ID, version, deadline), so that the
 * database decides each race by itself, in one round trip and without a transaction that spans two.
 */
export function sqlStatements(phrases: SqlPhrases): SqlStatements {
  const { table, select, deadline = 'expires_at', size, ownerIs, unlessTaken } = phrases
  const columns = `version, ${deadline}, ${select('owner')}, ${select('payload')}`
  const assignments = 'version = ?, expires_at = ?, owner = ?, payload = ?'
  // The table's name goes in last, because a quoted name may contain what looks like a placeholder.
  const text = (sql: string): string => {
    let n = 0
    const numbered = sql.replace(/\?/g, () => phrases.placeholder(++n))
    return numbered.replaceAll('@table', () => table)
  }
  const page = (condition: string) => (limit: number) =>
    text(`SELECT id, ${columns}, ${size} FROM @table WHERE ${condition}id > ? ORDER BY id LIMIT ${limit}`)
  return {
    read: text(`SELECT ${columns} FROM @table WHERE id = ? AND expires_at > ?`),
    alive: text('SELECT 1 FROM @table WHERE id = ? AND expires_at > ?'),
    insert: text(`INSERT INTO @table (id, version, expires_at, owner, payload) VALUES (?, ?, ?, ?, ?)${unlessTaken}`),
    replaceDead: text(`UPDATE @table SET ${assignments} WHERE id = ? AND expires_at <= ?`),
    update: text(`UPDATE @table SET ${assignments} WHERE id = ? AND version = ? AND expires_at > ?`),
    touch: text('UPDATE @table SET expires_at = ? WHERE id = ? AND expires_at > ? AND expires_at < ?'),
    remove: text('DELETE FROM @table WHERE id = ?'),
    list: page(''),
    listOwned: page(`${ownerIs} AND `),
    ownerPlaceholders: ownerIs.split('?').length - 1,
    probe: (column) => text(`SELECT ${column} FROM @table s WHERE 1 = 0`),
  }
}
