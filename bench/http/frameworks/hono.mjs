/** The application on Hono: four routes, one way to put a session library in. */
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { sessionData } from '../data.mjs'

export function honoApp({ use = [], read, write, create }) {
  const app = new Hono()
  for (const middleware of use) app.use(middleware)
  app.get('/none', (c) => c.text('none'))
  app.get('/read', async (c) => c.text(`visits ${await read(c)}`))
  app.get('/write', async (c) => c.text(`visits ${await write(c)}`))
  app.get('/new', async (c) => {
    await create(c, sessionData(c.req.query('size')))
    return c.text('new')
  })
  return (port) =>
    new Promise((resolve) => {
      const server = serve({ fetch: app.fetch, port, hostname: '127.0.0.1' }, () => resolve(server))
    })
}
