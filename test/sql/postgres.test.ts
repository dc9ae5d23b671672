import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { Client, Pool } from 'pg'
import postgres from 'postgres'
import { postgresExpirySql, postgresSchemaSql, postgresStore } from '../../src/stores/postgres.ts'
import { startPgbouncer, startPostgres } from '../servers/index.ts'
import { ignoreEnd } from './postgres-clients.ts'
import { workAtOnce } from './processes.ts'
import { isError, sqlPromises } from './promises.ts'

const NOW = Date.UTC(2026, 0, 1)
const ID = 'a'.repeat(64)
const record = { payload: 'payload', expiresAt: NOW + 60_000 }

const server = await startPostgres()
const pools = Array.from({ length: 10 }, () =>
  new Pool({ connectionString: server.url, max: 4 }).on('error', ignoreEnd),
)
const pool = pools[0] ?? new Pool()
after(async () => {
  await Promise.all(pools.map((each) => each.end()))
  await server.stop()
})

const sql = async (statement: string): Promise<readonly unknown[]> => {
  const { rows } = await pool.query<unknown[]>({ text: statement, rowMode: 'array' })
  return rows.map(([first]) => first)
}

sqlPromises({
  label: 'postgres',
  url: server.url,
  open: (options, handle = 0) => postgresStore(pools[handle] ?? pool, options),
  sql,
  quoted: (name) => `"${name.replaceAll('"', '""')}"`,
  schemaSql: postgresSchemaSql,
  objects: async (table) =>
    (await sql(`SELECT indexdef FROM pg_indexes WHERE tablename = '${table}' ORDER BY indexname`)).map(String),
})

