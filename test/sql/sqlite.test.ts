import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import BetterSqlite3 from 'better-sqlite3'
import { sqliteSchemaSql, sqliteStore } from '../../src/stores/sqlite.ts'
import { isError, sqlPromises } from './promises.ts'

const NOW = Date.UTC(2026, 0, 1)
const ID = 'a'.repeat(64)
const record = { payload: 'payload', expiresAt: NOW + 60_000 }

const directory = mkdtempSync(join(tmpdir(), 'coatcheck-sqlite-'))
const file = join(directory, 'sessions.db')
const database = new DatabaseSync(file, { timeout: 5000 })
after(() => {
  database.close()
  rmSync(directory, { recursive: true })
})

const sql = async (statement: string): Promise<readonly unknown[]> =>
  database
    .prepare(statement)
    .all()
    .map((row) => Object.values(row)[0])

sqlPromises({
  label: 'sqlite',
  url: file,
  open: (options) => sqliteStore(file, options),
  sql,
  quoted: (name) => `"${name.replaceAll('"', '""')}"`,
  schemaSql: sqliteSchemaSql,
  objects: (table) =>
    sql(`SELECT name FROM sqlite_schema WHERE tbl_name = '${table}' ORDER BY 1`).then((names) => names.map(String)),
})

test('sqlite: a file the store makes is for its owner only, like the files beside it', async () => {
  const folder = join(directory, 'new', 'folder')
  const store = sqliteStore(join(folder, 'sessions.db'))
  await store.create(ID, record, NOW)
  assert.deepEqual(readdirSync(folder).toSorted(), ['sessions.db', 'sessions.db-shm', 'sessions.db-wal'])
  for (const name of readdirSync(folder)) assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name)
  assert.equal(statSync(folder).mode & 0o777, 0o700)
  await store.close()
  await assert.rejects(store.read(ID, NOW), isError('closed'))
  assert.throws(() => sqliteStore(folder), isError('store_unusable'))
})

test('sqlite: while another process writes, a call waits without holding up the event loop, then succeeds', async () => {
  const writer = new DatabaseSync(file)
  const store = sqliteStore(file)
  writer.exec('BEGIN IMMEDIATE')
  let settled = false
  const creating = store.create(ID, record, NOW).finally(() => (settled = true))
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 1))
  assert.equal(settled, false)
  writer.exec('COMMIT')
  assert.ok(await creating)
  writer.exec('BEGIN IMMEDIATE')
  const impatient = sqliteStore(file, { busyTimeout: '50ms' })
  await assert.rejects(impatient.delete(ID), isError('store_timeout'))
  writer.exec('COMMIT')
  writer.close()
  assert.equal(await store.delete(ID), true)
})

for (const [name, given] of [
  ['node:sqlite', new DatabaseSync(file)],
  ['better-sqlite3', new BetterSqlite3(file)],
] as const)
  test(`sqlite: ${name}: a call waits until the application's own transaction is over, and never ends it`, async () => {
    const store = sqliteStore(given, { busyTimeout: '50ms' })
    const made = await store.create(ID, record, NOW)
    assert.ok(made)
    given.exec('BEGIN')
    given.exec("CREATE TABLE IF NOT EXISTS app (x); INSERT INTO app VALUES ('uncommitted')")
    const calls = [store.read(ID, NOW), store.update(ID, made.version, record, NOW), store.delete(ID)]
    await Promise.all(calls.map((call) => assert.rejects(call, isError('store_timeout'))))
    const patient = sqliteStore(given).delete(ID)
    given.exec('ROLLBACK')
    assert.equal(await patient, true)
    assert.deepEqual(await sql("SELECT name FROM sqlite_schema WHERE name = 'app'"), [])
    given.close()
  })

test('sqlite: options of the application for its own rows change nothing', async () => {
  const given = new DatabaseSync(file, { readBigInts: true, returnArrays: true })
  const store = sqliteStore(given)
  assert.ok(await store.create(ID, { ...record, owner: 'ada' }, NOW))
  const { version, ...found } = (await store.read(ID, NOW)) ?? { version: '' }
  assert.deepEqual(found, { ...record, owner: 'ada' })
  assert.equal(typeof version, 'string')
  assert.equal(await store.delete(ID), true)
  given.close()
})
