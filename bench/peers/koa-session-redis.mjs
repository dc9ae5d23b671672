import session from 'koa-session'
import { koaApp } from '../http/frameworks/koa.mjs'
import { redisClient } from '../http/raw.mjs'

export async function start({ redis }) {
  const client = await redisClient(redis)
  const store = {
    get: async (key) => JSON.parse((await client.get(key)) ?? 'null'),
    set: (key, value, maxAge) => client.set(key, JSON.stringify(value), { PX: maxAge }),
    destroy: (key) => client.del(key),
  }
  return koaApp({
    prepare(app) {
      app.keys = ['a secret for the bench alone']
      app.use(session({ store, maxAge: 2_678_400_000 }, app))
    },
    read: (ctx) => ctx.session.visits ?? 0,
    write: (ctx) => (ctx.session.visits = (ctx.session.visits ?? 0) + 1),
    create: (ctx, data) => void Object.assign(ctx.session, data),
  })
}
