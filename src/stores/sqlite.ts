import { type Clock, systemClock } from '../runtime/clock.ts'
import { type Duration, inWords, milliseconds } from '../options/duration.ts'
import { SessionError } from '../errors.ts'
import type { Store } from '../store.ts'
import type { SqlDialect, SqlFault, SqlRow, SqlValue } from './sql-dialect.ts'
import { quotedName, type SqlTableOptions } from './sql-schema.ts'
import { sqlStatements } from './sql-statements.ts'
import { sqlStore } from './sql-store.ts'
import { openSqliteFile } from './sqlite-file.ts'

/** What the store uses of a database: a `DatabaseSync` of node:sqlite or a `Database` of better-sqlite3. */
export interface SqliteDatabase {
  exec(sql: string): unknown
  prepare(sql: string): SqliteStatement
  /** node:sqlite: whether the application has a transaction open. */
  readonly isTransaction?: boolean | undefined
  /** better-sqlite3: the same. */
  readonly inTransaction?: boolean | undefined
}

/** A prepared statement of either client. */
export interface SqliteStatement {
  all(...values: (string | number | null)[]): unknown[]
  run(...values: (string | number | null)[]): { readonly changes: number | bigint }
}

/** How {@link sqliteStore} keeps sessions. */
export interface SqliteStoreOptions extends SqlTableOptions {
  /**
   * How long a call goes on trying while another process writes, or while a transaction of the application is open on
   * this database; then it rejects with `store_timeout`. Default `'5s'`.
   */
  readonly busyTimeout?: Duration
  /**
   * Wait for the disk before a write counts; only for a store that opens the file itself. Without it (default) an
   * acknowledged write survives the death of the process; a power failure may lose the last ones, never more.
   */
  readonly fsync?: boolean
  /** Time, for the pauses while the database is locked. Default: the machine's. */
  readonly clock?: Clock
}

/**
 * Sessions in a table of a SQLite database: an open one, or a file, which is made with mode 0600, used in WAL mode
 * and closed by `close()`. Any number of processes of one host may share it.
 *
 * SQLite's drivers do their work on the event loop. No call here waits inside one: while the database is locked, the
 * store pauses and tries again.
 *
 * @throws {@link SessionError} `store_unusable` when the file cannot be opened or the runtime has no `node:sqlite`;
 * `bad_option` when an option makes no sense.
 */
export function sqliteStore(database: SqliteDatabase | string, options: SqliteStoreOptions = {}): Required<Store> {
  const { clock = systemClock, busyTimeout = '5s', fsync = false } = options
  const patience = milliseconds(busyTimeout, 'busyTimeout')
  const schemaSql = sqliteSchemaSql(options)
  const table = quotedName(options.table ?? 'sessions', '"')
  const own = typeof database === 'string' ? openSqliteFile(database, fsync) : undefined
  const given = own?.database ?? database
  if (typeof given === 'string') throw new SessionError('bad_option', 'sqliteStore() takes a database or a file')
  return sqlStore(dialectOf(given, { table, schemaSql, own, patience, createTable: options.createTable ?? true }), {
    clock,
    patience,
  })
}

/** The SQL that makes the table and its indexes as {@link sqliteStore} does, for a migration tool. */
export function sqliteSchemaSql({ table: name = 'sessions' }: Pick<SqliteStoreOptions, 'table'> = {}): string {
  const table = quotedName(name, '"')
  return [
    `CREATE TABLE IF NOT EXISTS ${table} (`,
    '  id TEXT PRIMARY KEY NOT NULL, -- SHA-256 of the session token, in hex',
    '  version TEXT NOT NULL, -- changes with every write of the payload',
    '  expires_at INTEGER NOT NULL, -- Unix milliseconds',
    '  owner TEXT,',
    '  payload TEXT NOT NULL',
    ') STRICT;',
    `CREATE INDEX IF NOT EXISTS ${quotedName(`${name}_expires_at`, '"')} ON ${table} (expires_at);`,
    `CREATE INDEX IF NOT EXISTS ${quotedName(`${name}_owner`, '"')} ON ${table} (owner, id) WHERE owner IS NOT NULL;`,
  ].join('\n')
}

interface Setup extends Pick<SqlDialect, 'table' | 'schemaSql' | 'createTable'> {
  readonly own: ReturnType<typeof openSqliteFile> | undefined
  readonly patience: number
}

