/** Every key of Flask and Flask-Session: what it comes to, and that the docs say the same. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { createSessions, SessionError } from '../../src/index.ts'
import { fromFlaskConfig, type FlaskSessions } from '../../src/flask/index.ts'
import { flaskKeys } from '../../src/flask/keys.ts'
import { sessionTypes } from '../../src/flask/types.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { readPage } from '../markdown.ts'

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coatcheck-flask-'))
})
after(() => rm(folder, { recursive: true }))

type Config = Record<string, unknown>

/** Kept in memory, so that only the keys under test matter. */
const inMemory = (config: Config): Config => ({
  SESSION_TYPE: 'cachelib',
  SESSION_CACHELIB: memoryStore(),
  ...config,
})

async function read(config: Config, environment?: Record<string, string>): Promise<FlaskSessions> {
  const sessions = await fromFlaskConfig(inMemory(config), environment)
  // What comes out must be what createSessions takes.
  await createSessions(sessions.options).close()
  return sessions
}

async function noted(config: Config): Promise<string[]> {
  const { notes } = await read(config)
  return notes.map(({ key, text }) => `${key}: ${text}`)
}

async function refusal(config: Config, environment?: Record<string, string>): Promise<string> {
  try {
    await fromFlaskConfig(config, environment)
  } catch (error) {
    assert.ok(error instanceof SessionError, String(error))
    assert.equal(error.code, 'bad_option', error.message)
    return error.message
  }
  return assert.fail(`not refused: ${JSON.stringify(config)}`)
}

