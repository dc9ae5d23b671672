import { dirname, join } from 'node:path'
import { Client } from 'pg'
import { ensureCommand } from '../../scripts/debian.ts'
import { initialisedDirectory } from './initialised.ts'
import { accountOf, runToEnd } from './processes.ts'
import { startServer, type Server } from './server.ts'

/** What can be asked of {@link startPostgres}. */
export interface PostgresOptions {
  /** Settings as in postgresql.conf: `{ max_connections: '20' }`. */
  readonly config?: Readonly<Record<string, string>>
}

/** A write survives the death of every process, which kill9() brings about; only a power failure would lose it. */
const CONFIG = { fsync: 'off', full_page_writes: 'off', max_connections: '300' }

/** PostgreSQL with the superuser `postgres` (no password) and the database `postgres`. */
export async function startPostgres({ config = {} }: PostgresOptions = {}): Promise<Server> {
  const command = ensureCommand('postgres', ['postgresql'])
  const account = accountOf('postgres')
  const release = /\d+(\.\d+)*/.exec(await runToEnd(command, ['--version']))?.[0] ?? 'unknown'
  const initdb = ['-A', 'trust', '-U', 'postgres', '--no-sync', '--no-locale', '-E', 'UTF8']
  const directory = await initialisedDirectory(`postgres-${release}`, account, (data) =>
    runToEnd(join(dirname(command), 'initdb'), ['-D', data, ...initdb], { account, cwd: dirname(data) }),
  )
  const data = join(directory, 'data')
  const settings = Object.entries({ ...CONFIG, ...config }).flatMap(([key, value]) => ['-c', `${key}=${value}`])
  return startServer({
    name: 'PostgreSQL',
    command,
    args: (port) => ['-D', data, '-p', `${port}`, '-h', '127.0.0.1', '-k', directory, ...settings],
    url: urlOf,
    account,
    directory,
    // Fast shutdown: ends the clients' transactions instead of waiting for them to leave.
    stopSignal: 'SIGINT',
    ping: (port) => ping(port, data),
  })
}

function urlOf(port: number): string {
  return `postgres://postgres@127.0.0.1:${port}/postgres`
}

async function ping(port: number, data: string): Promise<string> {
  const client = new Client({ connectionString: urlOf(port), connectionTimeoutMillis: 1000, query_timeout: 1000 })
  // The server may go away between two statements; the rejected query says so already.
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows } = await client.query<{ version: string; data: string }>(
      `select current_setting('server_version') as version, current_setting('data_directory') as data`,
    )
    const [answer] = rows
    if (answer?.data !== data) throw new Error(`another PostgreSQL answers on port ${port}`)
    return answer.version.split(' ')[0] ?? answer.version
  } finally {
    await client.end()
  }
}
