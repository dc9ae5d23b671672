/* oxlint-disable oxc/no-async-endpoint-handlers -- the rule is about Express 4; the others wait for their handlers */
/** The frameworks under test, each answering the neutral pages of the adapter cases. */
import http from 'node:http'
import http2 from 'node:http2'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createAdaptorServer } from '@hono/node-server'
import express from 'express'
// @ts-expect-error -- Express 4 under another name: no types of its own, used through those of Express 5
import express4 from 'express4'
import { fastify } from 'fastify'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { session as expressSession } from '../../src/adapters/express.ts'
import { session as fastifySession } from '../../src/adapters/fastify.ts'
import { withSession } from '../../src/adapters/fetch.ts'
import { session as honoSession } from '../../src/adapters/hono.ts'
import { session as koaSession } from '../../src/adapters/koa.ts'
import { session as nodeSession } from '../../src/adapters/node.ts'
import type { AdapterReply, AdapterSetup } from '../../src/testing/adapter-context.ts'
import { listen } from './wire.ts'

type Serve = AdapterSetup['serve']

async function started(server: http.Server | http2.Http2Server): ReturnType<Serve> {
  const { port, close } = await listen(server)
  return { url: `http://127.0.0.1:${port}`, close }
}

/** Whether `path` is below the path that the session is mounted on. */
function covers(at: string | undefined, path: string): boolean {
  return at === undefined || path === at || path.startsWith(`${at}/`)
}

function expressServer(framework: typeof express): Serve {
  return ({ mounts, at = '/', trustProxy, page, onError }) => {
    const app = framework()
    app.set('env', 'test') // Express prints errors otherwise
    app.set('trust proxy', trustProxy)
    for (const { sessions, ...options } of mounts) app.use(at, expressSession(sessions, options))
    app.use((req, res, next) => {
      async function answer(): Promise<void> {
        try {
          const { status = 200, headers = {}, body = '' } = await page(req, req.path)
          res.status(status)
          for (const [name, value] of Object.entries(headers)) res.append(name, value)
          if (typeof body === 'string') res.send(body)
          else await pipeline(Readable.from(body), res)
        } catch (error) {
          next(error)
        }
      }
      void answer()
    })
    app.use((error: unknown, _req: express.Request, _res: express.Response, next: express.NextFunction) => {
      onError(error)
      next(error)
    })
    return started(http.createServer(app))
  }
}

const nodeServer: Serve = ({ mounts: [first, ...others], at, trustProxy, page, onError }) => {
  type Req = http.IncomingMessage
  type Res = http.ServerResponse
  const secure = trustProxy ? { secure: (req: Req) => req.headers['x-forwarded-proto'] === 'https' } : {}
  const inner = others.map(({ sessions, lazy = false }) => nodeSession<object, Req, Res>(sessions, { lazy, ...secure }))

  async function answer(req: Req, res: Res): Promise<void> {
    for (const middleware of inner) {
      await new Promise<void>((resolve, reject) =>
        middleware(req, res, (error) => (error instanceof Error ? reject(error) : resolve())),
      )
    }
    const { status = 200, headers, body = '' } = await page(req, pathOf(req))
    res.writeHead(status, headers)
    if (typeof body === 'string') res.end(body)
    else await pipeline(Readable.from(body), res)
  }

  if (!first) throw new Error('no mount')
  const { sessions, lazy = false } = first
  const listener = nodeSession(sessions, answer, { lazy, ...secure, onError })
  const fail = (res: Res, error: unknown): void => {
    onError(error)
    res.writeHead(500).end()
  }
  return started(
    http.createServer((req, res) => {
      if (covers(at, pathOf(req))) listener(req, res)
      else answer(req, res).catch((error: unknown) => fail(res, error))
    }),
  )
}

function pathOf({ url = '/' }: http.IncomingMessage): string {
  return new URL(url, 'http://localhost').pathname
}

