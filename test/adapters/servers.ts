/** The frameworks under test, each answering the neutral handlers of the adapter cases. */
import http from 'node:http'
import http2 from 'node:http2'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import express from 'express'
// @ts-expect-error -- Express 4 under another name: no types of its own, used through those of Express 5
import express4 from 'express4'
import { session as expressSession } from '../../src/adapters/express.ts'
import { withSession } from '../../src/adapters/fetch.ts'
import { session as nodeSession } from '../../src/adapters/node.ts'
import type { AdapterReply, AdapterSetup } from '../../src/testing/adapter-context.ts'
import { listen } from './wire.ts'

type Serve = AdapterSetup['serve']

async function started(server: http.Server | http2.Http2Server): ReturnType<Serve> {
  const { port, close } = await listen(server)
  return { url: `http://127.0.0.1:${port}`, close }
}

function expressServer(framework: typeof express): Serve {
  return (sessions, handler) => {
    const app = framework()
    app.set('env', 'test') // Express prints errors otherwise
    app.use(expressSession(sessions))
    app.use((req, res, next) => {
      async function page(): Promise<void> {
        try {
          const { status = 200, headers = {}, body = '' } = await handler(sessions.of(req), req.path)
          res.status(status)
          for (const [name, value] of Object.entries(headers)) res.append(name, value)
          if (typeof body === 'string') res.send(body)
          else await pipeline(Readable.from(body), res)
        } catch (error) {
          next(error)
        }
      }
      void page()
    })
    return started(http.createServer(app))
  }
}

const nodeServer: Serve = (sessions, handler) => {
  const listener = nodeSession(
    sessions,
    async (req: http.IncomingMessage, res: http.ServerResponse) => {
      const { pathname } = new URL(req.url ?? '/', 'http://localhost')
      const { status = 200, headers, body = '' } = await handler(sessions.of(req), pathname)
      res.writeHead(status, headers)
      if (typeof body === 'string') res.end(body)
      else await pipeline(Readable.from(body), res)
    },
    { onError: () => {} },
  )
  return started(http.createServer(listener))
}

/** A small bridge from node:http, for a runtime that has no fetch server of its own. */
const fetchServer: Serve = (sessions, handler) => {
  const handle = withSession(sessions, async (request: Request, session) => {
    if (sessions.of(request) !== session) throw new Error('sessions.of gave another session')
    return respond(await handler(session, new URL(request.url).pathname))
  })
  const server = http.createServer((req, res) => {
    const headers = new Headers(Object.entries(req.headers).map(([name, value]) => [name, String(value)]))
    async function serve(): Promise<void> {
      const response = await handle(new Request(`http://127.0.0.1${req.url}`, { headers }))
      const cookies = response.headers.getSetCookie()
      res.writeHead(response.status, { ...Object.fromEntries(response.headers), 'set-cookie': cookies })
      if (response.body === null) res.end()
      else await pipeline(response.body, res)
    }
    serve().catch(() => (res.headersSent ? res.destroy() : res.writeHead(500).end()))
  })
  return started(server)
}

function respond({ status = 200, headers = {}, body = '' }: AdapterReply): Response {
  if (status === 303) return Response.redirect(`http://127.0.0.1${headers['location']}`, status) // immutable headers
  if (typeof body === 'string') return new Response(body, { status, headers })
  return new Response(encoded(body), { status, headers })
}

function encoded(parts: AsyncIterable<string>): ReadableStream<Uint8Array> {
  const iterator = parts[Symbol.asyncIterator]()
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next()
      if (done) controller.close()
      else controller.enqueue(new TextEncoder().encode(value))
    },
  })
}

/** By name, as the tests show it. */
export const servers: Readonly<Record<string, Serve>> = {
  'Express 5': expressServer(express),
  'Express 4': expressServer(express4),
  'node:http': nodeServer,
  fetch: fetchServer,
}
