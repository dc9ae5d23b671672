/** What stands between a store and its server in these tests: a relay that reads along, and servers that lie. */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { type Relay, startRelay } from '../relay/relay.ts'

/** A {@link Relay} that notes what the store says. */
export interface CommandRelay extends Relay {
  /** Every command line that came by, without the greeting's and without values. */
  readonly commands: string[]
}

/** Stand before the server on `port`. */
export async function startCommandRelay(port: number): Promise<CommandRelay> {
  const commands: string[] = []
  const rests: string[] = []
  const relay = await startRelay(port)
  relay.fate = (chunk, connection) => {
    const lines = ((rests[connection] ?? '') + chunk.toString('latin1')).split('\r\n')
    rests[connection] = lines.pop() ?? ''
    commands.push(...lines.filter((line) => /^m[gsd] /.test(line)))
    return 'pass'
  }
  return Object.assign(relay, { commands })
}

/** A server that answers wrongly. */
export interface Liar extends AsyncDisposable {
  /** Where the store connects to. */
  readonly address: string
  /** Connections that the store has made so far. */
  connections(): number
}

/** A server that says what `answer` makes of whatever it is sent; null ends the connection. */
export async function startLiar(answer: (received: string) => string | null): Promise<Liar> {
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
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => connections,
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
