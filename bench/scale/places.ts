/**
 * Each store at the size of a small site and of a large one. `fill` writes records in the store's own form, by the
 * quickest way its database has: what is measured afterwards goes through the store alone.
 */
import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createPool } from 'mysql2/promise'
import { Pool } from 'pg'
import { createClient } from 'redis'
import type { Store } from '../../src/store.ts'
import { fileStore } from '../../src/stores/file.ts'
import { encodeRecord as encodeFile, versionSource } from '../../src/stores/file-format.ts'
import { placeOf } from '../../src/stores/file-layout.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { mysqlSchemaSql, mysqlStore } from '../../src/stores/mysql.ts'
import { newVersion } from '../../src/stores/new-version.ts'
import { postgresSchemaSql, postgresStore } from '../../src/stores/postgres.ts'
import { fieldsOf } from '../../src/stores/redis-record.ts'
import { redisStore } from '../../src/stores/redis.ts'
import { sqliteSchemaSql, sqliteStore } from '../../src/stores/sqlite.ts'
import { startMariadb, startPostgres, startRedis } from '../../test/servers/index.ts'
import { idOf, portions, recordOf } from './population.ts'

/** When visitor n's session ends, in Unix ms. */
export type DeadlineOf = (n: number) => number

/** One kind of store with room for several populations, each as if it were alone. */
export interface Place {
  /** Product, version and the settings that matter. */
  readonly what: string
  /** A new handle on the population `name`, as an application opens it. */
  readonly open: (name: string) => Promise<Store>
  /** `sessions` records into the population `name`, which is empty. */
  fill(name: string, sessions: number, deadlineOf: DeadlineOf): Promise<void>
  /** The processes of the database server; none where the store is part of the application. */
  readonly pids: () => readonly number[]
  /** What the population takes in the store, in bytes. */
  bytes(name: string): Promise<number>
  /** How many records are there, dead ones included. */
  count(name: string): Promise<number>
  close(): Promise<void>
}

const PORTION = 5000

export const places: Readonly<Record<string, () => Promise<Place>>> = { memory, file, sqlite, postgres, mariadb, redis }

async function memory(): Promise<Place> {
  const stores = new Map<string, ReturnType<typeof memoryStore>>()
  const taken = new Map<string, number>()
  const storeOf = (name: string): ReturnType<typeof memoryStore> => {
    const store = stores.get(name) ?? memoryStore({ maxSessions: 2_000_000, maxBytes: 4 * 1024 ** 3 })
    stores.set(name, store)
    return store
  }
  return {
    what: 'memory of the process',
    open: async (name) => storeOf(name),
    async fill(name, sessions, deadlineOf) {
      const store = storeOf(name)
      const before = heap()
      const now = Date.now()
      for (let n = 0; n < sessions; n++) await store.create(idOf(n), recordOf(n, deadlineOf(n), now), 0)
      taken.set(name, heap() - before)
    },
    pids: () => [],
    bytes: async (name) => taken.get(name) ?? Number.NaN,
    count: async (name) => (await Array.fromAsync(storeOf(name).list())).length,
    async close() {},
  }
}

function heap(): number {
  const { gc } = globalThis
  if (gc === undefined) throw new Error('start it with --expose-gc')
  gc()
  return process.memoryUsage().heapUsed
}

