import type { Environment } from './config.ts'

/** The settings that decide what a record is called; those that a store does not have are without meaning. */
export interface RecordNames {
  /** Of `SESSION_STORE`, one for each kind of store: `redis` also for `rediss:` and `redis+cluster:`. */
  readonly scheme: string
  /** The folder or file. */
  readonly path: string
  /** Before the ID in a key. */
  readonly prefix: string
  readonly table: string
  readonly collection: string
}

/** Read out of a URL that `openStore` has taken. */
export function namesInUrl(url: string): RecordNames {
  const [, scheme = '', path = '', query = ''] = /^([a-z\d]+)[a-z\d+]*:([^?]*)\??(.*)$/is.exec(url) ?? []
  const parameters = new URLSearchParams(query)
  return {
    scheme: schemeOf(scheme),
    path: path || '.sessions',
    prefix: parameters.get('prefix') ?? 'session:',
    table: parameters.get('table') ?? 'sessions',
    collection: parameters.get('collection') ?? 'sessions',
  }
}

/** Read out of keys that `fromFlaskConfig` has taken. */
export function namesInFlask(env: Environment): RecordNames {
  const names = {
    path: env['SESSION_FILE_DIR'] ?? 'flask_session',
    prefix: env['SESSION_KEY_PREFIX'] ?? 'session:',
    table: env['SESSION_SQLALCHEMY_TABLE'] ?? env['SESSION_POSTGRESQL_TABLE'] ?? 'coatcheck_sessions',
    collection: env['SESSION_MONGODB_COLLECT'] ?? 'sessions',
  }
  const type = env['SESSION_TYPE']?.toLowerCase() ?? 'null'
  switch (type) {
    case 'cachelib':
      return namesInUrl(env['SESSION_CACHELIB'] ?? 'file:flask_session')
    case 'filesystem':
      return { ...names, scheme: 'file' }
    case 'postgresql':
      return { ...names, scheme: 'postgres' }
    case 'sqlalchemy': {
      const uri = env['SESSION_SQLALCHEMY'] ?? env['SQLALCHEMY_DATABASE_URI'] ?? ''
      const [, scheme = '', path = ''] = /^([a-z]+)[^:]*:\/{0,3}([^?]*)/i.exec(uri) ?? []
      return { ...names, scheme: schemeOf(scheme), path }
    }
    default:
      return { ...names, scheme: type }
  }
}

function schemeOf(name: string): string {
  const scheme = name.toLowerCase()
  if (scheme === 'postgresql') return 'postgres'
  if (scheme === 'mariadb') return 'mysql'
  return scheme.replace(/^rediss$/, 'redis')
}
