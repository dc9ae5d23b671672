/** A handler behind the runtime's own server, on a free loopback port: `Bun.serve`, `Deno.serve`, or node:http. */
import type { Handler } from './handlers.ts'

interface Listening {
  readonly url: string
  readonly close: () => Promise<void>
}

interface BunServer {
  readonly port: number
  stop(closeConnections: boolean): Promise<void>
}

interface DenoServer {
  readonly addr: { readonly port: number }
  shutdown(): Promise<void>
}

/** Their own types would describe the globals of all other files, too. */
interface Runtime {
  readonly Bun?: { serve(options: object): BunServer }
  readonly Deno?: { serve(options: object, handler: Handler): DenoServer }
}

export async function listen(handler: Handler): Promise<Listening> {
  const { Bun, Deno } = globalThis as Runtime
  const where = { hostname: '127.0.0.1', port: 0 }
  if (Bun !== undefined) {
    const server = Bun.serve({ ...where, fetch: handler })
    return listening(server.port, () => server.stop(true))
  }
  if (Deno !== undefined) {
    const stop = new AbortController()
    const server = Deno.serve({ ...where, signal: stop.signal, onListen: () => {} }, handler)
    return listening(server.addr.port, async () => stop.abort())
  }
  return listenOnNode(handler)
}

async function listenOnNode(handler: Handler): Promise<Listening> {
  // Not at the top: it would replace the Response that Bun and Deno have, and workers cannot load it.
  const [{ createAdaptorServer }, { Server }] = await Promise.all([import('@hono/node-server'), import('node:http')])
  const server = createAdaptorServer({ fetch: handler })
  if (!(server instanceof Server)) throw new Error('not an HTTP/1 server')
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return listening(address.port, () => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(() => resolve()))
  })
}

function listening(port: number, close: () => Promise<void>): Listening {
  return { url: `http://127.0.0.1:${port}`, close }
}
