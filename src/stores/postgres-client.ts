import { SessionError } from '../errors.ts'
import { withLiterals } from './postgres-literal.ts'
import type { SqlConnection, SqlRow, SqlValue } from './sql-dialect.ts'

/** What the store uses of a client: a `pg` Pool or Client, or what `postgres()` gives. */
export type PostgresClient = PgClient | PostgresJs

/** A `Pool`, `Client` or `PoolClient` of `pg`. */
export interface PgClient {
  query(query: PgQuery): Promise<{ readonly rows: unknown[][]; readonly rowCount: number | null }>
  /** A client says whether it is in a transaction; a pool has none. */
  getTransactionStatus?(): string | null
}

/** A query in the form that `pg` takes. */
export interface PgQuery {
  readonly text: string
  readonly values: SqlValue[]
  readonly rowMode: 'array'
  readonly types: { getTypeParser(): (value: string) => string }
}

/** The function that `postgres()` gives. */
export interface PostgresJs {
  unsafe(sql: string, values?: (string | number | null)[], options?: { prepare?: boolean }): PostgresJsQuery
  readonly options?: { readonly prepare: boolean }
}

/** A pending query of `postgres`. */
export interface PostgresJsQuery {
  raw(): PromiseLike<PostgresJsRows>
}

/** Rows as bytes, before any parser or transformation that the application has set. */
export interface PostgresJsRows extends Iterable<readonly unknown[]> {
  readonly count: number
}

/** A client of either kind, and a way to run several statements as one transaction. */
export interface PostgresConnection extends SqlConnection {
  readonly script: (sql: string) => Promise<void>
}

/** One shape for both clients. @throws SessionError `bad_option` for anything else. */
export function postgresConnection(client: PostgresClient): PostgresConnection {
  // A function has properties too, and `postgres` is one.
  if (client instanceof Object && 'unsafe' in client && typeof client.unsafe === 'function')
    return fromPostgresJs(client)
  if (client instanceof Object && 'query' in client && typeof client.query === 'function') return fromPg(client)
  throw new SessionError('bad_option', 'postgresStore() takes a pool or client of pg, or what postgres() gives')
}

function fromPg(client: PgClient): PostgresConnection {
  function refuseTransaction(): void {
    const status = client.getTransactionStatus?.()
    if (status === 'T' || status === 'E')
      throw new SessionError(
        'store_unusable',
        'this pg client is in a transaction of the application, which could undo what a visitor was told is saved: ' +
          'give postgresStore() a Pool, or a client of its own',
      )
  }

  async function run(text: string, values: readonly SqlValue[]): ReturnType<PgClient['query']> {
    // Before, so that nothing joins a transaction already open; after, for a BEGIN that was under way.
    refuseTransaction()
    const result = await client.query({ text, values: [...values], rowMode: 'array', types: AS_TEXT })
    refuseTransaction()
    return result
  }

  // A pool gives each call a connection. A single client wants its queries one after the other.
  const inTurn = client.getTransactionStatus === undefined ? run : oneAtATime(run)
  return {
    query: async (sql, values) => (await inTurn(sql, values)).rows,
    change: async (sql, values) => (await inTurn(sql, values)).rowCount ?? 0,
    script: async (sql) => {
      await inTurn(sql, [])
    },
  }
}

function oneAtATime<Args extends unknown[], Result>(
  call: (...args: Args) => Promise<Result>,
): (...args: Args) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve()
  return (...args) => {
    const result = last.then(() => call(...args))
    last = result.catch(() => {})
    return result
  }
}

/** The application may have told pg to make numbers or BigInts of int8: positions and text depend on nobody. */
const AS_TEXT: PgQuery['types'] = { getTypeParser: () => (value) => value }

/**
 * With prepared statements a call is one round trip, after the first. Without them (`prepare: false`, for a pooler in
 * transaction mode) this client would ask for the types of the parameters first: a second round trip, in a form that
 * PgBouncer 1.18 loses when several calls share a connection, so that they never return. Then the values go into the
 * statement, as literals.
 */
function fromPostgresJs(client: PostgresJs): PostgresConnection {
  const run = (sql: string, values: readonly SqlValue[]): PromiseLike<PostgresJsRows> =>
    client.options?.prepare !== false
      ? client.unsafe(sql, values.map(plain), { prepare: true }).raw()
      : client.unsafe(withLiterals(sql, values)).raw()
  return {
    query: async (sql, values): Promise<SqlRow[]> => [...(await run(sql, values))],
    change: async (sql, values) => (await run(sql, values)).count,
    script: async (sql) => {
      await client.unsafe(sql).raw()
    },
  }
}

function plain(value: SqlValue): string | number | null {
  return value instanceof Uint8Array ? null : value
}
