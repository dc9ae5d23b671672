/** What can happen to PostgreSQL and to MariaDB alone. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Connection, createConnection } from 'mysql2/promise'
import { Client } from 'pg'
import { type Server, startMariadb, startPostgres } from '../servers/index.ts'
import { common } from './common.ts'
import { bedOf, type Fault, meet, whileFailing } from './fault.ts'
import type { Watch } from './load.ts'

/** Few enough that a test can take them all. */
const FEW = 9

export const postgresFaults: readonly Fault[] = [
  ...common('postgres', async () => bedOf(await startPostgres())),
  onPostgres('standby', 'restarted as a standby in recovery, then promoted', async (server, watch) => {
    writeFileSync(join(server.directory, 'data', 'standby.signal'), '')
    await server.restart()
    await watch.failures(6)
    await asked(server, 'SELECT pg_promote()')
  }),
  onPostgres('connections', 'no connection free', async (server, watch) => {
    const hogs: Client[] = []
    try {
      for (let others = 1; others > 0;) {
        await takeAll(server, hogs)
        others = await endOthers(hogs)
      }
      await watch.failures(6)
    } finally {
      for (const hog of hogs) await hog.end()
    }
  }),
  onPostgres('terminate', 'all connections ended by the administrator, again and again', async (server, watch) => {
    await whileFailing(watch, () =>
      asked(server, 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()'),
    )
  }),
  onPostgres('locked', 'the table locked against writers beyond `storeTimeout`', async (server, watch) => {
    const client = await connected(server)
    await client.query('BEGIN')
    await client.query('LOCK TABLE sessions IN EXCLUSIVE MODE')
    await watch.failures(6)
    await client.query('COMMIT')
    await client.end()
  }),
  onPostgres('serializable', 'every transaction `SERIALIZABLE`: those at once fail', async (server, watch) => {
    await asked(server, "ALTER SYSTEM SET default_transaction_isolation = 'serializable'")
    await asked(server, 'SELECT pg_reload_conf()')
    await watch.successes(100)
    await asked(server, 'ALTER SYSTEM RESET default_transaction_isolation')
    await asked(server, 'SELECT pg_reload_conf()')
  }),
]

export const mariadbFaults: readonly Fault[] = [
  ...common('mysql', async () => bedOf(await startMariadb())),
  onMariadb('connections', 'no connection free', async (server, watch) => {
    const hogs: Connection[] = []
    try {
      for (let others = 1; others > 0;) {
        await takeAllOfMariadb(server, hogs)
        others = await killOthers(hogs)
      }
      await watch.failures(6)
    } finally {
      for (const hog of hogs) hog.destroy()
    }
  }),
  onMariadb('locked', 'a backup lock against writers beyond `storeTimeout`', async (server, watch) => {
    const client = await createConnection(server.url)
    await client.query('FLUSH TABLES WITH READ LOCK')
    await watch.failures(6)
    await client.query('UNLOCK TABLES')
    client.destroy()
  }),
]

function onPostgres(name: string, what: string, happen: (server: Server, watch: Watch) => Promise<void>): Fault {
  return {
    store: 'postgres',
    name,
    what,
    durable: true,
    async run(options) {
      const config = { max_connections: `${FEW}`, superuser_reserved_connections: '0' }
      await using server = await startPostgres({ config })
      return await meet(`${server.url}?poolSize=2`, options, (watch) => happen(server, watch))
    },
  }
}

function onMariadb(name: string, what: string, happen: (server: Server, watch: Watch) => Promise<void>): Fault {
  return {
    store: 'mysql',
    name,
    what,
    durable: true,
    async run(options) {
      // The least that it takes is ten, and one more for the administrator that everybody is here.
      await using server = await startMariadb({ config: { 'max-connections': '10' } })
      return await meet(`${server.url}?poolSize=2`, options, (watch) => happen(server, watch))
    },
  }
}

async function connected(server: Server): Promise<Client> {
  const client = new Client(server.url)
  client.on('error', () => {})
  await client.connect()
  return client
}

async function asked(server: Server, statement: string): Promise<void> {
  const client = await connected(server)
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

/** Open connections until the server has none left. */
async function takeAll(server: Server, hogs: Client[]): Promise<void> {
  for (;;)
    try {
      hogs.push(await connected(server))
    } catch (error) {
      if (Object(error).code === '53300') return
      throw error
    }
}

/** End everybody else's, and say how many that were. */
async function endOthers(hogs: readonly Client[]): Promise<number> {
  const pids = await Promise.all(
    hogs.map(async (hog) => (await hog.query('SELECT pg_backend_pid() AS pid')).rows[0]?.pid),
  )
  const others = `backend_type = 'client backend' AND pid <> ALL (ARRAY[${pids.join()}])`
  const { rowCount } =
    (await hogs[0]?.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${others}`)) ?? {}
  return rowCount ?? 0
}

async function takeAllOfMariadb(server: Server, hogs: Connection[]): Promise<void> {
  for (;;)
    try {
      const hog = await createConnection(server.url)
      hog.on('error', () => {})
      hogs.push(hog)
    } catch (error) {
      if (Object(error).code === 'ER_CON_COUNT_ERROR') return
      throw error
    }
}

async function killOthers(hogs: readonly Connection[]): Promise<number> {
  const own = hogs.map(({ threadId }) => threadId)
  const [rows] = (await hogs[0]?.query("SELECT id FROM information_schema.processlist WHERE user = 'root'")) ?? []
  const others = (Array.isArray(rows) ? rows : [])
    .map((row) => Number(Object(row).id))
    .filter((id) => !own.includes(id))
  // One that has just ended by itself is no error.
  for (const id of others) await hogs[0]?.query(`KILL ${id}`).catch(() => undefined)
  return others.length
}
