import type { Clock } from '../runtime/clock.ts'
import { SessionError } from '../errors.ts'
import type { Store } from '../store.ts'
import { type PostgresClient, postgresConnection } from './postgres-client.ts'
import { textLiteral } from './postgres-literal.ts'
import type { SqlDialect, SqlFault } from './sql-dialect.ts'
import { quotedName, type SqlTableOptions } from './sql-schema.ts'
import { sqlStatements } from './sql-statements.ts'
import { sqlStore } from './sql-store.ts'

export type { PostgresClient } from './postgres-client.ts'

/** How {@link postgresStore} keeps sessions. */
export interface PostgresStoreOptions extends SqlTableOptions {
  /** The schema of the table, quoted by the store; it must exist. Default: the first of the client's search path. */
  readonly schema?: string
  /** Time, for the pauses after a deadlock. Default: the machine's. */
  readonly clock?: Clock
}

/** Which table the printed SQL is for. */
export type PostgresTable = Pick<PostgresStoreOptions, 'table' | 'schema'>

/** PostgreSQL cuts longer names off without an error; the names of the indexes add eleven bytes to the table's. */
const NAME_BYTES = 63
const TABLE_BYTES = NAME_BYTES - '_expires_at'.length

/** Our half of the keys of advisory locks, so that they do not meet the application's: "Coat" in ASCII. */
const LOCK_CLASS = 0x436f6174

/**
 * Sessions in a table of PostgreSQL 12 or later, through a `pg` pool or client or a `postgres` function. The client
 * stays the application's: it is never closed.
 *
 * Every statement is a transaction of its own, so a pooler in transaction mode is fine. On a single `pg` client in
 * whose transaction a session would end up, calls reject with `store_unusable`: give the store a pool.
 *
 * @throws {@link SessionError} `bad_option` when an option makes no sense.
 */
export function postgresStore(client: PostgresClient, options: PostgresStoreOptions = {}): Required<Store> {
  const { createTable = true, clock } = options
  const { table } = names(options)
  const connection = postgresConnection(client)
  const schemaSql = postgresSchemaSql(options)
  const dialect: SqlDialect = {
    server: 'PostgreSQL',
    table,
    schemaSql,
    createTable,
    query: connection.query,
    change: connection.change,
    statements: sqlStatements({
      table,
      placeholder: (n) => `$${n}`,
      select: (column) => column,
      size: 'octet_length(payload)',
      ownerIs: `${OWNER_KEY} = left(?, 500) AND owner = ?`,
      unlessTaken: ' ON CONFLICT (id) DO NOTHING',
    }),
    chunkMs: 10,
    async sweep(now, from, limit) {
      const [row] = await connection.query(sweepSql(table, limit), [from, now])
      const [removed, last] = row ?? []
      return { removed: Number(removed), last: Number(last ?? 0) }
    },
    // CREATE … IF NOT EXISTS of several processes at once fails on the catalogue's own unique indexes. Statements sent
    // in one string are one transaction, which is as long as this lock is held.
    create: () => connection.script(`SELECT pg_advisory_xact_lock(${LOCK_CLASS}, 0);\n${schemaSql}`),
    faultOf,
    bind: (text) => text,
  }
  return sqlStore(dialect, { clock })
}

/** What the index on owners holds: an entry must fit into a third of a page, an owner need not. */
const OWNER_KEY = 'left(owner, 500)'

/**
 * The SQL that makes the table and its indexes as {@link postgresStore} does, for a migration tool.
 * @throws {@link SessionError} `bad_option` for a name PostgreSQL cannot have.
 */
export function postgresSchemaSql(options: PostgresTable = {}): string {
  const { table, byDeadline, byOwner } = names(options)
  return [
    `CREATE TABLE IF NOT EXISTS ${table} (`,
    '  id text COLLATE "C" PRIMARY KEY, -- SHA-256 of the session token, in hex',
    '  version text NOT NULL, -- changes with every write of the payload',
    '  expires_at bigint NOT NULL, -- Unix milliseconds',
    '  owner text COLLATE "C",',
    '  payload text NOT NULL',
    ');',
    `CREATE INDEX IF NOT EXISTS ${byDeadline} ON ${table} (expires_at);`,
    `CREATE INDEX IF NOT EXISTS ${byOwner} ON ${table} (${OWNER_KEY}, id) WHERE owner IS NOT NULL;`,
  ].join('\n')
}