/** A small bridge from node:http, for a runtime that has no fetch server of its own. */
const fetchServer: Serve = ({ mounts, at, trustProxy, page, onError }) => {
  type Handle = (request: Request) => Promise<Response>
  const secure = trustProxy ? { secure: (asked: Request) => asked.headers.get('x-forwarded-proto') === 'https' } : {}
  const answerError = (error: unknown): Response => {
    onError(error)
    return new Response('Internal Server Error', { status: 500 })
  }
  const answer: Handle = async (request) => respond(await page(request, new URL(request.url).pathname))
  const handle = mounts.reduceRight<Handle>((inner, { sessions, lazy = false }) => {
    const options = { ...secure, onError: answerError }
    return lazy
      ? withSession(sessions, (request: Request) => inner(request), { ...options, lazy })
      : withSession(sessions, (request: Request) => inner(request), options)
  }, answer)
  const server = http.createServer((req, res) => {
    const headers = new Headers(Object.entries(req.headers).map(([name, value]) => [name, String(value)]))
    async function serve(): Promise<void> {
      const request = new Request(`http://127.0.0.1${req.url}`, { headers, method: req.method ?? 'GET' })
      const response = await (covers(at, pathOf(req)) ? handle : answer)(request).catch(answerError)
      const cookies = response.headers.getSetCookie()
      res.writeHead(response.status, { ...Object.fromEntries(response.headers), 'set-cookie': cookies })
      if (response.body === null) res.end()
      else await pipeline(response.body, res)
    }
    serve().catch(() => res.destroy())
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
    async cancel() {
      await iterator.return?.()
    },
  })
}

const fastifyServer: Serve = async ({ mounts, at, trustProxy, page, onError }) => {
  const app: FastifyInstance = fastify({ trustProxy, forceCloseConnections: true })
  app.addHook('onError', async (_request, _reply, error) => onError(error))
  async function answer(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const { status = 200, headers = {}, body = '' } = await page(request, pathOf(request.raw))
    reply.code(status).headers(headers)
    return typeof body === 'string' ? body : Readable.from(body)
  }
  app.register(
    async (scope) => {
      for (const { sessions, ...options } of mounts) await scope.register(fastifySession(sessions, options))
      scope.all('/*', answer)
    },
    at === undefined ? {} : { prefix: at },
  )
  if (at !== undefined) app.all('/*', answer)
  await app.ready()
  const { url, close } = await started(app.server)
  return {
    url,
    async close() {
      await close()
      await app.close()
    },
  }
}

const honoServer: Serve = ({ mounts, at, trustProxy, page, onError }) => {
  const app = new Hono()
  const secure = trustProxy ? { secure: isForwarded } : {}
  for (const { sessions, ...options } of mounts) {
    app.use(at === undefined ? '*' : `${at}/*`, honoSession(sessions, { ...options, ...secure }))
  }
  app.all('*', async (c) => respond(await page(c, c.req.path)))
  app.onError((error, c) => {
    onError(error)
    return c.text('Internal Server Error', 500)
  })
  const server = createAdaptorServer({ fetch: app.fetch })
  if (!(server instanceof http.Server)) throw new Error('not an HTTP/1 server')
  return started(server)
}

function isForwarded({ req }: { readonly req: { readonly raw: Request } }): boolean {
  return req.raw.headers.get('x-forwarded-proto') === 'https'
}

const koaServer: Serve = ({ mounts, at, trustProxy, page, onError }) => {
  const app = new Koa()
  app.proxy = trustProxy
  app.on('error', onError)
  for (const { sessions, ...options } of mounts) {
    const middleware = koaSession(sessions, options)
    app.use((ctx, next) => (covers(at, ctx.path) ? middleware(ctx, next) : next()))
  }
  app.use(async (ctx) => {
    const { status = 200, headers = {}, body = '' } = await page(ctx, ctx.path)
    ctx.status = status
    ctx.set(headers)
    ctx.body = typeof body === 'string' ? body : Readable.from(body)
  })
  const listener = app.callback()
  return started(http.createServer((req, res) => void listener(req, res)))
}

/** By name, as the tests show it. */
export const servers: Readonly<Record<string, Serve>> = {
  'Express 5': expressServer(express),
  'Express 4': expressServer(express4),
  Fastify: fastifyServer,
  Hono: honoServer,
  Koa: koaServer,
  'node:http': nodeServer,
  fetch: fetchServer,
}
