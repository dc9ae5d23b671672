import session from 'koa-session'
import { koaApp } from '../http/frameworks/koa.mjs'

export async function start() {
  return koaApp({
    prepare(app) {
      app.keys = ['a secret for the bench alone']
      app.use(session({ maxAge: 2_678_400_000 }, app))
    },
    read: (ctx) => ctx.session.visits ?? 0,
    write: (ctx) => (ctx.session.visits = (ctx.session.visits ?? 0) + 1),
    create: (ctx, data) => void Object.assign(ctx.session, data),
  })
}
