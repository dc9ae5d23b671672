/** The servers that other tests rely on: they answer, they die when told, and nothing of them stays behind. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, suite, test } from 'node:test'
import { MongoClient } from 'mongodb'
import { createConnection, type RowDataPacket } from 'mysql2/promise'
import { Client } from 'pg'
import { createClient } from 'redis'
import { ask } from './servers/ask.ts'
import { serverDirectory } from './servers/directory.ts'
import {
  startFerretdb,
  startMariadb,
  startMemcached,
  startPgbouncer,
  startPostgres,
  startRedis,
  startRedisCluster,
  startSentinel,
  type MemcachedServer,
  type RedisServer,
  type Server,
} from './servers/index.ts'
import { findCommand } from '../scripts/debian.ts'
import { isAlive, isStopped, until } from './servers/processes.ts'
import { startServer } from './servers/server.ts'

/** One question to a server through its own client, over a new connection. */
type Question<S extends Server> = (server: S) => Promise<string>

const postgres = async ({ url }: Pick<Server, 'url'>): Promise<string> => {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2000 })
  await client.connect()
  try {
    const { rows } = await client.query<{ answer: string }>(`select concat('4', '2') as answer`)
    return rows[0]?.answer ?? ''
  } finally {
    await client.end()
  }
}

const mysql: Question<Server> = async ({ url }) => {
  const connection = await createConnection(url)
  try {
    const [rows] = await connection.query(`select concat('4', '2') as answer`)
    return String(Object.values(Object(Object(rows)[0]))[0])
  } finally {
    connection.destroy()
  }
}

const redis: Question<RedisServer> = async ({ url, socketPath, ca }) => {
  const tls = ca === null ? {} : { socket: { tls: true as const, ca } }
  const where = socketPath === null ? { url, ...tls } : { socket: { path: socketPath, tls: false as const } }
  const client = createClient({ ...where, disableOfflineQueue: true })
  // Without a listener the client would throw instead of rejecting the command.
  client.on('error', () => client.destroy())
  await client.connect()
  try {
    return await client.sendCommand<string>(['ECHO', '42'])
  } finally {
    if (client.isOpen) client.destroy()
  }
}

const memcached: Question<MemcachedServer> = async (server) => {
  const login = server.auth === null ? '' : `set auth 0 0 8\r\nu secret\r\n`
  const answer = await ask(server, `${login}version\r\n`, /VERSION .*\r\n/)
  return answer.includes(`VERSION ${server.version}\r\n`) ? '42' : answer
}

const mongodb: Question<Server> = async ({ url }) => {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: 2000 })
  try {
    await client.db().collection('asked').insertOne({ answer: '42' })
    return String((await client.db().collection('asked').findOne())?.['answer'])
  } finally {
    await client.close()
  }
}

/** Register what must hold for every kind of server. */
function servesDiesAndReturns<S extends Server>(label: string, start: () => Promise<S>, question: Question<S>): void {
  test(`${label} answers, comes back on its port after kill -9, and leaves nothing behind`, async () => {
    const server = await start()
    try {
      assert.match(server.version, /^\d+\.\d+/)
      assert.equal(await question(server), '42')
      const first = server.pids()
      await server.kill9()
      assert.deepEqual(first.filter(isAlive), [])
      await assert.rejects(question(server))
      await server.restart()
      assert.equal(await question(server), '42')
      assert.ok(!server.pids().some((pid) => first.includes(pid)))
    } finally {
      const last = server.pids()
      await server.stop()
      assert.deepEqual(last.filter(isAlive), [])
    }
    assert.equal(existsSync(server.directory), false)
  })
}

const auth = { user: 'u', password: 'secret' }

suite('every server', { concurrency: 2 }, () => {
  servesDiesAndReturns('PostgreSQL', startPostgres, postgres)
  servesDiesAndReturns('MariaDB', startMariadb, mysql)
  servesDiesAndReturns('Redis', startRedis, redis)
  servesDiesAndReturns('Redis with TLS and password', () => startRedis({ tls: true, password: 'p/w :@' }), redis)
  servesDiesAndReturns('Redis on a Unix socket', () => startRedis({ unixSocket: true }), redis)
  servesDiesAndReturns('FerretDB', startFerretdb, mongodb)
  servesDiesAndReturns('Memcached', startMemcached, memcached)
  servesDiesAndReturns('Memcached with TLS', () => startMemcached({ tls: true }), memcached)
  servesDiesAndReturns('Memcached with a password', () => startMemcached({ auth }), memcached)
  servesDiesAndReturns('Memcached on a Unix socket', () => startMemcached({ unixSocket: true }), memcached)
})

