import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { ensureCommand } from '../../scripts/debian.ts'
import { serverDirectory } from './directory.ts'
import { accountOf } from './processes.ts'
import { startServer, type Server } from './server.ts'

/** What can be asked of {@link startPgbouncer}. */
export interface PgbouncerOptions {
  /** Settings as in pgbouncer.ini: `{ default_pool_size: '2' }`. */
  readonly config?: Readonly<Record<string, string>>
}

/**
 * PgBouncer before `postgres`, in transaction mode: whoever sends two statements outside a transaction may reach two
 * server connections. A pool of four makes that happen soon.
 */
export async function startPgbouncer(postgres: Server, { config = {} }: PgbouncerOptions = {}): Promise<Server> {
  const command = ensureCommand('pgbouncer', ['pgbouncer'])
  const account = accountOf('postgres')
  const directory = serverDirectory(account)
  const settings = {
    listen_addr: '127.0.0.1',
    auth_type: 'any',
    unix_socket_dir: '',
    pool_mode: 'transaction',
    default_pool_size: '4',
    max_client_conn: '1000',
    ...config,
  }
  const file = join(directory, 'pgbouncer.ini')
  const lines = Object.entries(settings).map(([key, value]) => `${key} = ${value}\n`)
  return startServer({
    name: 'PgBouncer',
    command,
    args: (port) => {
      const database = `host=${postgres.host} port=${postgres.port} dbname=postgres user=postgres`
      writeFileSync(file, `[databases]\n* = ${database}\n[pgbouncer]\nlisten_port = ${port}\n${lines.join('')}`)
      return [file]
    },
    url: (port) => `postgres://postgres@127.0.0.1:${port}/postgres`,
    account,
    directory,
    ping: (port) => ping(port, file),
  })
}

/** Asks its own console, which answers whether or not the database behind does. */
async function ping(port: number, file: string): Promise<string> {
  const connectionString = `postgres://postgres@127.0.0.1:${port}/pgbouncer`
  const client = new Client({ connectionString, connectionTimeoutMillis: 1000, query_timeout: 1000 })
  // The server may go away between two statements; the rejected query says so already.
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows: config } = await client.query<{ key: string; value: string }>('show config')
    if (config.find(({ key }) => key === 'conffile')?.value !== file)
      throw new Error(`another PgBouncer answers on port ${port}`)
    const { rows } = await client.query<{ version: string }>('show version')
    return /[\d.]+/.exec(rows[0]?.version ?? '')?.[0] ?? 'unknown'
  } finally {
    await client.end()
  }
}
