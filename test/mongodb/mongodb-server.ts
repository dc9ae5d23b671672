import { appendFileSync } from 'node:fs'
import { MongoClient } from 'mongodb'
import { startFerretdb, type Server } from '../servers/index.ts'
import { commandQueue } from './command-queue.ts'

/** What the store is tested on. */
export interface MongodbServer extends AsyncDisposable {
  /** `FerretDB 1.24.2 (SQLite)`, or what `MONGODB_URL` names. */
  readonly label: string
  /** Whether it is MongoDB, with a TTL index and atomic commands. */
  readonly genuine: boolean
  readonly url: string
  /** The same server with atomic commands: `url`, or a queue before it. */
  readonly atomicUrl: string
  stop(): Promise<void>
}

/** What `MONGODB_URL` names, or a FerretDB of its own. */
export async function mongodbServer(): Promise<MongodbServer> {
  const named = process.env['MONGODB_URL']
  const { name, version, url, stop: stopServer } = named ? await identify(named) : await startFerretdb()
  const genuine = name === 'MongoDB'
  const queue = genuine ? undefined : await commandQueue(url)
  const stop = async (): Promise<void> => {
    await queue?.stop()
    await stopServer()
  }
  const label = `${name} ${version}`
  return { label, genuine, url, atomicUrl: queue?.url ?? url, stop, [Symbol.asyncDispose]: stop }
}

async function identify(url: string): Promise<Pick<Server, 'name' | 'version' | 'url' | 'stop'>> {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: 5000 })
  try {
    const { version, ferretdbVersion } = await client.db().command({ buildInfo: 1 })
    const name = ferretdbVersion === undefined ? 'MongoDB' : 'FerretDB'
    report(name, String(ferretdbVersion ?? version))
    return { name, version: String(ferretdbVersion ?? version), url, stop: async () => {} }
  } finally {
    await client.close()
  }
}

/** As `startServer()` does for the servers it starts. */
function report(name: string, version: string): void {
  const file = process.env['COATCHECK_SERVERS_SEEN']
  if (file !== undefined) appendFileSync(file, `${JSON.stringify({ test: process.argv[1], name, version })}\n`)
}
