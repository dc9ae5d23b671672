import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { createConnection, createPool, type ResultSetHeader, type RowDataPacket } from 'mysql2/promise'
import { mysqlExpirySql, mysqlSchemaSql, mysqlStore } from '../../src/stores/mysql.ts'
import { startMariadb } from '../servers/index.ts'
import { isError, sqlPromises } from './promises.ts'

const NOW = Date.UTC(2026, 0, 1)
const ID = 'a'.repeat(64)
const record = { payload: 'payload', expiresAt: NOW + 60_000 }

const server = await startMariadb({ config: { 'max-connections': '200' } })
const uri = server.url
const pools = Array.from({ length: 10 }, () => createPool({ uri, connectionLimit: 4 }))
const pool = pools[0] ?? createPool(uri)
after(async () => {
  await Promise.all(pools.map((each) => each.end()))
  await server.stop()
})

const sql = async (statement: string): Promise<readonly unknown[]> => {
  const [rows] = await pool.query<RowDataPacket[][] | ResultSetHeader>({ sql: statement, rowsAsArray: true })
  return Array.isArray(rows) ? rows.map(([first]) => first) : []
}

sqlPromises({
  label: 'mysql',
  url: uri,
  open: (options, handle = 0) => mysqlStore(pools[handle] ?? pool, options),
  sql,
  quoted: (name) => `\`${name.replaceAll('`', '``')}\``,
  schemaSql: mysqlSchemaSql,
  objects: async (table) => {
    const [rows] = await pool.query<RowDataPacket[]>(`SHOW CREATE TABLE ${table}`)
    return rows.map((row) => String(row['Create Table']))
  },
})

suite('mysql', () => {
  test('a connection in a transaction of the application is refused, and the transaction stays open', async () => {
    const connection = await createConnection(uri)
    await connection.query('CREATE TABLE app (x int)')
    await connection.beginTransaction()
    await connection.query('INSERT INTO app VALUES (1)')
    // Making the table would commit that insert.
    await assert.rejects(mysqlStore(connection, { table: 'alone' }).create(ID, record, NOW), isError('store_unusable'))
    await mysqlStore(pool, { table: 'alone' }).read(ID, NOW)
    await assert.rejects(mysqlStore(connection, { table: 'alone' }).create(ID, record, NOW), isError('store_unusable'))
    await connection.rollback()
    assert.deepEqual(await sql('SELECT x FROM app'), [])
    assert.equal(await mysqlStore(pool, { table: 'alone' }).read(ID, NOW), null)
    await connection.query('SET autocommit = 0')
    await assert.rejects(mysqlStore(connection, { table: 'alone' }).create(ID, record, NOW), isError('store_unusable'))
    connection.destroy()
  })

  test('settings of the server, the session and the client change nothing', async () => {
    const text = `\\' OR 1=1; -- ? :id "\\ 😀é\u{10ffff}`
    const nasty = { payload: text.repeat(50_000), expiresAt: NOW + 1, owner: text }
    const modes = [
      '',
      'NO_BACKSLASH_ESCAPES,ANSI_QUOTES,STRICT_ALL_TABLES',
      'SIMULTANEOUS_ASSIGNMENT,ORACLE,TRADITIONAL',
    ]
    for (const [n, mode] of modes.entries()) {
      const odd = await createConnection({
        uri,
        charset: 'latin1',
        timezone: '+05:45',
        rowsAsArray: false,
        namedPlaceholders: true,
        supportBigNumbers: true,
        bigNumberStrings: true,
        typeCast: () => 'the application has its own ideas',
        flags: [n === 1 ? '-FOUND_ROWS' : 'FOUND_ROWS'],
      })
      await odd.query(`SET sql_mode = '${mode}', time_zone = '-11:30', collation_connection = 'latin1_general_ci'`)
      const store = mysqlStore(odd, { table: 'odd `table\\' })
      assert.ok(await store.create(ID, nasty, NOW), mode)
      assert.equal(await store.create(ID, nasty, NOW), null, mode)
      assert.equal(await store.touch(ID, NOW + 1, NOW), true, mode)
      const { version, ...found } = (await store.read(ID, NOW)) ?? { version: '' }
      assert.deepEqual(found, nasty)
      assert.deepEqual(await store.update(ID, 'older', nasty, NOW), 'conflict')
      assert.equal(typeof (await store.update(ID, version, nasty, NOW)), 'object')
      const listed = []
      for await (const { id } of store.list({ owner: nasty.owner })) listed.push(id)
      assert.deepEqual(listed, [ID])
      assert.deepEqual(await store.sweep(NOW + 1, { records: 10, ms: 1000 }), { removed: 1, more: false })
      await odd.end()
    }
  })

  test('a record larger than the server takes is record_too_large, and the connection lives on', async () => {
    const store = mysqlStore(pool)
    const large = { ...record, payload: 'x'.repeat(17 * 1024 * 1024) }
    await assert.rejects(store.create(ID, large, NOW), isError('record_too_large'))
    const fits = { ...record, payload: 'x'.repeat(15 * 1024 * 1024) }
    assert.ok(await store.create(ID, fits, NOW))
    assert.equal((await store.read(ID, NOW))?.payload.length, fits.payload.length)
    assert.equal(await store.delete(ID), true)
  })

  test('records are found by an index, whatever charset the connection has', async () => {
    const connection = await createConnection({ uri, charset: 'latin1' })
    const store = mysqlStore(connection, { table: 'found' })
    for (let n = 0; n < 50; n++) await store.create(String(n).padStart(64, '0'), { ...record, owner: `${n}` }, NOW)
    await connection.query('FLUSH STATUS')
    await store.read('7'.padStart(64, '0'), NOW)
    await store.touch('7'.padStart(64, '0'), NOW + 70_000, NOW)
    await store.delete('8'.padStart(64, '0'))
    const owned = []
    for await (const { id } of store.list({ owner: '7' })) owned.push(id)
    assert.equal(owned.length, 1)
    const [status] = await connection.query<RowDataPacket[]>("SHOW SESSION STATUS LIKE 'Handler_read_rnd_next'")
    const [next] = await connection.query<RowDataPacket[]>("SHOW SESSION STATUS LIKE 'Handler_read_next'")
    assert.equal(status[0]?.['Value'], '0', 'rows read by scanning the table')
    assert.ok(Number(next[0]?.['Value']) < 5, 'rows read by walking along an index')
    await connection.end()
  })

  test('the printed event removes dead records by itself, and no live one', async () => {
    const store = mysqlStore(pool, { table: "self cleaning'" })
    const at = (ms: number) => ({ ...record, expiresAt: Date.now() + ms })
    await store.create(ID, at(-120_000), 0)
    await store.create('b'.repeat(64), at(120_000), 0)
    await sql('SET GLOBAL event_scheduler = ON')
    await sql(mysqlExpirySql({ table: "self cleaning'" }))
    // An event runs first when it is made; the condition is what is waited for, up to the time limit of the test.
    while ((await sql("SELECT id FROM `self cleaning'`")).length > 1) await new Promise((done) => setTimeout(done, 20))
    assert.deepEqual(await sql("SELECT id FROM `self cleaning'`"), ['b'.repeat(64)])
  })

  test('names MySQL cannot have are refused', () => {
    for (const table of ['ends with a space ', '😀', 'x'.repeat(65)])
      assert.throws(() => mysqlStore(pool, { table }), isError('bad_option'))
  })
})
