import { MongoClient } from 'mongodb'
import { ensureFerretdb } from '../../scripts/ensure-ferretdb.ts'
import { serverDirectory } from './directory.ts'
import { startServer, type Server } from './server.ts'

/** What can be asked of {@link startFerretdb}. */
export interface FerretdbOptions {
  /** Keep the documents in this PostgreSQL. Default: SQLite, in the folder of the server. */
  readonly postgresUrl?: string
  /** Say that it is the only member of this replica set, which changes what a driver sends. */
  readonly replicaSet?: string
}

/**
 * FerretDB: it speaks the protocol of MongoDB, and lacks two things that a session store wants. It has no TTL index,
 * and its updates read, compare and then write, so that of two at once both may succeed. What must be tested on a
 * server whose commands are atomic goes through `commandQueue()`.
 */
export async function startFerretdb({ postgresUrl, replicaSet = '' }: FerretdbOptions = {}): Promise<Server> {
  const command = ensureFerretdb()
  const directory = serverDirectory(null)
  const backend = postgresUrl === undefined ? 'SQLite' : 'PostgreSQL'
  const storage =
    postgresUrl === undefined
      ? ['--handler=sqlite', `--sqlite-url=file:${directory}/`]
      : ['--handler=postgresql', `--postgresql-url=${postgresUrl}`]
  const quiet = ['--telemetry=disable', '--debug-addr=-', '--log-level=WARN', `--state-dir=${directory}`]
  return startServer({
    name: 'FerretDB',
    command,
    args: (port) => [...storage, ...quiet, `--repl-set-name=${replicaSet}`, `--listen-addr=127.0.0.1:${port}`],
    url: (port) => `mongodb://127.0.0.1:${port}/sessions${replicaSet && `?replicaSet=${replicaSet}`}`,
    account: null,
    directory,
    ping: (port, pid) => ping(port, pid, backend),
  })
}

async function ping(port: number, expected: number, backend: string): Promise<string> {
  const client = new MongoClient(`mongodb://127.0.0.1:${port}/?directConnection=true`, {
    serverSelectionTimeoutMS: 1000,
  })
  try {
    const { pid } = await client.db().command({ serverStatus: 1 })
    if (Number(pid) !== expected) throw new Error(`another server answers on port ${port}`)
    const { ferretdbVersion } = await client.db().command({ buildInfo: 1 })
    return `${String(ferretdbVersion).replace(/^v/, '')} (${backend})`
  } finally {
    await client.close()
  }
}
