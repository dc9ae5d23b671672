import { SessionError } from '../errors.ts'
import type { Store } from '../store.ts'
import { mysqlStore } from '../stores/mysql.ts'
import { given } from '../stores/open-url.ts'
import { openStore } from '../stores/open.ts'
import { postgresStore } from '../stores/postgres.ts'
import { sqliteStore } from '../stores/sqlite.ts'
import { isMysqlClient, isPostgresClient, isSqliteDatabase } from './clients.ts'
import { storeUrlOf, withParameters } from './database-uri.ts'
import type { FlaskSettings } from './settings.ts'
import { shown } from '../options/shown.ts'

/** The original's own tables are called `sessions` and `flask_sessions`, and have other columns. */
const TABLE = 'coatcheck_sessions'

/** Where the rows shall be. */
interface Place {
  readonly table: string
  readonly schema: string | undefined
}

/** `SESSION_TYPE` sqlalchemy and postgresql. Throws `bad_option`, naming the key. */
export async function openSqlStore(
  type: 'sqlalchemy' | 'postgresql',
  settings: FlaskSettings,
  note: (key: string, text: string) => void,
): Promise<Store> {
  const { text, value } = settings
  const prefix = type === 'sqlalchemy' ? 'SESSION_SQLALCHEMY' : 'SESSION_POSTGRESQL'
  const table = text(`${prefix}_TABLE`)
  if (table !== undefined)
    note(`${prefix}_TABLE`, "the original's own table of this name has other columns: name another one")
  const place = { table: table ?? TABLE, schema: text(`${prefix}_SCHEMA`) }

  const client = value(prefix)
  if (client !== undefined && typeof client !== 'string') return ofClient(prefix, client, place)
  if (type === 'postgresql') {
    if (client === undefined) refuse('SESSION_POSTGRESQL is not set; it is a pool of pg, or postgres://HOST/DATABASE')
    return ofUri(prefix, client, place, ['postgres'], note)
  }
  const [key, uri] = client === undefined ? configured(settings) : [prefix, client]
  if (client !== undefined && text('SESSION_SQLALCHEMY_BIND_KEY') !== undefined)
    note('SESSION_SQLALCHEMY_BIND_KEY', 'not read, because SESSION_SQLALCHEMY names the database')
  return ofUri(key, uri, place, ['postgres', 'mysql', 'sqlite'], note)
}

function ofClient(key: string, client: unknown, { table, schema }: Place): Store {
  const options = given({ table, schema })
  if (key === 'SESSION_SQLALCHEMY') {
    if (isMysqlClient(client)) return mysqlStore(client, options)
    if (isSqliteDatabase(client)) return schema === undefined ? sqliteStore(client, { table }) : refuseSchema('SQLite')
  }
  if (isPostgresClient(client) && !isMysqlClient(client)) return postgresStore(client, options)
  return refuse(`${key} is no client and no URL; it is ${CLIENTS[key] ?? ''}`)
}

const CLIENTS: Readonly<Record<string, string>> = {
  SESSION_SQLALCHEMY: 'a client of pg, postgres, mysql2, node:sqlite or better-sqlite3, or a database URI',
  SESSION_POSTGRESQL: 'a client of pg or postgres, or postgres://HOST/DATABASE',
}

async function ofUri(
  key: string,
  uri: string,
  { table, schema }: Place,
  allowed: readonly string[],
  note: (key: string, text: string) => void,
): Promise<Store> {
  const url = storeUrlOf(key, uri)
  const [scheme = '', rest = ''] = url.split(/:(.*)/s)
  if (!allowed.includes(scheme))
    refuse(`${key} is for ${scheme}; it is for postgres. SESSION_TYPE sqlalchemy takes all`)
  if (schema !== undefined && scheme !== 'postgres') refuseSchema(scheme === 'mysql' ? 'a MySQL URL' : 'SQLite')
  if (scheme === 'sqlite' && !/^(\/|[a-z]:|:memory:)/i.test(rest))
    note(key, "the file is looked for in the working directory; Flask-SQLAlchemy's was in the instance folder")
  return openStore(withParameters(url, { table, schema }))
}

/** The database of the bind, or the application's. */
function configured({ text, value }: FlaskSettings): readonly [key: string, uri: string] {
  const bind = text('SESSION_SQLALCHEMY_BIND_KEY')
  if (bind === undefined) {
    const uri = text('SQLALCHEMY_DATABASE_URI')
    if (uri === undefined)
      refuse('SESSION_TYPE sqlalchemy needs a database; set SQLALCHEMY_DATABASE_URI, or a client as SESSION_SQLALCHEMY')
    return ['SQLALCHEMY_DATABASE_URI', uri]
  }
  const binds: unknown = value('SQLALCHEMY_BINDS')
  const found: unknown = new Map(Object.entries(Object(binds))).get(bind)
  const uri: unknown = typeof found === 'object' && found !== null && 'url' in found ? found.url : found
  if (typeof uri !== 'string')
    refuse(`SESSION_SQLALCHEMY_BIND_KEY is ${shown(bind)}; SQLALCHEMY_BINDS has no database URI of that name`)
  return ['SQLALCHEMY_BINDS', uri]
}

function refuseSchema(where: string): never {
  refuse(`SESSION_SQLALCHEMY_SCHEMA has no meaning for ${where}; leave it out, or name the database in the URI`)
}

function refuse(detail: string): never {
  throw new SessionError('bad_option', detail)
}
