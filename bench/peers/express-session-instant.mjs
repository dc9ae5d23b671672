/** express-session over connect-redis, whose client answers at once: what the two cost by themselves. */
import { RedisStore } from 'connect-redis'
import { expressSession } from './express-session-app.mjs'

export async function start() {
  const records = new Map()
  const client = {
    get: async (key) => records.get(key) ?? null,
    set: async (key, value) => void records.set(key, value),
    expire: async (key) => (records.has(key) ? 1 : 0),
  }
  return expressSession(new RedisStore({ client }))
}
