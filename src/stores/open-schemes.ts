import { SessionError } from '../errors.ts'
import type { Store } from '../store.ts'
import { fileStore } from './file.ts'
import { importClient, owning } from './open-client.ts'
import { memoryStore } from './memory.ts'
import { nullStore } from './null.ts'
import { given, serverUrl, unquoted } from './open-url.ts'
import type { StoreUrl } from './open-url.ts'

/** One kind of store as a URL names it. */
interface Scheme {
  /** What to write, for error messages and docs. */
  readonly form: string
  /** Query parameters of ours. */
  readonly parameters: readonly string[]
  /** Query parameters that the client understands itself. */
  readonly passedOn?: readonly string[]
  open(url: StoreUrl): Store | Promise<Store>
}

const TABLE = ['table', 'createTable'] as const

/** What the driver can be told that makes sense for sessions. */
const MONGODB_OPTIONS = [
  'authSource',
  'authMechanism',
  'authMechanismProperties',
  'replicaSet',
  'directConnection',
  'loadBalanced',
  'tls',
  'ssl',
  'tlsCAFile',
  'tlsCertificateKeyFile',
  'tlsCertificateKeyFilePassword',
  'compressors',
  'appName',
  'maxPoolSize',
  'minPoolSize',
  'maxIdleTimeMS',
  'serverSelectionTimeoutMS',
  'connectTimeoutMS',
  'socketTimeoutMS',
  'retryReads',
  'retryWrites',
  'readConcernLevel',
  'w',
  'journal',
  'wtimeoutMS',
]

const MONGODB: Omit<Scheme, 'form'> = {
  parameters: ['collection', 'createIndexes'],
  passedOn: MONGODB_OPTIONS,
  open: async (url) => (await import('./open-mongodb.ts')).openMongodb(url, MONGODB_OPTIONS),
}

/** Every store that a URL can name. Adding a store adds an entry. */
export const schemes: Readonly<Record<string, Scheme>> = {
  memory: {
    form: 'memory:',
    parameters: ['maxSessions', 'maxBytes'],
    open: ({ parameters: { number } }) =>
      memoryStore(given({ maxSessions: number('maxSessions'), maxBytes: number('maxBytes') })),
  },

  file: {
    form: 'file:DIR',
    parameters: ['maxSessions', 'fsync'],
    open: ({ rest, parameters: { number, flag } }) =>
      fileStore(rest === '' ? '.sessions' : rest, given({ maxSessions: number('maxSessions'), fsync: flag('fsync') })),
  },

  sqlite: {
    form: 'sqlite:FILE',
    parameters: [...TABLE, 'fsync'],
    async open({ rest, parameters: { text, flag } }) {
      if (rest === '') throw new SessionError('bad_option', 'sqlite: needs a file, as in sqlite:sessions.db')
      const { sqliteStore } = await import('./sqlite.ts')
      return sqliteStore(rest, given({ table: text('table'), createTable: flag('createTable'), fsync: flag('fsync') }))
    },
  },

  postgres: {
    form: 'postgres://USER:PASSWORD@HOST/DATABASE',
    parameters: [...TABLE, 'schema', 'poolSize'],
    passedOn: ['sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'application_name'],
    async open({ parameters }) {
      const { postgresStore } = await import('./postgres.ts')
      const { text, flag, number } = parameters
      const options = given({ table: text('table'), createTable: flag('createTable'), schema: text('schema') })
      const url = serverUrl(parameters, schemes['postgres']?.passedOn)
      const max = number('poolSize') ?? 10
      const connect = await importClient('postgres', {
        pg: async () => {
          const { default: pg } = await import('pg')
          return () => {
            const pool = new pg.Pool({ connectionString: url, max })
            // An idle connection that breaks is replaced at the next query; unheard, the event would end the process.
            pool.on('error', () => {})
            return owning(postgresStore(pool, options), () => pool.end())
          }
        },
        postgres: async () => {
          const { default: postgres } = await import('postgres')
          return () => {
            // Names of prepared statements do not survive a transaction pooler, and nobody can tell one by its URL.
            const sql = postgres(url, { max, prepare: false, onnotice: () => {} })
            return owning(postgresStore(sql, options), () => sql.end({ timeout: 5 }))
          }
        },
      })
      return connect()
    },
  },

  mysql: {
    form: 'mysql://USER:PASSWORD@HOST/DATABASE',
    parameters: [...TABLE, 'poolSize'],
    passedOn: ['ssl'],
    async open({ parameters }) {
      const { mysqlStore } = await import('./mysql.ts')
      const { text, flag, number } = parameters
      const options = given({ table: text('table'), createTable: flag('createTable') })
      const uri = serverUrl(parameters, schemes['mysql']?.passedOn)
      const mysql = await importClient('mysql', { mysql2: () => import('mysql2/promise') })
      const pool = unquoted(() => mysql.createPool({ uri, connectionLimit: number('poolSize') ?? 10 }))
      return owning(mysqlStore(pool, options), () => pool.end())
    },
  },

  redis: {
    form: 'redis://USER:PASSWORD@HOST',
    parameters: ['prefix'],
    open: async (url) => (await import('./open-redis.ts')).openRedis(url),
  },

  rediss: {
    form: 'rediss://USER:PASSWORD@HOST',
    parameters: ['prefix'],
    open: async (url) => (await import('./open-redis.ts')).openRedis(url),
  },

  'redis+cluster': {
    form: 'redis+cluster://HOST,HOST',
    parameters: ['prefix', 'tls'],
    open: async (url) => (await import('./open-redis.ts')).openRedisCluster(url),
  },

  'redis+sentinel': {
    form: 'redis+sentinel://HOST,HOST/MASTER',
    parameters: ['prefix', 'tls'],
    open: async (url) => (await import('./open-redis.ts')).openRedisSentinel(url),
  },

  memcached: {
    form: 'memcached://HOST,HOST',
    parameters: ['prefix', 'tls', 'maxConnections'],
    open: async (url) => (await import('./open-memcached.ts')).openMemcached(url),
  },

  mongodb: { form: 'mongodb://USER:PASSWORD@HOST/DATABASE', ...MONGODB },

  'mongodb+srv': { form: 'mongodb+srv://USER:PASSWORD@HOST/DATABASE', ...MONGODB },

  cookie: {
    form: 'cookie:?key=SECRET',
    parameters: ['key', 'encrypt'],
    async open({ rest, parameters: { texts, flag } }) {
      if (rest !== '')
        throw new SessionError('bad_option', 'cookie: takes its secret as a parameter: cookie:?key=SECRET')
      const { cookieStore } = await import('./cookie.ts')
      // Base64 pasted as it is: in a query its plus signs are spaces.
      const keys = texts('key').map((key) => key.replaceAll(' ', '+'))
      return cookieStore({ keys, ...given({ encrypt: flag('encrypt') }) })
    },
  },

  null: {
    form: 'null:',
    parameters: [],
    open: () => nullStore(),
  },
}