suite('what the tests of stores rely on', { concurrency: 4 }, () => {
  test('PostgreSQL, MariaDB and Redis with a log keep what they acknowledged before kill -9', async () => {
    await using postgresql = await startPostgres()
    await sql(postgresql, 'create table kept as select 7 as value')
    await postgresql.kill9()
    await postgresql.restart()
    assert.deepEqual(await sql(postgresql, 'select value from kept'), [{ value: 7 }])
    assert.match(readFileSync(join(postgresql.directory, 'server.log'), 'utf8'), /was not properly shut down/)

    await using mariadb = await startMariadb()
    await mysqlQuery(mariadb, 'create table kept (value int) engine=innodb')
    await mysqlQuery(mariadb, 'insert into kept values (7)')
    await mariadb.kill9()
    await mariadb.restart()
    assert.deepEqual(await mysqlQuery(mariadb, 'select value from kept'), [{ value: 7 }])

    await using log = await startRedis({ config: { appendonly: 'yes' } })
    await log.command('SET', 'kept', '7')
    await log.kill9()
    await log.restart()
    assert.equal(await log.command('GET', 'kept'), '$1\r\n7\r\n')
  })

  test('a frozen server answers on no connection, old or new, until it goes on', async () => {
    await using server = await startPostgres()
    const client = new Client({ connectionString: server.url })
    await client.connect()
    await server.pause()
    const family = server.pids()
    assert.ok(family.length > 1)
    assert.ok(family.every(isStopped))
    const answer = client.query('select 1').then(() => 'answered')
    await assert.rejects(postgres(server), /timeout/)
    server.resume()
    assert.equal(await answer, 'answered')
    await client.end()
  })

  test('PgBouncer lets two transactions of one client meet different server connections', async () => {
    await using server = await startPostgres()
    await using pooler = await startPgbouncer(server)
    const clients = [0, 1].map(() => new Client({ connectionString: pooler.url }))
    const [one, two] = clients
    assert.ok(one && two)
    await Promise.all(clients.map((client) => client.connect()))
    const pidOf = async (client: Client): Promise<number> =>
      (await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]?.pid ?? 0
    const before = await pidOf(one)
    await two.query('begin')
    assert.equal(await pidOf(two), before)
    assert.notEqual(await pidOf(one), before)
    await two.query('commit')
    await Promise.all(clients.map((client) => client.end()))
  })

  test('a cluster serves every slot, replaces a master that dies, and takes it back', async () => {
    await using cluster = await startRedisCluster()
    const masters = await cluster.masters()
    assert.equal(masters.length, 3)
    const [lost] = masters
    assert.ok(lost)
    await lost.kill9()
    await cluster.untilReady()
    const successors = await cluster.masters()
    assert.equal(successors.length, 3)
    assert.ok(!successors.includes(lost))
    await lost.restart()
    await cluster.untilReady()
    assert.ok(!(await cluster.masters()).includes(lost))
  })

  test('Sentinels name another master when theirs dies, and make it a replica once it is back', async () => {
    await using group = await startSentinel()
    const lost = await group.master()
    await lost.kill9()
    await group.untilReady()
    const chosen = await group.master()
    assert.notEqual(chosen, lost)
    await lost.restart()
    await group.untilReady()
    assert.match(await lost.command('ROLE'), /slave/)
    assert.match(await chosen.command('ROLE'), /master/)
  })
})

