/** What stands between a store and its server in these tests: it counts, delays, splits and cuts. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** A relay on a port of its own. */
export interface Relay extends AsyncDisposable {
  /** Where the store connects to. */
  readonly address: string
  /** Every command line that came by, without the greeting's and without values. */
  readonly commands: string[]
  /** Connections that the store has made so far. */
  connections(): number
  /** How replies go on from now: whole, one byte at a time, or not until {@link Relay.release}. */
  replies: 'whole' | 'bytes' | 'held'
  /** Let go the replies that are held now. */
  release(): void
  /** Break every connection. */
  cut(): void
}

/** Stand before the server on `port`. */
export async function startRelay(port: number): Promise<Relay> {
  const sockets = new Set<Socket>()
  const held: ((go: void) => void)[] = []
  const commands: string[] = []
  let connections = 0
  const server = createServer((client) => {
    connections++
    const upstream = connect(port, '127.0.0.1')
    let rest = ''
    pair(client, upstream)
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true)
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    }
    client.on('data', (chunk) => {
      const lines = (rest + chunk.toString('latin1')).split('\r\n')
      rest = lines.pop() ?? ''
      commands.push(...lines.filter((line) => /^m[gsd] /.test(line)))
      upstream.write(chunk)
    })
    let turn = Promise.resolve()
    upstream.on('data', (chunk) => {
      const { replies } = relay
      if (replies === 'held') turn = turn.then(() => new Promise((resolve) => held.push(resolve)))
      turn = turn.then(() => (replies === 'bytes' ? trickle(client, chunk) : void client.write(chunk)))
    })
  })
  const relay: Relay = {
    address: await listening(server),
    commands,
    connections: () => connections,
    replies: 'whole',
    release: () => held.splice(0).forEach((go) => go()),
    cut: () => sockets.forEach((socket) => socket.destroy()),
    async [Symbol.asyncDispose]() {
      relay.cut()
      server.close()
      await once(server, 'close')
    },
  }
  return relay
}

/** A server that says what `answer` makes of whatever it is sent; null ends the connection. */
export async function startLiar(answer: (received: string) => string | null): Promise<Relay> {
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer((socket) => {
    connections++
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      const reply = answer(chunk.toString('latin1'))
      if (reply === null) socket.destroy()
      else socket.write(reply, 'latin1')
    })
  })
  return {
    address: await listening(server),
    commands: [],
    connections: () => connections,
    replies: 'whole',
    release: () => {},
    cut: () => sockets.forEach((socket) => socket.destroy()),
    async [Symbol.asyncDispose]() {
      sockets.forEach((socket) => socket.destroy())
      server.close()
      await once(server, 'close')
    },
  }
}

/** What a healthy server answers to the greeting, when `received` is part of one. */
export function greeting(received: string): string | undefined {
  if (received === 'mn\r\n') return 'MN\r\n'
  if (received.startsWith('stats\r\n')) return 'STAT evictions 0\r\nEND\r\nSTAT item_size_max 1048576\r\nEND\r\n'
  return undefined
}

/** One byte for each turn of the event loop. */
async function trickle(client: Socket, chunk: Buffer): Promise<void> {
  for (const byte of chunk) {
    client.write(Uint8Array.of(byte))
    await new Promise((resolve) => setImmediate(resolve))
  }
}

function pair(a: Socket, b: Socket): void {
  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const) {
    one.on('error', () => {})
    one.on('close', () => other.destroy())
  }
}

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}
