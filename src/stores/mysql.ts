import type { Clock } from '../runtime/clock.ts'
import { SessionError } from '../errors.ts'
import type { Store } from '../store.ts'
import { type MysqlClient, mysqlConnection } from './mysql-client.ts'
import type { SqlDialect, SqlFault } from './sql-dialect.ts'
import { quotedName, type SqlTableOptions } from './sql-schema.ts'
import { sqlStatements } from './sql-statements.ts'
import { sqlStore } from './sql-store.ts'
import { shown } from '../options/shown.ts'

export type { MysqlClient } from './mysql-client.ts'

/** How {@link mysqlStore} keeps sessions. */
export interface MysqlStoreOptions extends SqlTableOptions {
  /** The database of the table, quoted by the store; it must exist. Default: the one the client is connected to. */
  readonly schema?: string
  /** Time, for the pauses after a deadlock. Default: the machine's. */
  readonly clock?: Clock
}

/** Which table the printed SQL is for. */
export type MysqlTable = Pick<MysqlStoreOptions, 'table' | 'schema'>

/**
 * Sessions in an InnoDB table of MySQL 8 or MariaDB 10.6 and later, through a pool or a connection of `mysql2`, with
 * promises or with callbacks. The client stays the application's: it is never closed.
 *
 * Every statement is a transaction of its own. On a single connection in whose transaction a session ended up, calls
 * reject with `store_unusable`: give the store a pool.
 *
 * @throws {@link SessionError} `bad_option` when an option makes no sense.
 */
export function mysqlStore(client: MysqlClient, options: MysqlStoreOptions = {}): Required<Store> {
  const { createTable = true, clock } = options
  const table = tableName(options)
  const schemaSql = mysqlSchemaSql(options)
  const { create, ...connection } = mysqlConnection(client)
  const dialect: SqlDialect = {
    ...connection,
    server: 'MySQL',
    table,
    schemaSql,
    createTable,
    statements: sqlStatements({
      table,
      placeholder: () => '?',
      // As bytes in both directions: a connection in latin1 would else turn what latin1 lacks into question marks.
      select: (column) => `CAST(${column} AS BINARY)`,
      size: 'LENGTH(payload)',
      // The collation takes trailing spaces for nothing, so the bytes have the last word.
      ownerIs: 'owner = CONVERT(? USING utf8mb4) COLLATE utf8mb4_bin AND CAST(owner AS BINARY) = ?',
      unlessTaken: '',
    }),
    chunkMs: 10,
    // By the deadline's index alone, so that no live record is locked; another sweep waits for these rows and then takes
    // the next. Ties go by ID, which makes the statement safe for replication by statement.
    async sweep(now, _from, limit) {
      const sql = `DELETE FROM ${table} WHERE expires_at <= ? ORDER BY expires_at, id LIMIT ${limit}`
      return { removed: await connection.change(sql, [now]) }
    },
    create: () => create(schemaSql),
    faultOf,
    bind: (text) => Buffer.from(text, 'utf8'),
  }
  return sqlStore(dialect, { clock })
}

/**
 * The SQL that makes the table and its indexes as {@link mysqlStore} does, for a migration tool.
 * @throws {@link SessionError} `bad_option` for a name MySQL cannot have.
 */
export function mysqlSchemaSql(options: MysqlTable = {}): string {
  return [
    `CREATE TABLE IF NOT EXISTS ${tableName(options)} (`,
    '  id CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY, -- SHA-256 of the session token, in hex',
    '  version CHAR(24) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, -- changes with every write of the payload',
    '  expires_at BIGINT NOT NULL, -- Unix milliseconds',
    '  owner MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,',
    '  payload LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,',
    '  KEY expires_at (expires_at),',
    '  KEY owner (owner(191))',
    ') ENGINE = InnoDB;',
  ].join('\n')
}

/**
 * SQL for an event that lets MySQL or MariaDB remove dead records by itself, every minute, for a migration tool. It
 * needs `event_scheduler = ON`, and goes by the server's clock, a minute late, so that a clock that is ahead ends no
 * session early.
 * @throws {@link SessionError} `bad_option` for a name MySQL cannot have.
 */
export function mysqlExpirySql(options: MysqlTable = {}): string {
  const { table = 'sessions', schema } = options
  const event = tableName({ table: `${table}_sweep`, ...(schema === undefined ? {} : { schema }) })
  // UNIX_TIMESTAMP() counts from 1970 in UTC, whatever the time zone.
  return (
    `CREATE EVENT IF NOT EXISTS ${event} ON SCHEDULE EVERY 1 MINUTE DO\n` +
    `  DELETE FROM ${tableName(options)} WHERE expires_at <= (UNIX_TIMESTAMP() - 60) * 1000 ` +
    'ORDER BY expires_at, id LIMIT 10000;'
  )
}

function tableName({ table = 'sessions', schema }: MysqlTable): string {
  const prefix = schema === undefined ? '' : `${name(schema, 'schema')}.`
  return prefix + name(table, 'table')
}

function name(text: string, option: string): string {
  const quoted = quotedName(text, '`', { option })
  if (text.length > 64 || text.endsWith(' ') || /[\u{10000}-\u{10ffff}]/u.test(text))
    throw new SessionError(
      'bad_option',
      `${option} is ${shown(text)}: names in MySQL have at most 64 characters, none above U+FFFF, and no ` +
        'space at the end',
    )
  return quoted
}

const FAULTS: Readonly<Record<number, SqlFault>> = {
  1146: 'no-table',
  1054: 'no-column',
  1062: 'duplicate',
  // A deadlock; a row that changed since the snapshot (MariaDB 11.6); a table that was made anew while in use.
  1213: 'again',
  1020: 'again',
  1412: 'again',
  1615: 'again',
  1153: 'too-large',
  1301: 'too-large',
}

function faultOf(error: unknown): SqlFault | undefined {
  if (error instanceof SessionError || typeof error !== 'object' || error === null) return undefined
  return 'errno' in error && typeof error.errno === 'number' ? FAULTS[error.errno] : undefined
}