suite('starting', () => {
  test('a port that is taken meanwhile is exchanged for another', async () => {
    const squatter = createServer().listen(0, '127.0.0.1').unref()
    await once(squatter, 'listening')
    const address = squatter.address()
    assert.ok(typeof address === 'object' && address !== null)
    const ports = [address.port]
    await using server = await startServer({
      name: 'HTTP',
      command: process.execPath,
      args: (port) => [
        '-e',
        `require('http').createServer((_, r) => r.end(process.pid + '')).listen(${port}, '127.0.0.1')`,
      ],
      url: (port) => `http://127.0.0.1:${port}`,
      account: null,
      directory: serverDirectory(null),
      choosePort: async () => ports.shift() ?? (await import('./servers/free-port.ts')).freePort(),
      async ping(port, pid) {
        // What a client without a time limit does when somebody accepts and says nothing.
        if (port === address.port) await new Promise(() => {})
        const answer = await ask({ port, socketPath: null, ca: null }, 'GET / HTTP/1.0\r\n\r\n', /\r\n\r\n\d+/)
        assert.ok(answer.endsWith(`\r\n\r\n${pid}`))
        return '1.0'
      },
    })
    assert.notEqual(server.port, address.port)
    assert.equal(squatter.listening, true)
  })

  test('a server that refuses its settings is an error with its own words, and leaves no folder', async () => {
    await assert.rejects(
      startPostgres({ config: { nonsense: '1' } }),
      /unrecognized configuration parameter "nonsense"/,
    )
    assert.deepEqual(foldersOf(process.pid), [])
  })

  test('two processes that need the first PostgreSQL of a machine both get one', async () => {
    const directory = freshTemporaryFolder()
    const starters = [0, 1].map(() => startInChild('startPostgres', { ...process.env, TMPDIR: directory }))
    const servers = await Promise.all(starters.map(({ server }) => server))
    assert.notEqual(servers[0]?.url, servers[1]?.url)
    for (const server of servers) assert.equal(await postgres(server), '42')
    for (const { child } of starters) child.stdin.end()
    await Promise.all(starters.map(({ child }) => once(child, 'exit')))
    assert.deepEqual(readdirSync(directory), [`coatcheck-cache-${process.getuid?.() ?? -1}`])
    rmSync(directory, { recursive: true })
  })

  test('servers die with a process that is killed, and the next start clears up after it', async () => {
    for (const start of ['startPostgres', 'startMariadb', 'startRedis', 'startMemcached']) {
      const { child, server } = startInChild(start)
      const { pids } = await server
      assert.ok(pids.length > 0 && pids.every(isAlive))
      child.kill('SIGKILL')
      await until(`${start}: gone with its process`, () => !pids.some(isAlive))
      // Another test file that starts a server just now clears up as well.
      assert.ok(foldersOf(child.pid).length <= 1)
      await using next = await startRedis()
      assert.ok(next.pids().length > 0)
      assert.deepEqual(foldersOf(child.pid), [])
    }
  })

  test('a process that ends without stopping its server leaves nothing behind, also where setpriv is missing', async () => {
    const bin = freshTemporaryFolder()
    const redisServer = findCommand('redis-server')
    assert.ok(redisServer)
    symlinkSync(redisServer, join(bin, 'redis-server'))
    for (const env of [process.env, { ...process.env, PATH: bin }]) {
      const { child, server } = startInChild('startRedis', env)
      const { pids } = await server
      assert.equal(foldersOf(child.pid).length, 1)
      child.stdin.end()
      await once(child, 'exit')
      await until('Redis is gone with its process', () => !pids.some(isAlive))
      assert.deepEqual(foldersOf(child.pid), [])
    }
    rmSync(bin, { recursive: true })
  })
})

async function sql(server: Server, text: string): Promise<unknown[]> {
  const client = new Client({ connectionString: server.url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(text)).rows
  } finally {
    await client.end()
  }
}

async function mysqlQuery(server: Server, text: string): Promise<unknown[]> {
  const connection = await createConnection(server.url)
  try {
    const [rows] = await connection.query<RowDataPacket[]>(text)
    return Array.isArray(rows) ? rows.map((row) => Object.fromEntries(Object.entries(row))) : []
  } finally {
    connection.destroy()
  }
}

/** What the servers of one process have left in the temporary folder of this machine. */
function foldersOf(pid: number | undefined): string[] {
  return folders(tmpdir()).filter((name) => name.includes(`-${pid}-`))
}

/** Reachable for the accounts that servers run under, unlike what mkdtemp makes. */
function freshTemporaryFolder(): string {
  const directory = mkdtempSync(join(tmpdir(), 'coatcheck-tmp-'))
  chmodSync(directory, 0o755)
  return directory
}

function folders(directory: string): string[] {
  return readdirSync(directory).filter((name) => name.startsWith('coatcheck-server-'))
}

interface Started {
  readonly url: string
  readonly pids: readonly number[]
}

/** A process of its own that starts a server, says so, and exits without stopping it once its input ends. */
function startInChild(
  start: string,
  env: NodeJS.ProcessEnv = process.env,
): { child: ReturnType<typeof spawnNode>; server: Promise<Started> } {
  const servers = JSON.stringify(join(import.meta.dirname, 'servers', 'index.ts'))
  const child = spawnNode(
    `const server = await (await import(${servers})).${start}()
     console.log(JSON.stringify({ url: server.url, pids: server.pids() }))
     process.stdin.resume().once('end', () => process.exit())`,
    env,
  )
  children.add(child)
  const line = once(createInterface(child.stdout), 'line').then(([text]) => JSON.parse(String(text)) as Started)
  const died = once(child, 'exit').then(([status]) => assert.fail(`${start} in a process of its own: ended ${status}`))
  died.catch(() => {})
  return { child, server: Promise.race([line, died]) }
}

/** After a test that failed its child must not keep this process waiting. */
const children = new Set<ReturnType<typeof spawnNode>>()
after(() => {
  for (const child of children) child.kill('SIGKILL')
})

function spawnNode(script: string, env: NodeJS.ProcessEnv) {
  return spawn(process.execPath, ['--input-type=module', '-e', script], { env, stdio: ['pipe', 'pipe', 'inherit'] })
}
