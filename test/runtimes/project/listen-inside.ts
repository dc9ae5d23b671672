/**
 * A server without a socket, for a worker: it cannot listen, and only one request of its own may take part in a case
 * whose races are decided by gates. Its host name leads to the handler.
 */
import type { Listen } from './parts.ts'
import type { Handler } from './handlers.ts'

const handlers = new Map<string, Handler>()
let count = 0

/** Serve a handler under a host name of its own. */
export const listenInside: Listen = async (handler) => {
  const host = `server-${++count}.test`
  handlers.set(host, handler)
  return {
    url: `http://${host}`,
    async close() {
      handlers.delete(host)
    },
  }
}

/** What `fetch` does with such a URL; undefined for all others. */
export function dispatch(input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> | undefined {
  const request = new Request(input, init)
  const handler = handlers.get(new URL(request.url).host)
  return handler && answer(request, handler, init.signal ?? undefined)
}

/** As a server does: no body for HEAD; a client that goes away is told so at once, and what feeds its page to stop. */
async function answer(request: Request, handler: Handler, signal: AbortSignal | undefined): Promise<Response> {
  const response = await unlessAborted(handler(request), signal)
  if (request.method !== 'HEAD' && (signal === undefined || response.body === null)) return response
  const reader = response.body?.getReader()
  const stop = (): void => void reader?.cancel().catch(() => undefined)
  if (request.method === 'HEAD') {
    stop()
    return new Response(null, response)
  }
  const body = new ReadableStream<Uint8Array>({
    start: (controller) =>
      signal?.addEventListener('abort', () => {
        stop()
        controller.error(new DOMException('aborted', 'AbortError'))
      }),
    async pull(controller) {
      const { done, value } = (await reader?.read()) ?? { done: true }
      if (signal?.aborted) return
      if (value !== undefined) controller.enqueue(value)
      if (done) controller.close()
    },
    cancel: stop,
  })
  return new Response(body, response)
}

function unlessAborted(response: Promise<Response>, signal: AbortSignal | undefined): Promise<Response> {
  if (!signal) return response
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')))
    response.then(resolve, reject)
  })
}
