import { koaApp } from '../frameworks/koa.mjs'
import { rawSessions } from '../raw.mjs'

export async function start({ redis }) {
  const raw = await rawSessions(redis)
  return koaApp({
    read: (ctx) => raw.read(ctx.headers.cookie),
    write: (ctx) => raw.write(ctx.headers.cookie),
    create: async (ctx, data) => ctx.set('Set-Cookie', await raw.create(data)),
  })
}
