/** Stores to soak: started for it, so that they can be killed, stopped and looked into, or at a URL. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from 'coatcheck/stores'
import { traces } from '../fixtures/file-harness.ts'
import { places } from '../processes/places.ts'
import { startMariadb, startMemcached, startPostgres, startRedis } from '../servers/index.ts'
import type { Server } from '../servers/index.ts'
import { startRelay } from '../relay/relay.ts'
import type { Relay } from '../relay/relay.ts'

/** A store under soak. */
export interface SoakPlace {
  /** For `openStore`. */
  readonly url: string
  /** What can be killed and stopped, where there is a server that was started for it… */
  readonly server?: Server
  /** …and what stands before it, to break connections; {@link SoakPlace.url} leads there. */
  readonly relay?: Relay
  /** It keeps what it acknowledged when its server is killed. */
  readonly durable: boolean
  /** What is there, in words, when every session has ended and a sweep has run; undefined where nothing can say. */
  left(): Promise<string[] | undefined>
  /** What is there beside records once every process has ended. */
  beside(): string[]
  stop(): Promise<unknown>
}

const SQLITE_FILE = 'sessions.db'

const kinds: Readonly<Record<string, () => Promise<SoakPlace>>> = {
  file: async () =>
    inFolder((path) => ({
      url: `file:${path}`,
      left: async () => namesIn(path).filter((name) => /[\da-f]{64}/.test(name)),
      beside: () => traces(path),
    })),
  sqlite: async () =>
    inFolder((path) => {
      const url = `sqlite:${join(path, SQLITE_FILE)}`
      return {
        url,
        left: () => recordsIn(url),
        // The last process to close moves the write-ahead log into the database.
        beside: () => namesIn(path).filter((name) => name !== SQLITE_FILE),
      }
    }),
  async redis() {
    const server = await startRedis({ config: { appendonly: 'yes' } })
    const left = async (): Promise<string[]> => {
      const count = Number(/\d+/.exec(await server.command('DBSIZE')))
      return count === 0 ? [] : [`${count} keys`]
    }
    return onServer(server, { left })
  },
  postgres: async () => onServer(await startPostgres()),
  mysql: async () => onServer(await startMariadb()),
  memcached: async () => onServer(await startMemcached(), { durable: false, left: async () => undefined }),
}

/** Start a store of this kind, or take the one at a URL. */
export async function openPlace(given: string): Promise<SoakPlace> {
  const start = kinds[given]
  if (start) return start()
  const other = await places[given]?.()
  if (other === undefined && !given.includes(':'))
    throw new Error(
      `no store ${given}; there are ${[...Object.keys(kinds), ...Object.keys(places)].join(', ')}, and URLs`,
    )
  const url = other?.url ?? given
  // What else is in a store that is not ours is nobody's business here.
  const left = other === undefined ? async () => undefined : async () => recordsIn(url)
  return { url, durable: true, left, beside: () => [], stop: async () => other?.stop() }
}

async function onServer(
  server: Server,
  different: Partial<Pick<SoakPlace, 'left' | 'durable'>> = {},
): Promise<SoakPlace> {
  const relay = await startRelay(server.port)
  return {
    url: server.url.replace(`:${server.port}`, `:${relay.port}`),
    server,
    relay,
    durable: true,
    left: () => recordsIn(server.url),
    beside: () => [],
    async stop() {
      await relay[Symbol.asyncDispose]()
      await server.stop()
    },
    ...different,
  }
}

function inFolder(place: (path: string) => Pick<SoakPlace, 'url' | 'left' | 'beside'>): SoakPlace {
  const path = mkdtempSync(join(tmpdir(), 'coatcheck-soak-'))
  return { durable: true, ...place(path), stop: async () => rmSync(path, { recursive: true }) }
}

async function recordsIn(url: string): Promise<string[] | undefined> {
  const store = await openStore(url)
  try {
    if (!store.list) return undefined
    const found: string[] = []
    for await (const { id, expiresAt } of store.list()) found.push(`${id} until ${new Date(expiresAt).toISOString()}`)
    return found
  } finally {
    await store.close?.()
  }
}

function namesIn(path: string): string[] {
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
}