suite('fromFlaskConfig', () => {
  test("without any setting has Flask's defaults, and says that sessions are switched off", async () => {
    const { options, notes } = await fromFlaskConfig({})
    const { store, ...others } = options
    assert.deepEqual(others, { lifetime: '31d', permanent: true, cookie: { name: 'session' } })
    assert.deepEqual(
      notes.map(({ key }) => key),
      ['SESSION_TYPE'],
    )
    const sessions = createSessions(options)
    const session = await sessions.open({ cookie: undefined, secure: false })
    Object.assign(session.data, { n: 1 })
    await assert.rejects(async () => sessions.commit(session), { code: 'switched_off' })
    assert.ok(store)
  })

  test('takes over the cookie', async () => {
    const { options, notes } = await read({
      SESSION_COOKIE_NAME: 'shop',
      SESSION_COOKIE_DOMAIN: 'example.org',
      SESSION_COOKIE_PATH: '/shop',
      APPLICATION_ROOT: '/elsewhere',
      SESSION_COOKIE_SECURE: true,
      SESSION_COOKIE_SAMESITE: 'None',
      SESSION_COOKIE_HTTPONLY: true,
      SESSION_COOKIE_PARTITIONED: true,
    })
    const cookie = {
      name: 'shop',
      secure: true,
      sameSite: 'none',
      path: '/shop',
      domain: 'example.org',
      partitioned: true,
    }
    assert.deepEqual(options.cookie, cookie)
    assert.deepEqual(notes, [])
    const rooted = await read({ APPLICATION_ROOT: '/app', SESSION_COOKIE_DOMAIN: false, SESSION_COOKIE_SAMESITE: null })
    assert.deepEqual(rooted.options.cookie, { name: 'session', path: '/app' })
    assert.deepEqual((await read({ SESSION_COOKIE_SECURE: 0 })).options.cookie, { name: 'session', secure: false })
  })

  test('refuses a cookie that scripts can read', async () => {
    assert.match(
      await refusal({ SESSION_COOKIE_HTTPONLY: false }),
      /SESSION_COOKIE_HTTPONLY is false; it can only be true/,
    )
  })

  test('refuses what a browser would drop before it opens the store', async () => {
    const directory = join(folder, 'never')
    const config = { SESSION_TYPE: 'filesystem', SESSION_FILE_DIR: directory }
    const refused: [Config, RegExp][] = [
      [{ SESSION_COOKIE_PATH: 'shop' }, /cookie.path "shop" must begin with/],
      [{ SESSION_COOKIE_SAMESITE: 'None', SESSION_COOKIE_SECURE: false }, /'none' needs cookie.secure/],
      [{ SESSION_COOKIE_PARTITIONED: true, SESSION_COOKIE_SECURE: false }, /partitioned needs cookie.secure/],
      [
        { SESSION_COOKIE_NAME: '__Host-s', SESSION_COOKIE_DOMAIN: 'a.example', SESSION_COOKIE_SECURE: true },
        /__Host-s/,
      ],
    ]
    for (const [cookie, message] of refused) assert.match(await refusal({ ...config, ...cookie }), message)
    assert.equal(existsSync(directory), false)
  })

  test('takes over permanence and the lifetime, in every shape of a timedelta', async () => {
    const lifetimes: [unknown, string][] = [
      [3600, '3600000ms'],
      [0.5, '500ms'],
      ['90', '90000ms'],
      ['P31D', '2678400000ms'],
      ['P1DT2H3M4.5S', '93784500ms'],
      ['P2W', '1209600000ms'],
      ['31 days, 0:00:00', '2678400000ms'],
      ['1 day, 1:01:01', '90061000ms'],
      ['0:00:01.5', '1500ms'],
      [{ days: 1, hours: 1 }, '90000000ms'],
    ]
    for (const [value, lifetime] of lifetimes) {
      const { options } = await read({ PERMANENT_SESSION_LIFETIME: value, SESSION_PERMANENT: false })
      assert.equal(options.lifetime, lifetime, JSON.stringify(value))
      assert.equal(options.permanent, false)
    }
    for (const value of [
      0,
      -1,
      '',
      'P',
      '31d',
      'soon',
      '-1 day, 0:00:00',
      true,
      [1],
      {},
      { years: 1 },
      { days: 1, years: 1 },
      { days: '' },
      1e20,
    ])
      assert.match(await refusal({ PERMANENT_SESSION_LIFETIME: value }), /LIFETIME is .*; it is a number of seconds/)
  })

  test('notes what has no effect, and nothing that means what is so anyway', async () => {
    const silent = {
      SESSION_USE_SIGNER: false,
      SESSION_ID_LENGTH: 32,
      SESSION_REFRESH_EACH_REQUEST: true,
      SESSION_REDIS: null,
      SESSION_KEY_PREFIX: undefined,
      MAIL_SERVER: 'of another library',
      DEBUG: true,
    }
    assert.deepEqual(await noted(silent), [])
    const cases: [Config, RegExp][] = [
      [{ SECRET_KEY: 'hush' }, /^SECRET_KEY: nothing is signed/],
      [{ SECRET_KEY_FALLBACKS: ['hush'] }, /^SECRET_KEY_FALLBACKS: nothing is signed/],
      [{ SESSION_USE_SIGNER: true }, /^SESSION_USE_SIGNER: nothing is signed/],
      [{ SESSION_REFRESH_EACH_REQUEST: false }, /^SESSION_REFRESH_EACH_REQUEST: a visit always counts/],
      [{ SESSION_ID_LENGTH: 64 }, /^SESSION_ID_LENGTH: a token always has 32 random bytes/],
      [{ SESSION_ID_LENGTH: 16 }, /^SESSION_ID_LENGTH: /],
      [{ SESSION_SERIALIZATION_FORMAT: 'json' }, /^SESSION_SERIALIZATION_FORMAT: records have one format/],
      [{ SESSION_CLEANUP_N_REQUESTS: 100 }, /^SESSION_CLEANUP_N_REQUESTS: expired records are swept by a timer/],
      [{ SESSION_DYNAMODB: {} }, /^SESSION_DYNAMODB: there is no DynamoDB/],
      [{ SESSION_DYNAMODB_TABLE: 'x' }, /^SESSION_DYNAMODB_TABLE: there is no/],
      [{ SESSION_DYNAMODB_TABLE_EXISTS: true }, /^SESSION_DYNAMODB_TABLE_EXISTS: there is no/],
    ]
    for (const [config, expected] of cases) {
      const notes = await noted(config)
      assert.equal(notes.length, 1, `${JSON.stringify(config)} ${notes.join()}`)
      assert.match(notes[0] ?? '', expected)
      assert.doesNotMatch(notes[0] ?? '', /hush/)
    }
  })

  test('notes a key that the chosen type does not read', async () => {
    for (const [key, { types, kind, effect }] of Object.entries(flaskKeys)) {
      if (types === undefined || effect === 'other name') continue
      const value = kind === 'whole' ? 1 : kind === 'flag' ? true : 'x'
      const type = { SESSION_TYPE: 'null' }
      assert.deepEqual(await noted({ ...type, SESSION_CACHELIB: null, [key]: value }), [
        `${key}: not read with SESSION_TYPE null`,
      ])
    }
  })

  test("reads the names that only the original's documentation has, and says so", async () => {
    const others = Object.entries(flaskKeys).filter(([, { effect }]) => effect === 'other name')
    assert.deepEqual(
      others.map(([key]) => key),
      ['SESSION_KEY_LENGTH', 'SESSION_SQLALCHEMY_BINDKEY', 'SESSION_DYNAMODB_TABLE_NAME'],
    )
    for (const [key, { kind, standsFor = '' }] of others) {
      const value = kind === 'whole' ? 16 : 'x'
      const notes = await noted({ [key]: value })
      assert.match(notes[0] ?? '', new RegExp(`^${key}: read as ${standsFor}: `))
      assert.match(notes[1] ?? '', new RegExp(`^${standsFor}: `))
      assert.match(
        await refusal({ [key]: value, [standsFor]: value }),
        new RegExp(`${key} and ${standsFor} are both set`),
      )
    }
  })

  test('refuses an unknown SESSION_ key by name, with the nearest one', async () => {
    const cases = [
      ['SESSION_COOKIE_SAME_SITE', 'SESSION_COOKIE_SAMESITE'],
      ['SESSION_FILEDIR', 'SESSION_FILE_DIR'],
      ['SESSION_MONGODB_COLLECTION', 'SESSION_MONGODB_COLLECT'],
      ['session_tpye', 'SESSION_TYPE'],
    ] as const
    for (const [key, near] of cases)
      assert.match(await refusal({ [key]: 'x' }), new RegExp(`no key ${key}; the nearest one is ${near} `))
    assert.match(await refusal({ session_type: 'redis' }), /session_type is written SESSION_TYPE/)
  })

  test('refuses a value of the wrong kind, naming key, value and what is allowed', async () => {
    const wrong = { flag: 'False', whole: -1, text: 7, lifetime: 'soon' }
    for (const [key, { kind, secret }] of Object.entries(flaskKeys)) {
      if (kind === 'resource') continue
      const message = await refusal({ [key]: wrong[kind] })
      assert.ok(
        message.includes(`${key} is ${secret ? 'something else' : JSON.stringify(wrong[kind])}; it is `),
        message,
      )
    }
    assert.match(await refusal({ SESSION_PERMANENT: 'False' }), /true or false, in the environment in small letters/)
    assert.match(await refusal({ SESSION_TYPE: 'oracle' }), /SESSION_TYPE is "oracle"; it is one of null, filesystem/)
    assert.match(await refusal({ SESSION_SERIALIZATION_FORMAT: 'pickle' }), /it is one of msgpack, json/)
    assert.match(await refusal({ SESSION_COOKIE_SAMESITE: 'loose' }), /it is one of lax, strict, none/)
  })

  test('reads the environment as from_prefixed_env does, over the object', async () => {
    const environment = {
      FLASK_SESSION_PERMANENT: 'false',
      FLASK_PERMANENT_SESSION_LIFETIME: '60',
      FLASK_SESSION_COOKIE_NAME: 'named',
      FLASK_DEBUG: '1',
      SESSION_COOKIE_NAME: 'not prefixed',
    }
    const { options, notes } = await read({ SESSION_COOKIE_NAME: 'under', SESSION_COOKIE_PATH: '/kept' }, environment)
    assert.deepEqual(options.cookie, { name: 'named', path: '/kept' })
    assert.equal(options.lifetime, '60000ms')
    assert.equal(options.permanent, false)
    assert.deepEqual(notes, [])
    assert.match(await refusal({}, { FLASK_SESSION_COOKIE_SECURE: 'False' }), /SESSION_COOKIE_SECURE is "False"/)
    assert.match(await refusal({}, { FLASK_SESSION_TIPE: 'redis' }), /nearest one is SESSION_TYPE /)
    const bind = join(folder, 'bind.db')
    const bound = await fromFlaskConfig(
      { SESSION_TYPE: 'sqlalchemy', SESSION_SQLALCHEMY_BIND_KEY: 'sessions', SQLALCHEMY_BINDS: { other: 'x' } },
      { FLASK_SQLALCHEMY_BINDS__sessions: `sqlite:///${bind}` },
    )
    assert.deepEqual(bound.notes, [])
    await createSessions(bound.options).close()
  })

  test('every SESSION_TYPE is a store, but DynamoDB, which is refused with what there is', async () => {
    const config: Config = {
      SESSION_FILE_DIR: join(folder, 'types'),
      SESSION_CACHELIB: memoryStore(),
      SQLALCHEMY_DATABASE_URI: `sqlite:///${join(folder, 'types.db')}`,
      SESSION_POSTGRESQL: 'postgresql+psycopg2://127.0.0.1:1/none',
      SESSION_MEMCACHED: ['127.0.0.1:1'],
      SESSION_REDIS: 'redis://127.0.0.1:1',
      SESSION_MONGODB: 'mongodb://127.0.0.1:1',
    }
    for (const type of sessionTypes) {
      if (type === 'dynamodb') continue
      const { options } = await fromFlaskConfig({ ...config, SESSION_TYPE: type.toUpperCase() })
      await createSessions(options).close()
    }
    assert.match(
      await refusal({ SESSION_TYPE: 'dynamodb' }),
      /no DynamoDB store. There are filesystem, cachelib, redis/,
    )
  })
})

suite('docs/from-flask-session.md', () => {
  const rows = [...readPage('docs/from-flask-session.md').matchAll(/^\| `([A-Z_]+)` \| ([a-z ]+) \| (.+) \|$/gm)]

  test('has one row for every key, with what becomes of it, and none for a key that does not exist', () => {
    const documented = rows.map(([, key = '', effect = '']) => `${key}: ${effect}`)
    const expected = Object.entries(flaskKeys).map(([key, { effect }]) => `${key}: ${effect}`)
    assert.deepEqual(documented.toSorted(), expected.toSorted())
  })

  test('has one row for every SESSION_TYPE', () => {
    const types = [...readPage('docs/from-flask-session.md').matchAll(/^\| `([a-z]+)` \| .+ \|$/gm)]
    assert.deepEqual(types.map(([, type = '']) => type).toSorted(), sessionTypes.toSorted())
  })
})