async function file(): Promise<Place> {
  const directory = mkdtempSync(join(tmpdir(), 'scale-'))
  const remove = (): void => rmSync(directory, { recursive: true, force: true })
  process.on('exit', remove)
  const folderOf = (name: string): string => join(directory, name)
  const filesOf = (name: string): string[] =>
    readdirSync(folderOf(name))
      .filter((shard) => shard.length === 2)
      .flatMap((shard) => readdirSync(join(folderOf(name), shard)).map((id) => join(folderOf(name), shard, id)))
  return {
    what: 'files on the disk of the machine, the page cache warm',
    open: async (name) => fileStore(folderOf(name)),
    async fill(name, sessions, deadlineOf) {
      await fileStore(folderOf(name)).close?.()
      const nextVersion = versionSource()
      const now = Date.now()
      const made = new Set<string>()
      const all = inOrder(sessions)
      for (const { n, id } of all) {
        const { shard, file: path } = placeOf(folderOf(name), id)
        if (!made.has(shard)) mkdirSync(shard, { mode: 0o700 })
        made.add(shard)
        const handle = openSync(path, 'wx', 0o600)
        writeSync(handle, encodeFile(recordOf(n, deadlineOf(n), now), nextVersion(), 1))
        closeSync(handle)
      }
    },
    pids: () => [],
    bytes: async (name) => {
      const files = filesOf(name)
      const some = files.filter((_, n) => n % Math.ceil(files.length / 1000) === 0)
      return (some.reduce((sum, path) => sum + statSync(path).blocks * 512, 0) / some.length) * files.length
    },
    count: async (name) => filesOf(name).length,
    async close() {
      remove()
    },
  }
}

