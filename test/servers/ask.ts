import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

/** Where a server listens: a port of 127.0.0.1, with TLS when `ca` is there, or a Unix socket. */
export interface Endpoint {
  readonly port: number
  readonly socketPath: string | null
  /** The certificate (PEM) that vouches for the server. */
  readonly ca: string | null
}

/**
 * Send `request` on a connection of its own and return what has come back once it matches `complete`.
 *
 * Rejects when the connection fails or ends before that, or after a second. No client package takes part: this is how
 * servers are asked whether they are ready, and the clients are what is under test.
 */
export async function ask(endpoint: Endpoint, request: string, complete: RegExp): Promise<string> {
  const socket = open(endpoint)
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let received = ''
  const question = request.trim().split('\r\n').at(-1) ?? ''
  socket.setTimeout(1000, () => reject(new Error(`no answer to ${question} within a second, only: ${received}`)))
  socket.on('data', (chunk) => {
    received += chunk.toString()
    if (complete.test(received)) resolve(received)
  })
  socket.once('error', reject)
  socket.once('close', () => reject(new Error(`the connection ended before the answer to ${question}: ${received}`)))
  socket.write(request)
  try {
    return await promise
  } finally {
    socket.destroy()
  }
}

function open({ port, socketPath, ca }: Endpoint): Socket {
  if (socketPath !== null) return connect(socketPath)
  return ca === null ? connect(port, '127.0.0.1') : connectTls({ host: '127.0.0.1', port, ca })
}
