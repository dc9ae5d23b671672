/**
 * Every statement that a request or a sweep sends finds its rows by an index: the databases say so themselves, about the
 * very statements and values that the store has sent.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { after, suite, test } from 'node:test'
import { createPool, type QueryOptions } from 'mysql2/promise'
import { Pool, type QueryArrayConfig } from 'pg'
import type { Store } from '../../src/index.ts'
import { mysqlStore } from '../../src/stores/mysql.ts'
import { postgresStore } from '../../src/stores/postgres.ts'
import { type SqliteDatabase, sqliteStore } from '../../src/stores/sqlite.ts'
import { startMariadb, startPostgres } from '../servers/index.ts'
import { ignoreEnd } from './postgres-clients.ts'

const NOW = Date.UTC(2026, 0, 1)
const DEAD = NOW - 1000
const LIVE = NOW + 3_600_000
/** Enough that a planner who has a choice takes the index. */
const ROWS = 3000

/** A statement as it was sent. */
interface Sent {
  readonly sql: string
  readonly values: readonly unknown[]
}

function idOf(n: number): string {
  return createHash('sha256').update(String(n)).digest('hex')
}

function rows(): (readonly [string, string, number, string | null, string])[] {
  return Array.from({ length: ROWS }, (_, n) => [idOf(n), 'version', n % 10 === 0 ? LIVE : DEAD - n, null, 'x'])
}

/** What a request and a sweep do; the statements they sent. */
async function statementsOf(store: Store, sent: Sent[]): Promise<readonly Sent[]> {
  sent.length = 0
  const [id, other] = [idOf(0), idOf(10)]
  const record = { payload: 'y', expiresAt: LIVE }
  assert.ok(await store.read(id, NOW))
  assert.equal(typeof (await store.update(id, 'version', record, NOW)), 'object')
  assert.equal(await store.update(other, 'another version', record, NOW), 'conflict')
  assert.equal(await store.touch(id, LIVE + 1, NOW), true)
  assert.ok(await store.create(idOf(1), record, NOW), 'over a dead one')
  assert.equal(await store.delete(id), true)
  const swept = await store.sweep?.(NOW, { records: 100, ms: 60_000 })
  assert.equal(swept?.removed, 100)
  assert.ok(sent.length >= 8, `${sent.length} statements were seen`)
  return [...sent]
}

/** `client` with one of its methods overheard. */
function overheard<Client extends object>(
  client: Client,
  method: keyof Client,
  hear: (...args: unknown[]) => void,
): Client {
  return new Proxy(client, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key)
      if (typeof value !== 'function') return value
      return (...args: unknown[]): unknown => {
        if (key === method) hear(...args)
        return value.apply(target, args)
      }
    },
  })
}

suite('plans of the statements', () => {
  test('SQLite', async () => {
    const database = new DatabaseSync(':memory:')
    after(() => database.close())
    const sent: Sent[] = []
    // Prepared once and run with many values: each statement is asked about once.
    const heard: SqliteDatabase = overheard<SqliteDatabase>(database, 'prepare', (sql) =>
      sent.push({ sql: String(sql), values: [] }),
    )
    const store = sqliteStore(heard)
    await store.read(idOf(0), NOW)
    const insert = database.prepare('INSERT INTO sessions VALUES (?, ?, ?, ?, ?)')
    for (const row of rows()) insert.run(...row)
    database.exec('ANALYZE')
    const first = [...sent]
    const seen = [...first, ...(await statementsOf(sqliteStore(heard), sent))]
    for (const { sql } of seen) {
      const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all()
      const details = plan.map((step) => String(step['detail']))
      assert.deepEqual(
        details.filter((detail) => /^SCAN|TEMP B-TREE/.test(detail)),
        [],
        `${sql}: ${details.join('; ')}`,
      )
    }
  })

  test('PostgreSQL', async () => {
    const server = await startPostgres()
    const pool = new Pool({ connectionString: server.url }).on('error', ignoreEnd)
    after(async () => {
      await pool.end()
      await server.stop()
    })
    const sent: Sent[] = []
    const heard = overheard(pool, 'query', (query) => {
      const { text, values = [] } = query as QueryArrayConfig
      sent.push({ sql: text, values })
    })
    const store = postgresStore(heard)
    await store.read(idOf(0), NOW)
    const columns = rows()
    const column = (at: 0 | 2): unknown[] => columns.map((row) => row[at])
    await pool.query(
      `INSERT INTO sessions (id, version, expires_at, payload)
       SELECT id, 'version', expires_at, 'x' FROM unnest($1::text[], $2::bigint[]) AS row (id, expires_at)`,
      [column(0), column(2)],
    )
    await pool.query('VACUUM ANALYZE sessions')
    for (const { sql, values } of await statementsOf(store, sent)) {
      const { rows: plan } = await pool.query(`EXPLAIN ${sql}`, [...values])
      const text = plan.map((line) => String(line['QUERY PLAN'])).join('\n')
      assert.doesNotMatch(text, /Seq Scan|Sort/, `${sql}:\n${text}`)
    }
  })

  test('MariaDB', async () => {
    const server = await startMariadb()
    const pool = createPool({ uri: server.url })
    after(async () => {
      await pool.end()
      await server.stop()
    })
    const sent: Sent[] = []
    const heard = overheard(pool, 'execute', (query) => {
      const { sql, values = [] } = query as QueryOptions
      sent.push({ sql, values: Array.isArray(values) ? values : [] })
    })
    const store = mysqlStore(heard)
    await store.read(idOf(0), NOW)
    await pool.query('INSERT INTO sessions VALUES ?', [rows()])
    await pool.query('ANALYZE TABLE sessions')
    for (const { sql, values } of await statementsOf(store, sent)) {
      if (sql.startsWith('INSERT')) continue
      const [plan] = await pool.query(`EXPLAIN ${sql}`, [...values])
      for (const step of plan as { type: string | null; key: string | null; Extra: string }[]) {
        const text = `${sql}: ${JSON.stringify(step)}`
        // Nothing read at all, where the row that the statement was about is gone by now.
        if (/no matching row|Impossible WHERE/i.test(step.Extra)) continue
        assert.notEqual(step.type, 'ALL', text)
        assert.ok(step.key === 'PRIMARY' || step.key === 'expires_at', text)
        assert.doesNotMatch(step.Extra, /filesort|temporary/, text)
      }
    }
  })
})
