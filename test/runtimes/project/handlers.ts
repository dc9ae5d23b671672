/** The pages of the adapter cases as handlers from Request to Response: by `coatcheck/fetch`, and by Hono. */
import { Hono } from 'hono'
import { withSession } from 'coatcheck/fetch'
import { session } from 'coatcheck/hono'
import type { AdapterReply, AdapterServer } from 'coatcheck/testing'

export type Handler = (request: Request) => Promise<Response>

/** By name, as the table shows them. */
export const handlers: Readonly<Record<'fetch' | 'Hono', (server: AdapterServer) => Handler>> = {
  fetch: fetchHandler,
  Hono: honoHandler,
}

function fetchHandler({ mounts, at, trustProxy, page, onError }: AdapterServer): Handler {
  const secure = trustProxy ? { secure: isForwarded } : {}
  const answerError = (error: unknown): Response => {
    onError(error)
    return new Response('Internal Server Error', { status: 500 })
  }
  const answer: Handler = async (request) => respond(await page(request, pathOf(request)), request.url)
  const handle = mounts.reduceRight<Handler>((inner, { sessions, lazy = false }) => {
    const options = { ...secure, onError: answerError }
    return lazy
      ? withSession(sessions, (request: Request) => inner(request), { ...options, lazy })
      : withSession(sessions, (request: Request) => inner(request), options)
  }, answer)
  return (request) => (covers(at, pathOf(request)) ? handle : answer)(request).catch(answerError)
}

function honoHandler({ mounts, at, trustProxy, page, onError }: AdapterServer): Handler {
  const app = new Hono()
  const secure = trustProxy ? { secure: ({ req }: { req: { raw: Request } }) => isForwarded(req.raw) } : {}
  for (const { sessions, ...options } of mounts)
    app.use(at === undefined ? '*' : `${at}/*`, session(sessions, { ...options, ...secure }))
  app.all('*', async (c) => respond(await page(c, c.req.path), c.req.url))
  app.onError((error, c) => {
    onError(error)
    return c.text('Internal Server Error', 500)
  })
  return async (request) => app.fetch(request)
}

function covers(at: string | undefined, path: string): boolean {
  return at === undefined || path === at || path.startsWith(`${at}/`)
}

function pathOf({ url }: Request): string {
  return new URL(url).pathname
}

function isForwarded({ headers }: Request): boolean {
  return headers.get('x-forwarded-proto') === 'https'
}

function respond({ status = 200, headers = {}, body = '' }: AdapterReply, url: string): Response {
  // Its headers are immutable, as those of a response that came from another server.
  if (status === 303) return Response.redirect(new URL(headers['location'] ?? '', url), status)
  return new Response(typeof body === 'string' ? body : encoded(body), { status, headers })
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
