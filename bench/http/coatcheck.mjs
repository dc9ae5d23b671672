/** Coatcheck as a user sets it up: the defaults, but for plain http, on the store that is asked for. */
import { randomBytes } from 'node:crypto'
import { createSessions } from 'coatcheck'
import { cookieStore } from 'coatcheck/stores/cookie'
import { fileStore } from 'coatcheck/stores/file'
import { memcachedStore } from 'coatcheck/stores/memcached'
import { memoryStore } from 'coatcheck/stores/memory'
import { postgresStore } from 'coatcheck/stores/postgres'
import { redisStore } from 'coatcheck/stores/redis'
import { Pool } from 'pg'
import { redisClient } from './raw.mjs'

const STORES = {
  redis: async ({ redis }) => redisStore(await redisClient(redis)),
  postgres: async ({ postgres }) => postgresStore(new Pool({ connectionString: postgres })),
  memcached: async ({ memcached }) => memcachedStore(memcached),
  cookie: async () => cookieStore({ keys: [randomBytes(32)] }),
  file: async ({ directory }) => fileStore(directory),
  memory: async () => memoryStore(),
}

export async function coatcheck(servers, store) {
  return createSessions({ store: await STORES[store](servers), cookie: { secure: false } })
}

/** What the four routes do with a session. */
export const visits = {
  read: ({ data }) => data.visits ?? 0,
  write: ({ data }) => (data.visits = (data.visits ?? 0) + 1),
  create: ({ data }, given) => void Object.assign(data, given),
}