/**
 * SQL that lets PostgreSQL remove dead records by itself, for a migration tool: with every new session by a
 * `'trigger'`, or every minute by a `'pg_cron'` job. It goes by the server's clock, a minute late, so that a clock that
 * is ahead ends no session early.
 * @throws {@link SessionError} `bad_option` for a name PostgreSQL cannot have.
 */
export function postgresExpirySql(by: 'trigger' | 'pg_cron', options: PostgresTable = {}): string {
  const { table, expiry } = names(options)
  const now = '(extract(epoch FROM clock_timestamp()) * 1000)::bigint - 60000'
  // A batch: the visitor whose insert fires the trigger waits for it.
  const remove = (limit: number): string =>
    `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${table} WHERE expires_at <= ${now} ` +
    `ORDER BY expires_at LIMIT ${limit} FOR UPDATE SKIP LOCKED))`
  if (by === 'pg_cron')
    return `SELECT cron.schedule(${textLiteral(`sweep ${table}`)}, '* * * * *', ${textLiteral(remove(10_000))});`
  return [
    `CREATE OR REPLACE FUNCTION ${expiry}() RETURNS trigger LANGUAGE plpgsql AS ${textLiteral(
      `BEGIN ${remove(10)}; RETURN NULL; END`,
    )};`,
    `CREATE OR REPLACE TRIGGER sweep AFTER INSERT ON ${table} EXECUTE FUNCTION ${expiry}();`,
  ].join('\n')
}

function names({ table = 'sessions', schema }: PostgresTable) {
  const prefix = schema === undefined ? '' : `${quotedName(schema, '"', { option: 'schema', bytes: NAME_BYTES })}.`
  return {
    table: prefix + quotedName(table, '"', { bytes: TABLE_BYTES }),
    byDeadline: quotedName(`${table}_expires_at`, '"'),
    byOwner: quotedName(`${table}_owner`, '"'),
    expiry: `${prefix}${quotedName(`${table}_sweep`, '"')}`,
  }
}

/**
 * One chunk. Who finds another process sweeping this table removes nothing, which ends its sweep: the other goes on.
 * Records that a request holds locked are left to the next sweep.
 *
 * The index still leads to removed records until a vacuum: without a place to go on from, each of 1,800 chunks would
 * walk over all that the others removed (from 3 ms to 30 ms a chunk, measured with 900,000 dead records).
 */
function sweepSql(table: string, limit: number): string {
  // The table itself is what is locked, whatever the search path made of its name.
  const lock = `pg_try_advisory_xact_lock(${LOCK_CLASS}, ${textLiteral(table)}::regclass::oid::int)`
  const dead =
    `SELECT ctid FROM ${table} WHERE (SELECT ${lock}) AND expires_at >= $1 AND expires_at <= $2 ` +
    `ORDER BY expires_at LIMIT ${limit} FOR UPDATE SKIP LOCKED`
  const removed = `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(${dead})) RETURNING expires_at`
  return `WITH removed AS (${removed}) SELECT count(*), max(expires_at) FROM removed`
}

const FAULTS: Readonly<Record<string, SqlFault>> = {
  '42P01': 'no-table',
  '42703': 'no-column',
  '42P10': 'no-key',
  // A deadlock, and what the levels above READ COMMITTED answer when another was faster.
  '40P01': 'again',
  '40001': 'again',
  '54000': 'too-large',
}

function faultOf(error: unknown): SqlFault | undefined {
  if (error instanceof SessionError || typeof error !== 'object' || error === null) return undefined
  return 'code' in error && typeof error.code === 'string' ? FAULTS[error.code] : undefined
}
