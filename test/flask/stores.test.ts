/** A configuration of Flask-Session on real stores: a session written through it is read back through another one. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, suite, test } from 'node:test'
import { Redis } from 'ioredis'
import { MongoClient } from 'mongodb'
import { Pool } from 'pg'
import { createSessions, SessionError } from '../../src/index.ts'
import { fromFlaskConfig } from '../../src/flask/index.ts'
import { mongodbUrl, storeUrlOf, withParameters } from '../../src/flask/database-uri.ts'
import { mongodbServer } from '../mongodb/mongodb-server.ts'
import { startMemcached, startPostgres, startRedis } from '../servers/index.ts'

type Config = Record<string, unknown>

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coatcheck-flask-'))
})
after(() => rm(folder, { recursive: true }))

/** Write, close, open once more, read; resolves with the keys of the notes. */
async function roundTrip(config: Config): Promise<string[]> {
  const { cookie } = await visit(config, undefined, (data) => Object.assign(data, { user: 'ada' }))
  assert.match(cookie, /^session=/)
  return (await visit(config, cookie, (data) => assert.deepEqual(data, { user: 'ada' }))).notes
}

async function visit(config: Config, cookie: string | undefined, look: (data: object) => void) {
  const { options, notes } = await fromFlaskConfig({ SESSION_COOKIE_SECURE: false, ...config })
  const sessions = createSessions(options)
  try {
    const session = await sessions.open({ cookie, secure: false })
    look(session.data)
    const reply = await sessions.commit(session)
    return { cookie: reply.setCookie[0]?.split(';')[0] ?? '', notes: notes.map(({ key }) => key) }
  } finally {
    await sessions.close()
  }
}

async function refusal(config: Config): Promise<string> {
  try {
    await fromFlaskConfig(config)
  } catch (error) {
    assert.ok(error instanceof SessionError, String(error))
    assert.equal(error.code, 'bad_option', error.message)
    assert.doesNotMatch(error.message, /hush/)
    return error.message
  }
  return assert.fail(`not refused: ${JSON.stringify(config)}`)
}

