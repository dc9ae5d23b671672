/** The demo on every store, chosen by `SESSION_STORE` alone, and on every `SESSION_TYPE` of Flask-Session. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, suite, test } from 'node:test'
import { MongoClient } from 'mongodb'
import { createConnection } from 'mysql2/promise'
import { Client } from 'pg'
import type { Environment } from '../../demo/config.ts'
import { sessionTypes } from '../../src/flask/types.ts'
import { schemes } from '../../src/stores/open-schemes.ts'
import { mongodbServer } from '../mongodb/mongodb-server.ts'
import { startMariadb, startMemcached, startPostgres, startRedis } from '../servers/index.ts'
import { ask } from '../servers/ask.ts'
import { temporaryFolder } from './demo-process.ts'
import { serve } from './serve.ts'
import { takeTheTour } from './tour.ts'
import type { TourPlan } from './tour.ts'
import { textOf, visitor } from './visitor.ts'

const toured = { schemes: new Set<string>(), types: new Set<string>() }

suite('demo: on every store', () => {
  const folder = temporaryFolder()
  after(() => folder.remove())

  async function tour(env: Environment, plan: TourPlan): Promise<void> {
    const demo = await serve(env)
    try {
      await takeTheTour(demo.url, plan)
    } finally {
      await demo.stop()
    }
    const { SESSION_STORE: url, SESSION_TYPE: type } = env
    if (url) toured.schemes.add(url.replace(/:.*/s, ''))
    else if (type) toured.types.add(type)
  }

  test('files: SESSION_STORE, and the types filesystem and cachelib', async () => {
    const inFolder = (path: string): TourPlan => ({
      words: `files in the folder ${path}`,
      record: (id) => `File ${join(path, id.slice(0, 2), id)}`,
      exists: async (id) => existsSync(join(path, id.slice(0, 2), id)),
    })
    const [kept, flask, cached] = ['kept', 'flask', 'cached'].map((name) => join(folder.path, name))
    assert.ok(kept && flask && cached)
    await tour({ SESSION_STORE: `file:${kept}?fsync=false` }, inFolder(kept))
    await tour({ SESSION_TYPE: 'filesystem', SESSION_FILE_DIR: flask }, inFolder(flask))
    await tour({ SESSION_TYPE: 'cachelib', SESSION_CACHELIB: `file:${cached}` }, inFolder(cached))
  })

  test('memory', async () => {
    await tour({ SESSION_STORE: 'memory:' }, { words: 'the memory of this server process', record: undefined })
  })

  test('SQLite: SESSION_STORE, and the type sqlalchemy', async () => {
    const inTable = (file: string, table: string): TourPlan => ({
      words: `the SQLite database ${file}`,
      record: (id) => rowOf(table, id),
      async exists(id) {
        const database = new DatabaseSync(file, { readOnly: true })
        const row = database.prepare(`SELECT 1 FROM ${table} WHERE id = ?`).get(id)
        database.close()
        return row !== undefined
      },
    })
    const file = join(folder.path, 'sessions.db')
    await tour({ SESSION_STORE: `sqlite:${file}` }, inTable(file, 'sessions'))
    const sqlalchemy = { SESSION_TYPE: 'sqlalchemy', SQLALCHEMY_DATABASE_URI: `sqlite:///${file}` }
    await tour({ ...sqlalchemy, SESSION_SQLALCHEMY_TABLE: 'coats' }, inTable(file, 'coats'))
  })

  test('PostgreSQL: SESSION_STORE, and the types sqlalchemy and postgresql', async () => {
    await using server = await startPostgres()
    const client = new Client(server.url)
    client.on('error', () => {})
    await client.connect()
    const inTable = (table: string): TourPlan => ({
      words: 'PostgreSQL',
      record: (id) => rowOf(table, id),
      exists: async (id) => (await client.query(`SELECT 1 FROM ${table} WHERE id = $1`, [id])).rowCount === 1,
    })
    await tour({ SESSION_STORE: server.url }, inTable('sessions'))
    const uri = server.url.replace(/^postgres(ql)?:/, 'postgresql+psycopg2:')
    await tour({ SESSION_TYPE: 'sqlalchemy', SQLALCHEMY_DATABASE_URI: uri }, inTable('coatcheck_sessions'))
    const postgresql = { SESSION_TYPE: 'postgresql', SESSION_POSTGRESQL: server.url, SESSION_POSTGRESQL_TABLE: 'coats' }
    await tour(postgresql, inTable('coats'))
    await client.end()
  })

  test('MariaDB: SESSION_STORE, and the type sqlalchemy', async () => {
    await using server = await startMariadb()
    const client = await createConnection(server.url)
    client.on('error', () => {})
    const inTable = (table: string): TourPlan => ({
      words: 'MySQL or MariaDB',
      record: (id) => rowOf(table, id),
      async exists(id) {
        const [rows] = await client.query(`SELECT 1 FROM ${table} WHERE id = ?`, [id])
        return Array.isArray(rows) && rows.length === 1
      },
    })
    await tour({ SESSION_STORE: server.url }, inTable('sessions'))
    const uri = server.url.replace(/^m\w+:/, 'mysql+pymysql:')
    await tour({ SESSION_TYPE: 'sqlalchemy', SESSION_SQLALCHEMY: uri }, inTable('coatcheck_sessions'))
    await client.end()
  })

  test('Redis: SESSION_STORE, and the type redis', async () => {
    await using server = await startRedis()
    const under = (prefix: string): TourPlan => ({
      words: 'Redis',
      record: (id) => `Key ${prefix}${id}`,
      exists: async (id) => (await server.command('EXISTS', prefix + id)).includes(':1'),
    })
    await tour({ SESSION_STORE: server.url }, under('session:'))
    const redis = { SESSION_TYPE: 'redis', SESSION_REDIS: server.url }
    await tour({ ...redis, SESSION_KEY_PREFIX: 'flask:' }, under('flask:'))
  })

  test('Memcached: SESSION_STORE, and the type memcached', async () => {
    await using server = await startMemcached()
    const under = (prefix: string): TourPlan => ({
      words: 'Memcached',
      record: (id) => `Key ${prefix}${id}`,
      exists: async (id) => (await ask(server, `mg ${prefix}${id}\r\nmn\r\n`, /MN\r\n/)).startsWith('HD'),
      lists: false,
    })
    const address = `${server.host}:${server.port}`
    await tour({ SESSION_STORE: `memcached://${address}` }, under('session:'))
    const memcached = { SESSION_TYPE: 'memcached', SESSION_MEMCACHED: address }
    await tour({ ...memcached, SESSION_KEY_PREFIX: 'flask:' }, under('flask:'))
  })

  test('MongoDB: SESSION_STORE, and the type mongodb', async () => {
    await using server = await mongodbServer()
    const name = `coatcheck-demo-${process.pid}`
    const client = new MongoClient(server.url)
    const inCollection = (collection: string): TourPlan => ({
      words: 'MongoDB',
      record: (id) => `Document of collection ${collection}, with _id: '${id}'`,
      exists: async (id) =>
        (await client.db(name).collection<{ _id: string }>(collection).countDocuments({ _id: id })) === 1,
    })
    try {
      const url = new URL(server.url)
      url.pathname = `/${name}`
      await tour({ SESSION_STORE: url.href }, inCollection('sessions'))
      const keys = { SESSION_MONGODB: server.url, SESSION_MONGODB_DB: name, SESSION_MONGODB_COLLECT: 'coats' }
      await tour({ SESSION_TYPE: 'mongodb', ...keys }, inCollection('coats'))
    } finally {
      await client.db(name).dropDatabase()
      await client.close()
    }
  })

  test('cookies', async () => {
    const env = { SESSION_STORE: `cookie:?key=${randomBytes(32).toString('hex')}` }
    const words = 'the cookie itself, sealed; nothing is on the server'
    await tour(env, { words, record: undefined, lists: false })
    await using demo = await serve(env)
    const answer = await visitor(demo.url).upload('x'.repeat(5000))
    assert.equal(answer.status, 413)
    assert.match(textOf(answer), /would not fit into one/)
  })

  test('sessions switched off, by SESSION_STORE and by the type null', async () => {
    for (const env of [{ SESSION_STORE: 'null:' }, { SESSION_TYPE: 'null' }]) {
      await using demo = await serve(env)
      const someone = visitor(demo.url)
      for (const path of ['/', '/name', '/cart', '/where']) assert.equal((await someone.get(path)).status, 200, path)
      for (const answer of [await someone.upload('x'), await someone.submit('/name', { name: 'Ada' })]) {
        assert.equal(answer.status, 503)
        assert.match(textOf(answer), /Sessions are switched off on this server/)
        assert.deepEqual(answer.headers.getSetCookie(), [])
      }
      assert.equal((await someone.get('/visits')).status, 503)
    }
    toured.schemes.add('null')
    toured.types.add('null')
  })

  test('every store was toured, and every SESSION_TYPE that has a store', () => {
    // The others are the same store behind other addresses.
    const others = ['rediss', 'redis+cluster', 'redis+sentinel', 'mongodb+srv']
    const stores = Object.keys(schemes).filter((name) => !others.includes(name))
    // As openStore does with the names that servers of its own give.
    const names = [...toured.schemes].map((name) => name.replace('postgresql', 'postgres').replace('mariadb', 'mysql'))
    assert.deepEqual(names.toSorted(), stores.toSorted())
    const types = sessionTypes.filter((name) => name !== 'dynamodb')
    assert.deepEqual([...toured.types].toSorted(), types.toSorted())
  })
})

function rowOf(table: string, id: string): string {
  return `Row of table ${table}, with id = '${id}'`
}
