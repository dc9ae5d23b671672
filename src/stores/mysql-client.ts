import { SessionError } from '../errors.ts'
import type { SqlConnection, SqlRow, SqlValue } from './sql-dialect.ts'

/** What the store uses of `mysql2`: a pool or a connection, with promises or with callbacks. */
export type MysqlClient = MysqlPromiseClient | MysqlCallbackClient

/** A `Pool`, `Connection` or `PoolConnection` of `mysql2/promise`. */
export interface MysqlPromiseClient {
  execute(query: MysqlQuery): Promise<[unknown, unknown]>
}

/** A `Pool`, `Connection` or `PoolConnection` of `mysql2`. */
export interface MysqlCallbackClient {
  promise(): MysqlPromiseClient
}

/** A statement in the form that `mysql2` takes. */
export interface MysqlQuery {
  readonly sql: string
  readonly values: SqlValue[]
  readonly rowsAsArray: true
  readonly namedPlaceholders: false
  readonly nestTables: false
  readonly typeCast: (field: unknown, next: () => unknown) => unknown
}

/** A client, and a way to make a table that never commits what is not ours. */
export interface MysqlConnection extends SqlConnection {
  readonly create: (sql: string) => Promise<void>
}

/** Bits of the status that a server sends with every result. */
const IN_TRANSACTION = 1

/** Below this no server of today refuses a statement; above it the server's limit is asked for, once. */
const SURELY_TAKEN = 1_000_000

/** What a statement has beside its largest values. */
const REST_OF_PACKET = 4096

/** Only a function takes the place of a function that the application has set for its connections. */
const SHAPE = {
  rowsAsArray: true,
  namedPlaceholders: false,
  nestTables: false,
  typeCast: (_field: unknown, next: () => unknown): unknown => next(),
} as const

/** One shape for all clients. @throws SessionError `bad_option` for anything else. */
export function mysqlConnection(given: MysqlClient): MysqlConnection {
  const client = promising(given)
  let largestPacket: number | undefined

  /**
   * Always as a prepared statement: the server then knows text from data, whatever `sql_mode` makes of a backslash.
   * Options of the application that would change the shape of a row are set back.
   */
  async function run(sql: string, values: readonly SqlValue[]): Promise<unknown> {
    const [result] = await client.execute({ sql, values: [...values], ...SHAPE })
    return result
  }

  async function query(sql: string, values: readonly SqlValue[]): Promise<readonly SqlRow[]> {
    const rows = await run(sql, values)
    return Array.isArray(rows) ? rows.filter((row) => Array.isArray(row)) : []
  }

  /** A server that is sent too much closes the connection, some before their error can be read. */
  async function refuseTooLarge(values: readonly SqlValue[]): Promise<void> {
    const bytes = values.reduce<number>((sum, value) => sum + (value instanceof Uint8Array ? value.length : 0), 0)
    if (bytes <= SURELY_TAKEN) return
    largestPacket ??= Number((await query('SELECT @@max_allowed_packet', []))[0]?.[0])
    if (bytes + REST_OF_PACKET <= largestPacket) return
    throw new SessionError(
      'record_too_large',
      `${bytes} bytes do not fit into MySQL's max_allowed_packet of ${largestPacket}: keep less in the session, or ` +
        'raise max_allowed_packet',
    )
  }

  return {
    query,
    async change(sql, values) {
      await refuseTooLarge(values)
      const result = headerOf(await run(sql, values))
      if (isInTransaction(result))
        throw new SessionError(
          'store_unusable',
          'this mysql2 connection is in a transaction of the application, or has autocommit off, which could undo ' +
            'what a visitor was told is saved: give mysqlStore() a pool with autocommit on',
        )
      return result.affectedRows ?? 0
    },
    async create(sql) {
      // CREATE TABLE commits whatever is open on its connection.
      if (isInTransaction(headerOf(await run('DO 0', []))))
        throw new SessionError(
          'store_unusable',
          'the table is missing, and making it now would commit a transaction of the application: give mysqlStore() ' +
            'a pool, or make the table beforehand',
        )
      await run(sql, [])
    },
  }
}

function promising(client: MysqlClient): MysqlPromiseClient {
  if (client instanceof Object && 'promise' in client && typeof client.promise === 'function') return client.promise()
  if (client instanceof Object && 'execute' in client && typeof client.execute === 'function') return client
  throw new SessionError('bad_option', 'mysqlStore() takes a pool or a connection of mysql2')
}

interface Header {
  readonly affectedRows?: number
  readonly serverStatus?: number
}

function headerOf(result: unknown): Header {
  return typeof result === 'object' && result !== null ? result : {}
}

function isInTransaction({ serverStatus = 0 }: Header): boolean {
  return (serverStatus & IN_TRANSACTION) !== 0
}
