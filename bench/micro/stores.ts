import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Store } from 'coatcheck'
import { openStore } from 'coatcheck/stores'
import { cookieStore } from 'coatcheck/stores/cookie'
import { encryptedStore } from 'coatcheck/stores/encrypted'
import { memoryStore } from 'coatcheck/stores/memory'
import { startMariadb, startMemcached, startPostgres, startRedis } from '../../test/servers/index.ts'

/** Stores with what they need behind them. */
export interface OpenStores {
  readonly all: readonly { readonly name: string; readonly store: Store }[]
  close(): Promise<void>
}

/** Every store on a throwaway server or folder of its own. */
export async function openStores(): Promise<OpenStores> {
  const directory = mkdtempSync(join(tmpdir(), 'coatcheck-micro-'))
  const servers = await Promise.all([startRedis(), startPostgres(), startMariadb(), startMemcached()])
  const [redis, postgres, mariadb, memcached] = servers
  const keys = [randomBytes(32)]
  const all: { name: string; store: Store }[] = [
    { name: 'memory', store: memoryStore() },
    { name: 'memory, encrypted', store: encryptedStore(memoryStore(), { keys }) },
    { name: 'cookie, encrypted', store: cookieStore({ keys }) },
    { name: 'cookie, signed', store: cookieStore({ keys, encrypt: false }) },
  ]
  for (const [name, url] of [
    ['file', `file:${join(directory, 'file')}`],
    ['SQLite', `sqlite:${join(directory, 'sessions.db')}`],
    ['Redis', redis.url],
    ['PostgreSQL', postgres.url],
    ['MariaDB', mariadb.url],
    ['Memcached', memcached.url],
  ] as const) {
    all.push({ name, store: await openStore(url) })
  }
  return {
    all,
    async close() {
      for (const { store } of all) await store.close?.()
      await Promise.all(servers.map((server) => server.stop()))
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
