import { session } from 'coatcheck/koa'
import { coatcheck, visits } from '../coatcheck.mjs'
import { koaApp } from '../frameworks/koa.mjs'

export async function start(servers) {
  const sessions = await coatcheck(servers, 'redis')
  return koaApp({
    use: [session(sessions)],
    read: (ctx) => visits.read(sessions.of(ctx)),
    write: (ctx) => visits.write(sessions.of(ctx)),
    create: (ctx, data) => visits.create(sessions.of(ctx), data),
  })
}
