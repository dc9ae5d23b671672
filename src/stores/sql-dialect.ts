/**
 * What one database adds to the algorithm in `sql-store.ts`: how to talk to it, how it phrases six statements, and
 * what its errors mean. Types only.
 */

/** What is bound to a placeholder. Bytes where a driver would otherwise convert text to the connection's charset. */
export type SqlValue = string | number | null | Uint8Array

/** The columns of a row, in the order of the select list: no driver's option can rename a position. */
export type SqlRow = readonly unknown[]

/** What an error of the driver means to the algorithm; anything else is passed on as it is. */
export type SqlFault =
  | 'no-table'
  | 'no-column'
  | 'no-key'
  /** An insert met a row with its ID. */
  | 'duplicate'
  /** Nothing was done, and trying again may work: a deadlock, a locked database. */
  | 'again'
  | 'too-large'

/** A client, reduced to what the algorithm needs: every call is one statement in its own transaction. */
export interface SqlConnection {
  /** The rows of a select. */
  readonly query: (sql: string, values: readonly SqlValue[]) => Promise<readonly SqlRow[]>
  /** Run an insert, update or delete; resolves with the number of rows it changed. */
  readonly change: (sql: string, values: readonly SqlValue[]) => Promise<number>
}

/** One database, for one table. */
export interface SqlDialect extends SqlConnection {
  /** For messages: `PostgreSQL`. */
  readonly server: string
  /** The quoted name of the table. */
  readonly table: string
  readonly statements: SqlStatements
  /** The statements that make the table, for messages. */
  readonly schemaSql: string
  /** Whether the store may make a missing table. */
  readonly createTable: boolean
  /** Make the table and its indexes. Must be harmless when others do so at the same time, or have done so. */
  create(): Promise<void>
  /** Milliseconds that one statement of a sweep should take at most. */
  readonly chunkMs: number
  /** Remove at most `limit` records that are dead at `now`: of those with a deadline from `from` on, the earliest. */
  sweep(now: number, from: number, limit: number): Promise<SweptChunk>
  faultOf(error: unknown): SqlFault | undefined
  /** A payload or an owner as it is bound. */
  bind(text: string): SqlValue
  close?(): Promise<void>
}

/** What one statement of a sweep did. */
export interface SweptChunk {
  readonly removed: number
  /** The latest deadline removed: what `from` may be next time, where walking over the removed ones costs time. */
  readonly last?: number
}

/** Texts with placeholders, in the order in which `sql-store.ts` binds them. */
export interface SqlStatements {
  /** id, now → version, expires_at, owner, payload */
  readonly read: string
  /** id, now → anything, when the record lives */
  readonly alive: string
  /** id, version, expires_at, owner, payload. Changes nothing, or fails as `duplicate`, when the ID is taken. */
  readonly insert: string
  /** version, expires_at, owner, payload, id, now: only when the record there is dead */
  readonly replaceDead: string
  /** version, expires_at, owner, payload, id, expected version, now */
  readonly update: string
  /** expires_at, id, now, expires_at */
  readonly touch: string
  /** id */
  readonly remove: string
  /** after which id → id, version, expires_at, owner, payload, size */
  readonly list: (limit: number) => string
  /** owner as often as {@link ownerPlaceholders} says, after which id → the same */
  readonly listOwned: (limit: number) => string
  readonly ownerPlaceholders: number
  /** Nothing, unless the column is missing. */
  readonly probe: (column: string) => string
}
