/** The application on Express: four routes, one way to put a session library in. */
import express from 'express'
import { sessionData } from '../data.mjs'

export function expressApp({ use = [], read, write, create }) {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  for (const middleware of use) app.use(middleware)
  app.get('/none', (_req, res) => res.type('text').send('none'))
  app.get('/read', async (req, res) => res.type('text').send(`visits ${await read(req, res)}`))
  app.get('/write', async (req, res) => res.type('text').send(`visits ${await write(req, res)}`))
  app.get('/new', async (req, res) => {
    await create(req, sessionData(req.query.size), res)
    res.type('text').send('new')
  })
  return (port) =>
    new Promise((resolve) => {
      const server = app.listen(port, '127.0.0.1', () => resolve(server))
    })
}