function dialectOf(database: SqliteDatabase, { own, patience, ...setup }: Setup): SqlDialect {
  const prepared = new Map<string, SqliteStatement>()

  /** The driver works at once or throws; the algorithm waits for promises. */
  async function on<Result>(work: () => Result): Promise<Result> {
    try {
      own?.prepare()
      // A write would become part of that transaction and could be rolled back with it; a read would see the database
      // as it was when it began. A lock, so to speak, held by the application.
      if (inTransaction(database)) throw locked('a transaction of the application is open on it', patience)
      return work()
    } catch (error) {
      throw isBusy(error) ? locked('another connection is writing', patience, error) : error
    }
  }

  function prepare(sql: string): SqliteStatement {
    const known = prepared.get(sql)
    if (known !== undefined) return known
    const made = database.prepare(sql)
    prepared.set(sql, made)
    return made
  }

  const change: SqlDialect['change'] = (sql, values) =>
    on(() => Number(prepare(sql).run(...values.map(boundValue)).changes))

  return {
    ...setup,
    server: 'SQLite',
    statements: sqlStatements({
      table: setup.table,
      placeholder: () => '?',
      select: (column) => column,
      // node:sqlite refuses whole rows with an integer beyond 2^53: one that somebody else wrote would end every list.
      deadline: 'CAST(expires_at AS REAL)',
      size: 'length(CAST(payload AS BLOB))',
      ownerIs: 'owner = ?',
      unlessTaken: ' ON CONFLICT (id) DO NOTHING',
    }),
    query: (sql, values) =>
      on(() =>
        prepare(sql)
          .all(...values.map(boundValue))
          .map(cellsOf),
      ),
    change,
    // All of them on the event loop: visitors wait for a chunk.
    chunkMs: 2,
    sweep: async (now, _from, limit) => ({ removed: await change(sweepSql(setup.table, limit), [now]) }),
    create: () => on(() => createAtOnce(database, setup.schemaSql)),
    faultOf,
    bind: (text) => text,
    async close() {
      own?.close()
    },
  }
}

function sweepSql(table: string, limit: number): string {
  const dead = `SELECT rowid FROM ${table} WHERE expires_at <= ? ORDER BY expires_at LIMIT ${limit}`
  return `DELETE FROM ${table} WHERE rowid IN (${dead})`
}

/** All or nothing, so that a process which dies half-way leaves no table without its indexes. */
function createAtOnce(database: SqliteDatabase, schemaSql: string): void {
  try {
    database.exec(`BEGIN IMMEDIATE;\n${schemaSql}\nCOMMIT;`)
  } catch (error) {
    if (inTransaction(database)) database.exec('ROLLBACK')
    throw error
  }
}

function inTransaction(database: SqliteDatabase): boolean {
  return database.isTransaction === true || database.inTransaction === true
}

function locked(why: string, patience: number, cause?: unknown): SessionError {
  const detail = `the SQLite database was locked for ${inWords(patience)}: ${why}. Keep transactions short`
  return new SessionError('store_timeout', detail, { cause })
}

/** node:sqlite gives SQLite's own (extended) number, better-sqlite3 its name. */
function isBusy(error: unknown): boolean {
  const { errcode, code } = codesOf(error)
  // The low byte is the primary code: 5 SQLITE_BUSY, 6 SQLITE_LOCKED.
  return [5, 6].includes(Number(errcode) % 256) || /^SQLITE_(BUSY|LOCKED)/.test(String(code))
}

function faultOf(error: unknown): SqlFault | undefined {
  if (error instanceof SessionError) return error.code === 'store_timeout' ? 'again' : undefined
  const { errcode, code } = codesOf(error)
  if (errcode === 18 || code === 'SQLITE_TOOBIG') return 'too-large'
  const message = error instanceof Error ? error.message : ''
  if (message.startsWith('no such table')) return 'no-table'
  if (/^no such column|has no column named/.test(message)) return 'no-column'
  if (message.startsWith('ON CONFLICT clause does not match')) return 'no-key'
  return undefined
}

function codesOf(error: unknown): { readonly errcode?: unknown; readonly code?: unknown } {
  return typeof error === 'object' && error !== null ? error : {}
}

/** Rows are objects, or arrays where the application asked its client for that. */
function cellsOf(row: unknown): SqlRow {
  if (Array.isArray(row)) return row
  return typeof row === 'object' && row !== null ? Object.values(row) : []
}

function boundValue(value: SqlValue): string | number | null {
  return value instanceof Uint8Array ? null : value
}
