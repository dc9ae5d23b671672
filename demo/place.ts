import { join } from 'node:path'
import { namesInFlask, namesInUrl } from './record-names.ts'
import type { Environment } from './config.ts'
import type { RecordNames } from './record-names.ts'

/** Where sessions are kept, in words for people. */
export interface Place {
  /** Behind "kept in": `Redis`. */
  readonly words: string
  /** Whether there are records on the server at all. */
  readonly onServer: boolean
  /** What a record is called there, and a command that shows it; undefined where there is nothing to look at. */
  record(id: string): RecordName | undefined
}

/** One record in its store. */
export interface RecordName {
  /** What a record is there: `Key`, `File`, `Row`. */
  readonly kind: string
  readonly name: string
  /** For the terminal; who needs a host or a password adds them. */
  readonly look: string
}

/** The place that `SESSION_STORE` names. */
export function placeOfUrl(url: string): Place {
  return placeOf(namesInUrl(url))
}

/** The place that `SESSION_TYPE` and its keys name. */
export function placeOfFlask(env: Environment): Place {
  return placeOf(namesInFlask(env))
}

function placeOf({ scheme, path, prefix, table, collection }: RecordNames): Place {
  const row = (id: string, shell: (sql: string) => string): RecordName => ({
    kind: 'Row',
    name: `of table ${table}, with id = '${id}'`,
    look: shell(`select * from ${table} where id = '${id}'`),
  })
  const places: Readonly<Record<string, Omit<Place, 'onServer'>>> = {
    file: {
      words: `files in the folder ${path}`,
      record(id) {
        const file = join(path, id.slice(0, 2), id)
        return { kind: 'File', name: file, look: `cat ${file}` }
      },
    },
    memory: { words: 'the memory of this server process', record: () => undefined },
    sqlite: {
      words: `the SQLite database ${path}`,
      record: (id) => row(id, (sql) => `sqlite3 -line ${path} "${sql}"`),
    },
    postgres: { words: 'PostgreSQL', record: (id) => row(id, (sql) => `psql -xc "${sql}"`) },
    mysql: { words: 'MySQL or MariaDB', record: (id) => row(id, (sql) => `mariadb -e "${sql}\\G"`) },
    redis: {
      words: 'Redis',
      record: (id) => ({ kind: 'Key', name: prefix + id, look: `redis-cli hgetall ${prefix}${id}` }),
    },
    memcached: {
      words: 'Memcached',
      record: (id) => ({
        kind: 'Key',
        name: prefix + id,
        look: `printf 'mg ${prefix}${id} s t v\\r\\n' | nc -q1 127.0.0.1 11211`,
      }),
    },
    mongodb: {
      words: 'MongoDB',
      record: (id) => ({
        kind: 'Document',
        name: `of collection ${collection}, with _id: '${id}'`,
        look: `mongosh --eval "db.getCollection('${collection}').findOne({ _id: '${id}' })"`,
      }),
    },
    cookie: { words: 'the cookie itself, sealed; nothing is on the server', record: () => undefined },
    null: { words: 'nothing: sessions are switched off', record: () => undefined },
  }
  const place = places[scheme] ?? { words: scheme, record: () => undefined }
  return { ...place, onServer: scheme !== 'cookie' && scheme !== 'null' }
}