suite('a configuration of Flask-Session', () => {
  test('filesystem: keeps sessions in SESSION_FILE_DIR, at most SESSION_FILE_THRESHOLD of them', async () => {
    const directory = join(folder, 'files')
    const config = { SESSION_TYPE: 'filesystem', SESSION_FILE_DIR: directory, SESSION_FILE_MODE: 0o640 }
    assert.deepEqual(await roundTrip({ ...config, SESSION_FILE_THRESHOLD: 0 }), ['SESSION_FILE_MODE'])
    assert.notEqual((await readdir(directory)).length, 0)
    await visit(config, undefined, (data) => Object.assign(data, { n: 2 }))
    const { options } = await fromFlaskConfig({ ...config, SESSION_FILE_THRESHOLD: 1, SESSION_FILE_MODE: 0o600 })
    const sessions = createSessions(options)
    assert.equal((await Array.fromAsync(sessions.list())).length, 2)
    await sessions.sweep()
    assert.equal((await Array.fromAsync(sessions.list())).length, 1)
    await sessions.close()
  })

  test('cachelib: keeps sessions in the store of a URL', async () => {
    const directory = join(folder, 'cache')
    assert.deepEqual(await roundTrip({ SESSION_TYPE: 'cachelib', SESSION_CACHELIB: `file:${directory}` }), [])
    assert.ok(existsSync(directory))
    assert.match(await refusal({ SESSION_TYPE: 'cachelib', SESSION_CACHELIB: {} }), /SESSION_CACHELIB is no store/)
  })

  test('sqlalchemy on SQLite: by URI, by bind and by client, in the table that is named', async () => {
    const file = join(folder, 'app.db')
    const here = relative(process.cwd(), join(folder, 'here.db'))
    const config = { SESSION_TYPE: 'sqlalchemy', SQLALCHEMY_DATABASE_URI: `sqlite+pysqlite:///${file}` }
    assert.deepEqual(await roundTrip(config), [])
    const named = { ...config, SESSION_SQLALCHEMY_TABLE: 'coats', SESSION_SQLALCHEMY_SEQUENCE: 'seq' }
    assert.deepEqual(await roundTrip(named), ['SESSION_SQLALCHEMY_SEQUENCE', 'SESSION_SQLALCHEMY_TABLE'])
    const database = new DatabaseSync(file)
    const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").all()
    assert.deepEqual(
      tables.map(({ name }) => name),
      ['coatcheck_sessions', 'coats'],
    )
    assert.deepEqual(await roundTrip({ SESSION_TYPE: 'sqlalchemy', SESSION_SQLALCHEMY: database }), [])
    database.close()
    const bound = {
      ...config,
      SQLALCHEMY_BINDS: { kept: { url: `sqlite:///${join(folder, 'bound.db')}` } },
      SESSION_SQLALCHEMY_BIND_KEY: 'kept',
    }
    assert.deepEqual(await roundTrip(bound), [])
    assert.ok(existsSync(join(folder, 'bound.db')))
    const memory = { SESSION_TYPE: 'sqlalchemy', SESSION_SQLALCHEMY: 'sqlite://' }
    assert.deepEqual((await visit(memory, undefined, () => {})).notes, [])
    const near = await visit({ ...config, SQLALCHEMY_DATABASE_URI: `sqlite:///${here}` }, undefined, () => {})
    assert.deepEqual(near.notes, ['SQLALCHEMY_DATABASE_URI'])
    assert.match(await refusal({ ...bound, SQLALCHEMY_BINDS: {} }), /BIND_KEY is "kept"; SQLALCHEMY_BINDS has no/)
    assert.match(await refusal({ ...config, SESSION_SQLALCHEMY_SCHEMA: 'app' }), /SCHEMA has no meaning for SQLite/)
  })

  test('redis: by URL and by client, under SESSION_KEY_PREFIX', async () => {
    await using server = await startRedis()
    const config = { SESSION_TYPE: 'redis', SESSION_KEY_PREFIX: 'shop & co:' }
    assert.deepEqual(await roundTrip({ ...config, SESSION_REDIS: server.url }), [])
    const client = new Redis(server.url)
    const [key = ''] = await client.keys('shop & co:*')
    assert.notEqual(key, '')
    const seconds = await client.ttl(key)
    assert.ok(seconds > 31 * 86_400 - 60 && seconds <= 31 * 86_400 + 60, String(seconds))
    assert.deepEqual(await roundTrip({ ...config, SESSION_REDIS: client }), [])
    assert.equal((await client.keys('shop & co:*')).length, 2)
    client.disconnect()
    assert.match(await refusal({ SESSION_TYPE: 'redis', SESSION_REDIS: {} }), /SESSION_REDIS is no client and no URL/)
    assert.match(await refusal({ SESSION_TYPE: 'redis', SESSION_REDIS: 'postgres://hush@h/d' }), /SESSION_REDIS is no/)
  })

  test('sqlalchemy and postgresql on PostgreSQL: by URI and by pool, in the schema that is named', async () => {
    await using server = await startPostgres()
    const uri = server.url.replace(/^postgres(ql)?:/, 'postgresql+psycopg2:')
    const pool = new Pool({ connectionString: server.url })
    // The server may stop before the last connection has said goodbye.
    pool.on('error', () => {})
    await pool.query('CREATE SCHEMA app')
    assert.deepEqual(await roundTrip({ SESSION_TYPE: 'sqlalchemy', SQLALCHEMY_DATABASE_URI: uri }), [])
    const inSchema = { SESSION_TYPE: 'sqlalchemy', SESSION_SQLALCHEMY: uri, SESSION_SQLALCHEMY_SCHEMA: 'app' }
    assert.deepEqual(await roundTrip(inSchema), [])
    const table = { SESSION_TYPE: 'postgresql', SESSION_POSTGRESQL_TABLE: 'coats', SESSION_POSTGRESQL_SCHEMA: 'app' }
    assert.deepEqual(await roundTrip({ ...table, SESSION_POSTGRESQL: pool }), ['SESSION_POSTGRESQL_TABLE'])
    assert.deepEqual(await roundTrip({ SESSION_TYPE: 'postgresql', SESSION_POSTGRESQL: server.url }), [])
    const counts = []
    for (const name of ['public.coatcheck_sessions', 'app.coatcheck_sessions', 'app.coats'])
      counts.push((await pool.query(`SELECT count(*)::int AS n FROM ${name}`)).rows[0].n)
    assert.deepEqual(counts, [2, 1, 1])
    await pool.end()
    assert.match(await refusal({ SESSION_TYPE: 'postgresql' }), /SESSION_POSTGRESQL is not set/)
    const other = { SESSION_TYPE: 'postgresql', SESSION_POSTGRESQL: 'mysql://u:hush@h/d' }
    assert.match(await refusal(other), /SESSION_POSTGRESQL is for mysql; it is for postgres/)
    assert.match(
      await refusal({ SESSION_TYPE: 'postgresql', SESSION_POSTGRESQL: {} }),
      /SESSION_POSTGRESQL is no client/,
    )
    assert.match(
      await refusal({ SESSION_TYPE: 'sqlalchemy', SESSION_SQLALCHEMY: {} }),
      /SESSION_SQLALCHEMY is no client/,
    )
    assert.match(await refusal({ SESSION_TYPE: 'sqlalchemy' }), /needs a database; set SQLALCHEMY_DATABASE_URI/)
    const oracle = { SESSION_TYPE: 'sqlalchemy', SQLALCHEMY_DATABASE_URI: 'oracle+cx://u:hush@h/d' }
    assert.match(await refusal(oracle), /SQLALCHEMY_DATABASE_URI is for "oracle"; write postgresql:/)
    const mysql = {
      SESSION_TYPE: 'sqlalchemy',
      SESSION_SQLALCHEMY: 'mysql://u:hush@h/d',
      SESSION_SQLALCHEMY_SCHEMA: 'x',
    }
    assert.match(await refusal(mysql), /SCHEMA has no meaning for a MySQL URL/)
  })

  test('memcached: by address, list and URL', async () => {
    await using server = await startMemcached()
    const address = `${server.host}:${server.port}`
    for (const servers of [address, [address], `memcached://${address}`]) {
      const config = { SESSION_TYPE: 'memcached', SESSION_MEMCACHED: servers, SESSION_KEY_PREFIX: 'shop:' }
      assert.deepEqual(await roundTrip(config), [])
    }
    assert.match(await refusal({ SESSION_TYPE: 'memcached', SESSION_MEMCACHED: [{}] }), /SESSION_MEMCACHED names no/)
  })

  test('mongodb: by URL and by client, in the database and collection that are named', async () => {
    await using server = await mongodbServer()
    const client = new MongoClient(server.url)
    const name = `coatcheck-flask-${process.pid}`
    const config = { SESSION_TYPE: 'mongodb', SESSION_MONGODB_DB: name, SESSION_MONGODB_COLLECT: 'coats & hats' }
    try {
      assert.deepEqual(await roundTrip({ ...config, SESSION_MONGODB: server.url }), [])
      assert.equal(await client.db(name).collection('coats & hats').countDocuments(), 1)
      assert.deepEqual(await roundTrip({ ...config, SESSION_MONGODB: client }), [])
      assert.equal(await client.db(name).collection('coats & hats').countDocuments(), 2)
    } finally {
      await client.db(name).dropDatabase()
      await client.close()
    }
    assert.match(
      await refusal({ SESSION_TYPE: 'mongodb', SESSION_MONGODB: 'redis://u:hush@h' }),
      /SESSION_MONGODB is no/,
    )
  })
})

