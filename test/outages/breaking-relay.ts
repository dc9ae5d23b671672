/** What stands between a store and its server in these tests, and breaks a connection when a command is under way. */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'

/** A relay on a port of its own. */
export interface BreakingRelay extends AsyncDisposable {
  readonly port: number
  /** Connections made so far. */
  connections(): number
  /** From now on: the server gets the next thing that is sent, and its sender a broken connection instead of a reply. */
  breakNext(): void
}

export async function startBreakingRelay(port: number): Promise<BreakingRelay> {
  const sockets = new Set<Socket>()
  let connections = 0
  let breaking = false
  const server = createServer((client) => {
    connections += 1
    let broken = false
    const upstream = connect(port, '127.0.0.1')
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      socket.setNoDelay(true)
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
    }
    client.on('data', (chunk) => {
      if (breaking) {
        breaking = false
        broken = true
      }
      upstream.write(chunk)
    })
    upstream.on('data', (chunk) => {
      // The server has answered, so it has done what it was asked: exactly what the sender will never know.
      if (broken) client.resetAndDestroy()
      else client.write(chunk)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    breakNext: () => (breaking = true),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
