import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/**
 * When a server dies, all its connections end at once. The driver (7.9) then asks anew over the connection by which it
 * watches the server, and where that one is destroyed but its end not yet told, it waits for ever for its buffer to
 * drain: the client never finds the server again. So that connection, the first, ends before the others, in ms.
 */
const WATCHER_FIRST = 50

/** A server in front of another one. */
export interface CommandQueue {
  readonly url: string
  stop(): Promise<void>
}

/**
 * A server for MongoDB's driver that passes every command on to the one at `url`, and lets the next begin, whoever
 * sends it, when that one has answered. It gives FerretDB what it lacks and MongoDB promises: a command on one
 * document is atomic. Nothing else of the server, of the driver or of its pools is changed.
 */
export async function commandQueue(url: string): Promise<CommandQueue> {
  const { hostname, port } = new URL(url)
  const sockets = new Set<Socket>()
  let last: Promise<unknown> = Promise.resolve()
  let connections = 0

  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname)
    const first = connections++ === 0
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        upstream.destroy()
        if (first) client.destroy()
        else setTimeout(() => client.destroy(), WATCHER_FIRST)
      })
    }
    const answers = messages(upstream)
    const pass = async (command: Buffer): Promise<void> => {
      if (upstream.destroyed) return
      upstream.write(command)
      const { value } = await answers.next()
      if (value) client.write(value)
    }
    void (async () => {
      for await (const command of messages(client)) {
        last = last.then(() => pass(command)).catch(() => {})
        await last
      }
    })().catch(() => {})
  })

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const own = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: url.replace(`:${port}`, `:${own}`),
    async stop() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** The messages of MongoDB's protocol on a connection: each begins with its length. Ends with the connection. */
async function* messages(socket: Socket): AsyncGenerator<Buffer, undefined> {
  let received: Buffer = Buffer.alloc(0)
  for await (const chunk of socket) {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
    while (received.length >= 4 && received.length >= received.readInt32LE()) {
      const length = received.readInt32LE()
      yield received.subarray(0, length)
      received = received.subarray(length)
    }
  }
  return undefined
}
