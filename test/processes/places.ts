/** Where processes meet: every store that a URL opens, on a throwaway server of its own. */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { MongoClient } from 'mongodb'
import { createConnection } from 'mysql2/promise'
import { Client } from 'pg'
import { commandQueue } from '../mongodb/command-queue.ts'
import {
  startFerretdb,
  startMariadb,
  startMemcached,
  startPostgres,
  startRedis,
  startRedisCluster,
  startSentinel,
} from '../servers/index.ts'

/** One store, and its end. */
export interface Place {
  /** For `openStore`. */
  readonly url: string
  /** Records there, as the server's own means count them; undefined where none can. */
  readonly count: () => Promise<number | undefined>
  /** How many seconds a server that expires by itself keeps a record beyond its deadline. */
  readonly skewS?: number
  /** How many seconds sessions live, in a crowd that a slow server keeps busy for longer than a minute. */
  readonly lifetimeS?: number
  readonly stop: () => Promise<unknown>
}

/** A new, empty one of each kind. */
export const places: Readonly<Record<string, () => Promise<Place>>> = {
  file: () =>
    inFolder((path) => ({
      url: `file:${path}`,
      count: async () => (await readdir(path, { recursive: true })).filter((name) => /[\da-f]{64}$/.test(name)).length,
    })),

  sqlite: () =>
    inFolder((path) => {
      const file = join(path, 'sessions.db')
      return { url: `sqlite:${file}`, count: async () => countInSqlite(file) }
    }),

  async postgres() {
    const server = await startPostgres()
    return { url: server.url, stop: () => server.stop(), count: () => countInPostgres(server.url) }
  },

  async mysql() {
    const server = await startMariadb()
    return { url: server.url, stop: () => server.stop(), count: () => countInMysql(server.url) }
  },

  async redis() {
    const server = await startRedis()
    const count = async (): Promise<number> => Number(/\d+/.exec(await server.command('DBSIZE')))
    return { url: server.url, stop: () => server.stop(), count, skewS: 60 }
  },

  async 'redis+cluster'() {
    const cluster = await startRedisCluster()
    return { url: cluster.url, stop: () => cluster.stop(), count: async () => undefined }
  },

  async 'redis+sentinel'() {
    const group = await startSentinel()
    return { url: group.url, stop: () => group.stop(), count: async () => undefined }
  },

  // Two servers, which no tool can ask for their live items: Memcached counts expired ones until it needs their room.
  async memcached() {
    const [one, two] = await Promise.all([startMemcached(), startMemcached()])
    const url = `memcached://127.0.0.1:${one.port},127.0.0.1:${two.port}`
    return { url, stop: () => Promise.all([one.stop(), two.stop()]), count: async () => undefined }
  },

  // On PostgreSQL, because with SQLite every change reads all the records.
  async mongodb() {
    const postgres = await startPostgres()
    const server = await startFerretdb({ postgresUrl: postgres.url })
    const queue = await commandQueue(server.url)
    const stop = async (): Promise<void> => {
      for (const each of [queue, server, postgres]) await each.stop()
    }
    return { url: queue.url, stop, count: () => countInMongodb(server.url), lifetimeS: 200 }
  },
}

async function inFolder(place: (path: string) => Omit<Place, 'stop'>): Promise<Place> {
  const path = await mkdtemp(join(tmpdir(), 'coatcheck-place-'))
  return { ...place(path), stop: () => rm(path, { recursive: true }) }
}

const COUNT = 'SELECT count(*) AS count FROM sessions'

function countInSqlite(file: string): number {
  const database = new DatabaseSync(file, { readOnly: true })
  try {
    return Number(database.prepare(COUNT).get()?.['count'])
  } finally {
    database.close()
  }
}

async function countInPostgres(url: string): Promise<number> {
  const client = new Client(url)
  await client.connect()
  try {
    return Number((await client.query<{ count: string }>(COUNT)).rows[0]?.count)
  } finally {
    await client.end()
  }
}

async function countInMysql(url: string): Promise<number> {
  const client = await createConnection(url)
  try {
    const [rows] = await client.query({ sql: COUNT, rowsAsArray: true })
    return Number(Array.isArray(rows) ? Object.values(rows[0] ?? {})[0] : Number.NaN)
  } finally {
    await client.end()
  }
}

async function countInMongodb(url: string): Promise<number> {
  const client = new MongoClient(url)
  try {
    return await client.db().collection('sessions').countDocuments()
  } finally {
    await client.close()
  }
}
