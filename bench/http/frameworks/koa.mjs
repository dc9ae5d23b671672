/** The application on Koa: four routes, one way to put a session library in. */
import Koa from 'koa'
import { sessionData } from '../data.mjs'

export function koaApp({ prepare = () => {}, use = [], read, write, create }) {
  const app = new Koa()
  prepare(app)
  for (const middleware of use) app.use(middleware)
  app.use(async (ctx) => {
    switch (ctx.path) {
      case '/none':
        ctx.body = 'none'
        break
      case '/read':
        ctx.body = `visits ${await read(ctx)}`
        break
      case '/write':
        ctx.body = `visits ${await write(ctx)}`
        break
      case '/new':
        await create(ctx, sessionData(ctx.query.size))
        ctx.body = 'new'
    }
  })
  return (port) =>
    new Promise((resolve) => {
      const server = app.listen(port, '127.0.0.1', () => resolve(server))
    })
}
