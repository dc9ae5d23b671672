/** The stores on servers, each beside a client that writes past it. */
import { connect } from 'node:net'
import { BSON, MongoClient } from 'mongodb'
import { createConnection } from 'mysql2/promise'
import { Client } from 'pg'
import { createClient } from 'redis'
import { openStore } from '../../../src/stores/open.ts'
import { startFerretdb, startMariadb, startMemcached, startPostgres, startRedis } from '../../servers/index.ts'
import { accepts, COLUMNS, columns, jsonOf, rowSeeds, SOON, textOf, VERSION } from './raw-place.ts'
import type { RawPlace, ServerKind } from './raw-place.ts'

/** Start the server, and open it. */
export function openRawServer(kind: ServerKind): Promise<RawPlace> {
  return { redis, memcached, postgres, mysql, mongodb }[kind]()
}

async function postgres(): Promise<RawPlace> {
  const server = await startPostgres()
  const store = await openStore(server.url)
  await store.read('a'.repeat(64), 0)
  const client = new Client(server.url)
  await client.connect()
  const sql = 'INSERT INTO sessions (id, version, expires_at, owner, payload) VALUES ($1, $2, $3, $4, $5)'
  return {
    ...COLUMNS,
    store,
    covers: ['src/stores/postgres.ts', 'src/stores/postgres-client.ts', 'src/stores/sql-store.ts'],
    seeds: rowSeeds,
    put: (id, input) => accepts(() => client.query(sql, [id, ...columns(input)])),
    clear: (id) => client.query('DELETE FROM sessions WHERE id = $1', [id]),
    async stop() {
      await client.end()
      await server.stop()
    },
  }
}

async function mysql(): Promise<RawPlace> {
  const server = await startMariadb()
  const store = await openStore(server.url)
  await store.read('a'.repeat(64), 0)
  const client = await createConnection(server.url)
  const sql = 'INSERT INTO sessions (id, version, expires_at, owner, payload) VALUES (?, ?, ?, ?, ?)'
  return {
    ...COLUMNS,
    store,
    covers: ['src/stores/mysql.ts', 'src/stores/mysql-client.ts', 'src/stores/sql-store.ts'],
    seeds: rowSeeds,
    put: (id, input) => accepts(() => client.execute(sql, [id, ...columns(input)])),
    clear: (id) => client.execute('DELETE FROM sessions WHERE id = ?', [id]),
    async stop() {
      await client.end()
      await server.stop()
    },
  }
}

/** The fields of a hash; a text or a list is one of Redis. */
async function redis(): Promise<RawPlace> {
  const server = await startRedis()
  const store = await openStore(server.url)
  const client = createClient({ url: server.url })
  await client.connect()
  return {
    store,
    covers: [
      'src/stores/redis.ts',
      'src/stores/redis-record.ts',
      'src/stores/redis-index.ts',
      'src/stores/redis-list.ts',
    ],
    form: 'json',
    words: [
      'version',
      'expiresAt',
      'owner',
      'payload',
      'entry',
      'entryUntil',
      'inf',
      'nan',
      '0x7fffffffffff',
      'Infinity',
      '1e999',
    ],
    seeds: (payload) => [
      JSON.stringify({ version: VERSION, expiresAt: `${SOON}`, payload, owner: 'ada' }),
      JSON.stringify(payload),
      JSON.stringify([payload]),
    ],
    async put(id, input) {
      const json = jsonOf(input)
      const key = `session:${id}`
      const command =
        typeof json === 'string'
          ? ['SET', key, json]
          : Array.isArray(json)
            ? ['RPUSH', key, ...json.map(textOf)]
            : ['HSET', key, ...Object.entries(Object(json)).flat().map(textOf)]
      return accepts(() => client.sendCommand(command))
    },
    clear: (id) => client.del(`session:${id}`),
    async stop() {
      client.destroy()
      await server.stop()
    },
  }
}

/** The bytes of an item. */
async function memcached(): Promise<RawPlace> {
  const server = await startMemcached()
  const store = await openStore(`memcached://127.0.0.1:${server.port}`)
  const socket = connect(server.port, '127.0.0.1')
  let answered: (line: string) => void = () => undefined
  socket.on('data', (chunk) => answered(chunk.toString('latin1')))
  const ask = (...pieces: (string | Buffer)[]): Promise<string> =>
    new Promise((resolve) => {
      answered = resolve
      socket.write(Buffer.concat(pieces.map((piece) => Buffer.from(piece))))
    })
  return {
    store,
    covers: [
      'src/stores/memcached.ts',
      'src/stores/memcached-record.ts',
      'src/stores/memcached-protocol.ts',
      'src/stores/memcached-connection.ts',
    ],
    form: 'text',
    words: ['coatcheck/1 ', 'coatcheck/2 ', VERSION, '"ada"', '\n\n', '\r\n', 'END\r\n', 'VA 2\r\n', '\xff'],
    seeds: (payload) => [
      `coatcheck/1 ${SOON} ${VERSION}\n"ada"\n${payload}`,
      `coatcheck/1 ${SOON} ${VERSION}\n\n${payload}`,
    ],
    async put(id, input) {
      const bytes = Buffer.from(input, /[\u0100-\uffff]/.test(input) ? 'utf8' : 'latin1')
      return (await ask(`set session:${id} ${bytes.length % 7} 0 ${bytes.length}\r\n`, bytes, '\r\n')).startsWith(
        'STORED',
      )
    },
    clear: (id) => ask(`delete session:${id}\r\n`),
    async stop() {
      socket.destroy()
      await server.stop()
    },
  }
}

/** FerretDB takes names with line ends, and can then read nothing of the collection any more. */
function refuseUnreadable(json: string): void {
  JSON.parse(json, (name, value: unknown) => {
    // oxlint-disable-next-line no-control-regex -- that is the question
    if (/[\u0000-\u001f]/.test(name)) throw new Error('FerretDB could not read it')
    return value
  })
}

/** A document in MongoDB's extended JSON. */
async function mongodb(): Promise<RawPlace> {
  const server = await startFerretdb()
  const store = await openStore(server.url)
  const client = await new MongoClient(server.url).connect()
  const collection = client.db().collection<{ _id: string }>('sessions')
  return {
    store,
    covers: ['src/stores/mongodb.ts', 'src/stores/mongodb-record.ts'],
    form: 'json',
    words: [
      'version',
      'expiresAt',
      'owner',
      'payload',
      '$numberLong',
      '$numberDouble',
      '$date',
      '$binary',
      '$oid',
      '$undefined',
      '9223372036854775807',
    ],
    seeds: (payload) => [
      BSON.EJSON.stringify({ version: VERSION, expiresAt: new Date(SOON), payload, owner: 'ada' }, { relaxed: false }),
    ],
    put: (id, input) =>
      accepts(() => {
        refuseUnreadable(input)
        return collection.insertOne({ ...Object(BSON.EJSON.parse(input, { relaxed: false })), _id: id })
      }),
    clear: (id) => collection.deleteOne({ _id: id }),
    async stop() {
      await client.close()
      await server.stop()
    },
  }
}
