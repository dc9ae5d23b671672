import { sessionMiddleware } from 'hono-sessions'
import { honoApp } from '../http/frameworks/hono.mjs'
import { redisClient } from '../http/raw.mjs'

/** Without its encryption, which costs it a multiple. */
export async function start({ redis }) {
  const client = await redisClient(redis)
  const save = (id, data) => client.set(`hono:${id}`, JSON.stringify(data), { EX: 2_678_400 })
  const store = {
    getSessionById: async (id) => JSON.parse((await client.get(`hono:${id}`)) ?? 'null'),
    createSession: save,
    persistSessionData: save,
    deleteSession: (id) => client.del(`hono:${id}`),
  }
  return honoApp({
    use: [sessionMiddleware({ store, expireAfterSeconds: 2_678_400, cookieOptions: { path: '/', httpOnly: true } })],
    read: (c) => c.get('session').get('visits') ?? 0,
    write(c) {
      const visits = (c.get('session').get('visits') ?? 0) + 1
      c.get('session').set('visits', visits)
      return visits
    },
    create(c, data) {
      for (const [key, value] of Object.entries(data)) c.get('session').set(key, value)
    },
  })
}
