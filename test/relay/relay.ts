/**
 * A TCP relay that stands between a client and its server, and does what networks do: it loses a request, loses the
 * reply to a request that was carried out, is slow, holds everything back, refuses. For any protocol in which a server
 * speaks when it is spoken to: what a client sends at once is a request, and what comes back next is its reply.
 */
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/**
 * What becomes of one request: it passes; its connection breaks before the server has it; or the server gets it and
 * answers, and then the connection breaks instead of the reply.
 */
export type Fate = 'pass' | 'cut before' | 'cut after'

/** A relay on a port of its own. It can be told anything at any time; what is said holds from then on. */
export interface Relay extends AsyncDisposable {
  readonly port: number
  /** `127.0.0.1:` and the port. */
  readonly address: string
  /** Connections that clients have made so far. */
  connections(): number
  /** Asked for every request, with the number of its connection. */
  fate: (request: Buffer, connection: number) => Fate
  /** The fate of the next request, whoever sends it; {@link Relay.fate} is not asked for that one. */
  next(fate: Fate): void
  /** `hold` keeps requests back until something else is said: the server does late what its client has given up. */
  requests: 'pass' | 'hold'
  /** `bytes` sends replies one byte at a time; `hold` keeps them back until something else is said. */
  replies: 'pass' | 'bytes' | 'hold'
  /** Milliseconds that each reply is on its way. */
  slowness: number
  /** Break every connection. New ones are made as before. */
  cut(): void
  /** Break every connection and listen no more: who connects is refused. */
  refuse(): Promise<void>
  /** Listen again, on the same port. */
  accept(): Promise<void>
}

/** Stand before the server on `port` of 127.0.0.1. */
export async function startRelay(port: number): Promise<Relay> {
  const sockets = new Set<Socket>()
  const [requests, replies] = [barrier(), barrier()]
  let connections = 0
  let fateOfNext: Fate | undefined
  let pace: 'pass' | 'bytes' = 'pass'

  const server = createServer((client) => {
    const connection = connections
    connections += 1
    const upstream = connect(port, '127.0.0.1')
    const [toServer, toClient] = [inTurn(), inTurn()]
    let doomed = false
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true)
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => sockets.delete(socket))
    }
    client.on('close', () => upstream.destroy())
    upstream.on('error', () => client.resetAndDestroy())
    upstream.on('end', () => toClient(async () => void client.end()))

    client.on('data', (request) => {
      const fate = fateOfNext ?? relay.fate(request, connection)
      fateOfNext = undefined
      if (fate === 'cut before') {
        client.resetAndDestroy()
        return
      }
      if (fate === 'cut after') doomed = true
      toServer(async () => {
        await requests.open()
        upstream.write(request)
      })
    })
    upstream.on('data', (reply) => {
      // The server has answered, so it has done what it was asked: exactly what the client will never know.
      if (doomed) {
        client.resetAndDestroy()
        return
      }
      const due = performance.now() + relay.slowness
      toClient(async () => {
        await replies.open()
        if (performance.now() < due) await delay(due - performance.now())
        if (pace === 'bytes') await trickle(client, reply)
        else client.write(reply)
      })
    })
  })

  const relay: Relay = {
    port: await listen(0),
    get address() {
      return `127.0.0.1:${relay.port}`
    },
    connections: () => connections,
    fate: () => 'pass',
    next(fate) {
      fateOfNext = fate
    },
    get requests() {
      return requests.closed() ? 'hold' : 'pass'
    },
    set requests(how) {
      requests.close(how === 'hold')
    },
    get replies() {
      return replies.closed() ? 'hold' : pace
    },
    set replies(how) {
      if (how !== 'hold') pace = how
      replies.close(how === 'hold')
    },
    slowness: 0,
    cut() {
      for (const socket of sockets) socket.destroy()
    },
    async refuse() {
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      relay.cut()
      await closed
    },
    async accept() {
      if (!server.listening) await listen(relay.port)
    },
    [Symbol.asyncDispose]: () => relay.refuse(),
  }
  return relay

  async function listen(wanted: number): Promise<number> {
    server.listen(wanted, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }
}

/** What one connection carries in one direction keeps its order. */
function inTurn(): (step: () => Promise<void>) => void {
  let turn: Promise<unknown> = Promise.resolve()
  return (step) => {
    turn = turn.then(step).catch(() => undefined)
  }
}

/** Something that can be closed and opened again, and waited for while it is closed. */
function barrier(): { close(closed: boolean): void; closed(): boolean; open(): Promise<void> } {
  let opening: PromiseWithResolvers<void> | undefined
  return {
    close(closed) {
      if (closed) opening ??= Promise.withResolvers()
      else {
        opening?.resolve()
        opening = undefined
      }
    },
    closed: () => opening !== undefined,
    async open() {
      await opening?.promise
    },
  }
}

/** One byte for each turn of the event loop. */
async function trickle(client: Socket, reply: Buffer): Promise<void> {
  for (const byte of reply) {
    client.write(Uint8Array.of(byte))
    await new Promise((resolve) => setImmediate(resolve))
  }
}
