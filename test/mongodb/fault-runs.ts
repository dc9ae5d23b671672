import { setTimeout as delay } from 'node:timers/promises'
import { MongoClient } from 'mongodb'
import { mongodbStore } from '../../src/stores/mongodb.ts'
import { type Outcome, TIME_LIMIT, underLoad } from '../redis/under-load.ts'
import { startFerretdb, type Server } from '../servers/index.ts'
import { commandQueue } from './command-queue.ts'

/** How long a frozen server stays frozen: longer than a call may take. */
export const FROZEN: number = TIME_LIMIT * 2

/**
 * Everything that docs/stores/mongodb.md has a row for. On FerretDB in any case, since it takes a server of one's own to
 * kill it, and one command at a time: what a frozen server does late meets what was asked again meanwhile.
 */
export const faultRuns: Readonly<Record<string, () => Promise<Outcome>>> = {
  nothing: onFerretdb(() => delay(500)),
  'server frozen for 2 s (SIGSTOP)': onFerretdb(async (server) => {
    await server.pause()
    await delay(FROZEN)
    server.resume()
  }),
  '`kill -9`, restart after 0.5 s': onFerretdb(async (server) => {
    await server.kill9()
    await delay(500)
    await server.restart()
  }),
}

function onFerretdb(happen: (server: Server) => Promise<void>): () => Promise<Outcome> {
  return async () => {
    await using server = await startFerretdb()
    const queue = await commandQueue(server.url)
    const client = new MongoClient(queue.url, { serverSelectionTimeoutMS: TIME_LIMIT })
    try {
      return await underLoad(mongodbStore({ db: client.db() }), () => happen(server))
    } finally {
      await client.close()
      await queue.stop()
    }
  }
}
