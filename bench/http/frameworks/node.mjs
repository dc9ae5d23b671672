/** The application on node:http: four routes, one way to put a session library in. */
import { createServer } from 'node:http'
import { sessionData } from '../data.mjs'

/** `wrap` takes the request listener and returns the one to serve with. */
export function nodeApp({ wrap = (handler) => handler, read, write, create }) {
  const pages = {
    '/none': () => 'none',
    '/read': async (req, res) => `visits ${await read(req, res)}`,
    '/write': async (req, res) => `visits ${await write(req, res)}`,
    async '/new'(req, res) {
      await create(req, sessionData(req.url.includes('large') ? 'large' : 'small'), res)
      return 'new'
    },
  }
  const server = createServer(
    wrap(async (req, res) => {
      res.setHeader('Content-Type', 'text/plain; charset=utf-8')
      const mark = req.url.indexOf('?')
      const path = mark === -1 ? req.url : req.url.slice(0, mark)
      res.end(await pages[path](req, res))
    }),
  )
  return (port) => new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(server)))
}