suite('postgres', () => {
  test('who finds the table missing waits until another has made it', { timeout: 60_000 }, async () => {
    const other = await pools[1]?.connect()
    assert.ok(other)
    await other.query('BEGIN')
    await other.query('SELECT pg_advisory_xact_lock(1131372916, 0)')
    const reading = postgresStore(pool, { table: 'queued' }).read(ID, NOW)
    const waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND classid = 1131372916 AND NOT granted"
    while ((await sql(waiting)).length === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    await other.query('COMMIT')
    other.release()
    assert.equal(await reading, null)
  })

  test('a sweep passes over what is locked, and gives way to another sweep', { timeout: 60_000 }, async () => {
    const store = postgresStore(pool, { table: 'contended' })
    for (const id of [ID, 'b'.repeat(64)]) await store.create(id, record, NOW)
    const other = await pools[1]?.connect()
    assert.ok(other)
    await other.query('BEGIN')
    await other.query(`SELECT id FROM contended WHERE id = '${ID}' FOR UPDATE`)
    const limit = { records: 10, ms: 1000 }
    assert.deepEqual(await store.sweep(NOW + 60_000, limit), { removed: 1, more: false })
    await other.query('COMMIT')
    await other.query('BEGIN')
    await other.query(`SELECT pg_advisory_xact_lock(1131372916, 'contended'::regclass::oid::int)`)
    assert.deepEqual(await store.sweep(NOW + 60_000, limit), { removed: 0, more: false })
    await other.query('COMMIT')
    assert.deepEqual(await store.sweep(NOW + 60_000, limit), { removed: 1, more: false })
    other.release()
  })

  test('four processes through PgBouncer in transaction mode lose nothing', async () => {
    await using pooler = await startPgbouncer(server)
    await sql('DROP TABLE IF EXISTS sessions')
    await workAtOnce(pooler.url, 4, 50)
    assert.equal((await sql('SELECT id FROM sessions')).length, 200)
  })

  test('a pg client in a transaction of the application is refused, and the transaction stays open', async () => {
    const client = new Client({ connectionString: server.url })
    client.on('error', ignoreEnd)
    await client.connect()
    const store = postgresStore(client, { table: 'alone' })
    assert.ok(await store.create(ID, record, NOW))
    await client.query('BEGIN')
    await assert.rejects(store.read(ID, NOW), isError('store_unusable'))
    const other = store.delete(ID)
    await assert.rejects(other, isError('store_unusable'))
    assert.equal(client.getTransactionStatus(), 'T')
    // Had the delete become part of the transaction, this would carry it out.
    await client.query('COMMIT')
    assert.equal((await store.read(ID, NOW))?.payload, 'payload')
    await client.end()
  })

  test('a transaction handle of postgres takes the statements into its transaction, and nothing ends it', async () => {
    const client = postgres(server.url)
    await postgresStore(client, { table: 'handle' }).create('b'.repeat(64), record, NOW)
    const rollback = new Error('the application changes its mind')
    const transaction = client.begin(async (handle) => {
      assert.ok(await postgresStore(handle, { table: 'handle' }).create(ID, record, NOW))
      throw rollback
    })
    await assert.rejects(transaction, rollback)
    assert.deepEqual(await sql('SELECT id FROM handle'), ['b'.repeat(64)])
    await client.end()
  })

  test('settings of the server, the session and the client change nothing', async () => {
    const options = `-c timezone=Asia/Kathmandu -c datestyle=SQL -c default_transaction_isolation=serializable
      -c standard_conforming_strings=off -c backslash_quote=off`.replaceAll('\n', ' ')
    const types = { getTypeParser: () => () => 'the application has its own ideas' }
    const odd = new Pool({ connectionString: server.url, options, types }).on('error', ignoreEnd)
    const js = postgres(server.url, {
      transform: postgres.camel,
      types: { bigint: postgres.BigInt },
      connection: { TimeZone: 'Asia/Kathmandu', standard_conforming_strings: 'off' },
      prepare: false,
    })
    const nasty = { payload: `\\' OR 1=1; -- $1 ? "\\`, expiresAt: NOW + 1, owner: "o'\\'b" }
    for (const client of [odd, js]) {
      const store = postgresStore(client, { table: "odd 'table\\" })
      assert.ok(await store.create(ID, nasty, NOW))
      const { version, ...found } = (await store.read(ID, NOW)) ?? { version: '' }
      assert.equal(typeof version, 'string')
      assert.deepEqual(found, nasty)
      const listed = []
      for await (const { id } of store.list({ owner: nasty.owner })) listed.push(id)
      assert.deepEqual(listed, [ID])
      // At this level PostgreSQL fails what it cannot order; those calls are tried again.
      const writes = Array.from({ length: 20 }, (_, n) => store.update(ID, version, { ...nasty, payload: `${n}` }, NOW))
      const written = (await Promise.all(writes)).filter((result) => typeof result === 'object')
      assert.equal(written.length, 1)
      assert.deepEqual(await store.sweep(NOW + 1, { records: 10, ms: 1000 }), { removed: 1, more: false })
    }
    await odd.end()
    await js.end()
  })

  test('owners of any length are found by the index', async () => {
    const store = postgresStore(pool, { table: 'owners' })
    const owners = ['x'.repeat(100_000), `${'x'.repeat(100_000)}y`, 'ü'.repeat(5000)]
    for (const [n, owner] of owners.entries()) await store.create(String(n).repeat(64), { ...record, owner }, NOW)
    for (const [n, owner] of owners.entries()) {
      const found = []
      for await (const { id } of store.list({ owner })) found.push(id)
      assert.deepEqual(found, [String(n).repeat(64)])
    }
    const client = await pool.connect()
    await client.query('SET enable_seqscan = off')
    const plan = await client.query(
      `EXPLAIN SELECT id FROM owners WHERE left(owner, 500) = left('a', 500) AND owner = 'a' AND id > '' ORDER BY id`,
    )
    client.release(true)
    assert.match(JSON.stringify(plan.rows), /Index Scan using owners_owner/)
  })

  test('what may not make tables says so, with the reason and the SQL', async () => {
    await sql('CREATE ROLE visitor LOGIN')
    await sql('CREATE SCHEMA closed')
    await sql('GRANT USAGE ON SCHEMA closed TO visitor')
    const visitor = new Pool({ connectionString: server.url.replace('postgres@', 'visitor@') }).on('error', ignoreEnd)
    await assert.rejects(postgresStore(visitor, { schema: 'closed' }).read(ID, NOW), (error) => {
      assert.ok(isError('store_unusable')(error))
      assert.match(
        String(error),
        /permission denied for schema closed[^]*CREATE TABLE IF NOT EXISTS "closed"."sessions"/,
      )
      return true
    })
    await visitor.end()
  })

  test('the printed trigger removes dead records by itself, and no live one', async () => {
    const store = postgresStore(pool, { table: 'self-cleaning' })
    await store.create(ID, { ...record, expiresAt: Date.now() - 120_000 }, 0)
    await store.create('b'.repeat(64), { ...record, expiresAt: Date.now() + 120_000 }, 0)
    await pool.query(postgresExpirySql('trigger', { table: 'self-cleaning' }))
    await store.create('c'.repeat(64), { ...record, expiresAt: Date.now() + 120_000 }, 0)
    assert.deepEqual(await sql('SELECT id FROM "self-cleaning" ORDER BY id'), ['b'.repeat(64), 'c'.repeat(64)])
    await pool.query(postgresExpirySql('trigger', { table: 'self-cleaning' }))
  })

  test('the job for pg_cron calls a statement that PostgreSQL can run', async () => {
    const script = postgresExpirySql('pg_cron', { table: "it's \\ dead" })
    const store = postgresStore(pool, { table: "it's \\ dead" })
    await store.create(ID, { ...record, expiresAt: Date.now() - 120_000 }, 0)
    // pg_cron is not in every installation: a function in its place runs what it is given.
    await sql('CREATE SCHEMA cron')
    await sql(
      'CREATE FUNCTION cron.schedule(text, text, job text) RETURNS void LANGUAGE plpgsql AS $$BEGIN EXECUTE job; END$$',
    )
    await sql(script)
    assert.equal(await store.delete(ID), false)
  })
})
