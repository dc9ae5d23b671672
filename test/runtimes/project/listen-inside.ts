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
  return handler && unlessAborted(handler(request), init.signal)
}

/** A client that goes away is told so at once; the server goes on. */
function unlessAborted(response: Promise<Response>, signal: AbortSignal | null | undefined): Promise<Response> {
  if (!signal) return response
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')))
    response.then(resolve, reject)
  })
}