async function sqlite(): Promise<Place> {
  const directory = mkdtempSync(join(tmpdir(), 'scale-'))
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }))
  const fileOf = (name: string): string => join(directory, `${name}.db`)
  return {
    what: `SQLite ${process.versions['sqlite'] ?? ''} (node:sqlite), WAL, synchronous = NORMAL`,
    open: async (name) => sqliteStore(fileOf(name)),
    async fill(name, sessions, deadlineOf) {
      const database = new DatabaseSync(fileOf(name))
      database.exec(
        `PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA cache_size = -500000; ${sqliteSchemaSql()}`,
      )
      const insert = database.prepare('INSERT INTO sessions VALUES (?, ?, ?, NULL, ?)')
      const now = Date.now()
      const all = inOrder(sessions)
      for (const some of portions(sessions, 50_000)) {
        database.exec('BEGIN')
        for (const at of some) {
          const { n, id } = all[at] ?? { n: 0, id: '' }
          const { payload, expiresAt } = recordOf(n, deadlineOf(n), now)
          insert.run(id, newVersion(), expiresAt, payload)
        }
        database.exec('COMMIT')
      }
      database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
      database.close()
    },
    pids: () => [],
    bytes: async (name) => statSync(fileOf(name)).size,
    count: async (name) => {
      const database = new DatabaseSync(fileOf(name), { readOnly: true })
      const row = database.prepare('SELECT count(*) AS count FROM sessions').get()
      database.close()
      return Number(row?.['count'])
    },
    async close() {
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

async function postgres(): Promise<Place> {
  const server = await startPostgres({
    config: { synchronous_commit: 'off', shared_buffers: '2GB', max_wal_size: '8GB' },
  })
  const pool = new Pool({ connectionString: server.url })
  pool.on('error', () => {})
  return {
    what: `PostgreSQL ${server.version}, shared_buffers 2GB, synchronous_commit off`,
    open: async (name) => postgresStore(pool, { table: name }),
    async fill(name, sessions, deadlineOf) {
      await pool.query(postgresSchemaSql({ table: name }))
      const now = Date.now()
      const all = inOrder(sessions)
      for (const positions of portions(sessions, PORTION)) {
        const some = positions.map((at) => all[at]?.n ?? 0)
        const records = some.map((n) => recordOf(n, deadlineOf(n), now))
        await pool.query(
          `insert into "${name}" (id, version, expires_at, payload)
           select * from unnest($1::text[], $2::text[], $3::bigint[], $4::text[])`,
          [
            some.map(idOf),
            some.map(() => newVersion()),
            records.map(({ expiresAt }) => expiresAt),
            records.map(({ payload }) => payload),
          ],
        )
      }
      await pool.query(`vacuum analyze "${name}"`)
    },
    pids: () => server.pids(),
    bytes: (name) => one(name, 'pg_total_relation_size'),
    count: async (name) => Number((await pool.query(`select count(*) from "${name}"`)).rows[0]?.count),
    async close() {
      await pool.end()
      await server.stop()
    },
  }

  async function one(name: string, call: string): Promise<number> {
    const { rows } = await pool.query<{ value: string }>(`select ${call}('"${name}"'::regclass) as value`)
    return Number(rows[0]?.value)
  }
}

async function mariadb(): Promise<Place> {
  const server = await startMariadb({ config: { 'innodb-buffer-pool-size': '2G' } })
  const pool = createPool({ uri: server.url, connectionLimit: 10 })
  return {
    what: `MariaDB ${server.version}, innodb_buffer_pool_size 2G, innodb_flush_log_at_trx_commit 2`,
    open: async (name) => mysqlStore(pool, { table: name }),
    async fill(name, sessions, deadlineOf) {
      await pool.query(mysqlSchemaSql({ table: name }).replace(/;$/, ''))
      const now = Date.now()
      const all = inOrder(sessions)
      for (const some of portions(sessions, PORTION)) {
        const rows = some.flatMap((at) => {
          const found = all[at]
          if (found === undefined) return []
          const { payload, expiresAt } = recordOf(found.n, deadlineOf(found.n), now)
          return [[found.id, newVersion(), expiresAt, null, payload]]
        })
        await pool.query(`INSERT INTO \`${name}\` VALUES ?`, [rows])
      }
      await pool.query(`ANALYZE TABLE \`${name}\``)
    },
    pids: () => server.pids(),
    bytes: async (name) => statSync(join(server.directory, 'data', 'test', `${name}.ibd`)).size,
    count: async (name) => {
      const [rows] = await pool.query(`SELECT count(*) AS count FROM \`${name}\``)
      const [row]: unknown[] = Array.isArray(rows) ? rows : []
      const { count }: { count?: unknown } = Object(row)
      return Number(count)
    },
    async close() {
      await pool.end()
      await server.stop()
    },
  }
}

async function redis(): Promise<Place> {
  const server = await startRedis({ config: { databases: '16' } })
  const databases = new Map<string, number>()
  const clients: { close(): Promise<unknown> }[] = []
  const taken = new Map<string, number>()
  const databaseOf = (name: string): number => {
    const database = databases.get(name) ?? databases.size
    databases.set(name, database)
    return database
  }
  async function connect(name: string) {
    // Its default of five seconds is for visitors; a bulk insert on a busy machine takes longer.
    const commandOptions = { timeout: 120_000 }
    const client = createClient({ url: server.url, database: databaseOf(name), commandOptions })
    client.on('error', () => {})
    await client.connect()
    clients.push(client)
    return client
  }
  const usedMemory = async (): Promise<number> =>
    Number(/used_memory:(\d+)/.exec(await server.command('INFO', 'memory'))?.[1])
  return {
    what: `Redis ${server.version}, one database for each population, no persistence`,
    open: async (name) => redisStore(await connect(name)),
    async fill(name, sessions, deadlineOf) {
      const client = await connect(name)
      const before = await usedMemory()
      const now = Date.now()
      for (const some of portions(sessions, 500))
        await Promise.all(
          some.flatMap((n) => {
            const record = recordOf(n, deadlineOf(n), now)
            const key = `session:${idOf(n)}`
            return [
              client.sendCommand(['HSET', key, ...fieldsOf(newVersion(), record)]),
              client.sendCommand(['PEXPIREAT', key, `${record.expiresAt + 60_000}`]),
            ]
          }),
        )
      taken.set(name, (await usedMemory()) - before)
    },
    pids: () => server.pids(),
    bytes: async (name) => taken.get(name) ?? Number.NaN,
    count: async (name) => (await connect(name)).dbSize(),
    async close() {
      await Promise.all(clients.map((client) => client.close()))
      await server.stop()
    },
  }
}

/** Visitors in the order of their IDs: a tree, or a folder, is filled many times faster so. */
function inOrder(sessions: number): { readonly n: number; readonly id: string }[] {
  const all = Array.from({ length: sessions }, (_, n) => ({ n, id: idOf(n) }))
  return all.toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

/** What a payload takes as text, for comparison. */
export function payloadBytes(): number {
  return Buffer.byteLength(recordOf(500_000, 0, Date.now()).payload)
}
