import cookie from '@fastify/cookie'
import session from '@fastify/session'
import { RedisStore } from 'connect-redis'
import { fastifyApp } from '../http/frameworks/fastify.mjs'
import { redisClient } from '../http/raw.mjs'

/** Its leanest settings: with its defaults it writes on every request. */
export async function start({ redis }) {
  const store = new RedisStore({ client: await redisClient(redis) })
  return fastifyApp({
    async register(app) {
      await app.register(cookie)
      await app.register(session, {
        store,
        secret: 'a secret of thirty-two characters!',
        cookie: { secure: false, maxAge: 2_678_400_000 },
        rolling: false,
        saveUninitialized: false,
      })
    },
    read: (request) => request.session.get('visits') ?? 0,
    write(request) {
      const visits = (request.session.get('visits') ?? 0) + 1
      request.session.set('visits', visits)
      return visits
    },
    create: (request, data) => {
      for (const [key, value] of Object.entries(data)) request.session.set(key, value)
    },
  })
}
