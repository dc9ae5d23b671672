/** What every SQL store keeps, checked on each database by its own test file. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SessionError } from '../../src/errors.ts'
import type { Store } from '../../src/store.ts'
import { sweepAtOnce, workAtOnce } from './processes.ts'

/** One database, empty except for what its own tests make. */
export interface Database {
  readonly label: string
  /** Where `test/fixtures/sql-worker.ts` finds it. */
  readonly url: string
  /** A store on it. `handle` 0 to 9: each its own connection. */
  readonly open: (options: { table?: string; createTable?: boolean }, handle?: number) => Required<Store>
  /** Any SQL; the first column of the rows of a select. */
  readonly sql: (statement: string) => Promise<readonly unknown[]>
  /** A name as this database quotes it. */
  readonly quoted: (name: string) => string
  readonly schemaSql: (options: { table?: string }) => string
  /** The names of the tables and indexes that carry `table` in their name or belong to it, sorted. */
  readonly objects: (table: string) => Promise<readonly string[]>
}

const NOW = Date.UTC(2026, 0, 1)
const record = { payload: 'payload', expiresAt: NOW + 60_000, owner: 'ada' }
const idOf = (n: number): string => String(n).padStart(64, '0')

/** Register the tests. */
export function sqlPromises({ label, url, open, sql, quoted, schemaSql, objects }: Database): void {
  test(`${label}: ten processes that start at once on an empty database make one table, and lose nothing`, async () => {
    await workAtOnce(url, 10, 300)
    assert.equal((await sql('SELECT id FROM sessions')).length, 3000)
    const made = await objects('sessions')
    const stores = Array.from({ length: 10 }, (_, handle) => open({}, handle))
    const { removed } = await sweepAtOnce(stores, Date.now() + 3_600_001)
    assert.equal(removed, 3000, 'records removed once they were dead')
    await sql('DROP TABLE sessions')
    await runScript(schemaSql({}))
    assert.deepEqual(await objects('sessions'), made, 'what the printed SQL makes')
  })

  test(`${label}: a table dropped under load is made again, and no call fails`, async () => {
    const store = open({ table: 'dropped' })
    const made = await store.create(idOf(0), record, NOW)
    assert.ok(made)
    await sql('DROP TABLE dropped')
    assert.equal(await store.update(idOf(0), made.version, record, NOW), 'gone')
    for (let round = 0; round < 3; round++) {
      await sql('DROP TABLE dropped')
      const answers = await Promise.all([
        store.read(idOf(0), NOW),
        store.touch(idOf(0), NOW + 70_000, NOW),
        store.delete(idOf(0)),
        store.sweep(NOW, { records: 10, ms: 10 }),
        store.create(idOf(round + 1), record, NOW),
      ])
      assert.deepEqual(answers.slice(0, 4), [null, false, false, { removed: 0, more: false }])
      assert.ok(answers[4], 'create on a dropped table')
      assert.equal((await store.read(idOf(round + 1), NOW))?.payload, 'payload')
    }
  })

  test(`${label}: with createTable: false a missing table is an error that holds the SQL to make it`, async () => {
    const store = open({ table: 'by migration', createTable: false })
    const error = await rejection(store.read(idOf(1), NOW))
    assert.equal(error.code, 'store_unusable')
    assert.ok(error.message.includes(schemaSql({ table: 'by migration' })), error.message)
    await runScript(schemaSql({ table: 'by migration' }))
    assert.ok(await store.create(idOf(1), record, NOW))
  })

  test(`${label}: a table of another kind is an error that names the missing columns`, async () => {
    await sql('CREATE TABLE older (id varchar(64) PRIMARY KEY, expires_at bigint, payload varchar(100))')
    const store = open({ table: 'older' })
    for (const call of [() => store.read(idOf(1), NOW), () => store.create(idOf(1), record, NOW)]) {
      const error = await rejection(call())
      assert.equal(error.code, 'store_unusable')
      assert.match(error.message, /no column version, owner\b/)
      assert.doesNotMatch(error.message.split('CREATE TABLE')[0] ?? '', /payload/)
    }
  })

  test(`${label}: any name is a table's name, and none is SQL`, async () => {
    const names = [
      'select',
      'Sessions',
      'SESSIONS2',
      'my sessions',
      'a"b',
      'a`b',
      "a'b",
      'a\\',
      'a?b$1',
      '@table',
      'Ü ß',
    ]
    for (const table of [...names, '"; DROP TABLE sessions; --']) {
      const store = open({ table })
      assert.ok(await store.create(idOf(1), record, NOW), table)
      assert.equal((await sql(`SELECT payload FROM ${quoted(table)}`))[0], 'payload', table)
      assert.equal((await store.sweep(NOW + 60_000, { records: 10, ms: 1000 })).removed, 1, table)
      await store.delete(idOf(1))
    }
    for (const table of ['', 'a\0b', 'x'.repeat(70)]) {
      if (label === 'sqlite' && table.length > 60) continue
      assert.throws(() => open({ table }), isError('bad_option'), JSON.stringify(table))
    }
  })

  test(`${label}: ten sweepers need about as many calls as one, and remove each record once`, async () => {
    const stores = Array.from({ length: 10 }, (_, handle) => open({ table: 'swept' }, handle))
    const [first] = stores
    assert.ok(first)
    const fill = () =>
      Promise.all(Array.from({ length: 1000 }, (_, n) => first.create(idOf(n), { ...record, expiresAt: NOW + n }, NOW)))
    await fill()
    const one = await sweepAtOnce([first], NOW + 1000)
    await fill()
    const ten = await sweepAtOnce(stores, NOW + 1000)
    assert.equal(one.removed, 1000)
    assert.equal(ten.removed, 1000)
    assert.ok(ten.calls <= 2 * one.calls, `${ten.calls} calls of ten sweepers, ${one.calls} of one`)
    assert.deepEqual(await sql('SELECT id FROM swept'), [])
  })

  test(`${label}: a clock may give fractions of milliseconds`, async () => {
    const store = open({ table: 'fractions' })
    assert.ok(await store.create(idOf(1), { ...record, expiresAt: NOW + 10.75 }, NOW + 0.25))
    assert.ok(await store.touch(idOf(1), NOW + 10.5, NOW + 9.5))
    assert.equal((await store.read(idOf(1), NOW + 9.9))?.expiresAt, NOW + 10)
    assert.equal(await store.read(idOf(1), NOW + 10.1), null)
    assert.equal((await store.sweep(NOW + 9.9, { records: 10, ms: 1000 })).removed, 0)
    assert.equal((await store.sweep(NOW + 10.1, { records: 10, ms: 1000 })).removed, 1)
  })

  async function runScript(script: string): Promise<void> {
    for (const statement of script.replace(/--.*$/gm, '').split(';')) if (statement.trim() !== '') await sql(statement)
  }
}

async function rejection(call: Promise<unknown>): Promise<SessionError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof SessionError, `expected a SessionError, got ${String(error)}`)
  return error
}

/** For `assert.throws`: a SessionError with this code. */
export function isError(code: string): (error: unknown) => boolean {
  return (error) => error instanceof SessionError && error.code === code
}