suite('URLs', () => {
  test("of SQLAlchemy become the stores'", () => {
    const urls = [
      ['postgresql+psycopg2://u:p%40@h:5/d?sslmode=require', 'postgres://u:p%40@h:5/d?sslmode=require'],
      ['postgres://h/d', 'postgres://h/d'],
      ['mysql+pymysql://u:p@h/d?charset=utf8mb4', 'mysql://u:p@h/d'],
      ['mariadb+mariadbconnector://h/d', 'mysql://h/d'],
      ['MySQL://h/d?charset=utf8&ssl=x', 'mysql://h/d?ssl=x'],
      ['sqlite:///here.db', 'sqlite:here.db'],
      ['sqlite:////var/there.db', 'sqlite:/var/there.db'],
      ['sqlite://', 'sqlite::memory:'],
      ['sqlite:///:memory:', 'sqlite::memory:'],
    ] as const
    for (const [uri, url] of urls) assert.equal(storeUrlOf('SQLALCHEMY_DATABASE_URI', uri), url)
    assert.throws(() => storeUrlOf('KEY', 'hush'), { message: /: KEY is no database URI; write postgresql:/ })
  })

  test('of MongoDB keep the database that knows the user', () => {
    const urls = [
      ['mongodb://h', 'mongodb://h/shop'],
      ['mongodb://h:1,i:2/?replicaSet=rs', 'mongodb://h:1,i:2/shop?replicaSet=rs'],
      ['mongodb://h/other', 'mongodb://h/shop'],
      ['mongodb+srv://u:p@h/users?w=1', 'mongodb+srv://u:p@h/shop?w=1&authSource=users'],
      ['mongodb://u:p@h/users?authSource=admin', 'mongodb://u:p@h/shop?authSource=admin'],
      ['redis://h', undefined],
    ] as const
    for (const [given, url] of urls) assert.equal(mongodbUrl(given, 'shop'), url)
  })

  test('take parameters that they do not have', () => {
    assert.equal(withParameters('a://h', { b: 'x &', c: undefined }), 'a://h?b=x%20%26')
    assert.equal(withParameters('a://h?b=1', { b: '2', c: '3' }), 'a://h?b=1&c=3')
    assert.equal(withParameters('a://h?', { c: '3' }), 'a://h?c=3')
    assert.equal(withParameters('a://h', {}), 'a://h')
  })
})
