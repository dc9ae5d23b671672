import { SessionError } from '../errors.ts'
import type { ServerAddress } from './memcached-address.ts'
import { type Connection, type ConnectionOptions, openConnection } from './memcached-connection.ts'
import type { Answer, Command } from './memcached-protocol.ts'

/** One server and the few connections to it. */
export interface MemcachedServer {
  /** Send a command, connecting first where necessary. Every rejection is a {@link SessionError}. */
  send(command: Command): Promise<Answer>
  close(): Promise<void>
}

/** How to use each server. */
export interface ServerOptions extends ConnectionOptions {
  readonly maxConnections: number
}

/** Calls on every connection before another one is made: below that, pipelining is as fast. */
const SHARE = 32

/** After a failed attempt the next one waits so long, in ms; twice as long each time, at random by a half. */
const PAUSE = { first: 25, most: 1000 }

/**
 * A server that cannot be reached is left alone for a moment, and calls fail at once meanwhile: a hundred visitors a
 * second must not become a hundred connection attempts. Then the next call makes one attempt, and others join it.
 */
export function memcachedServer(address: ServerAddress, options: ServerOptions): MemcachedServer {
  const connections = new Set<Connection>()
  let pause = 0
  let resting: SessionError | undefined
  let closing: Promise<void> | undefined

  function rest(error: SessionError): void {
    if (resting !== undefined) return
    pause = Math.min(Math.max(pause * 2, PAUSE.first), PAUSE.most)
    resting = new SessionError(
      error.code === 'store_unusable' ? error.code : 'store_failed',
      `memcached ${address.name} could not be used a moment ago, and is tried again shortly; the cause says why`,
      { cause: error },
    )
    options.clock.after(pause * (0.5 + Math.random() / 2), () => (resting = undefined))
  }

  function connect(): Connection {
    const connection = openConnection(address, options, {
      ready: () => (pause = 0),
      ended: (error, wasReady) => {
        connections.delete(connection)
        // One that broke in use, or idle, may be replaced at once: servers restart.
        if (!wasReady) rest(error)
      },
    })
    connections.add(connection)
    return connection
  }

  function leastBusy(): Connection {
    let least: Connection | undefined
    for (const connection of connections)
      if (least === undefined || connection.pending() < least.pending()) least = connection
    return least === undefined || (least.pending() >= SHARE && connections.size < options.maxConnections)
      ? connect()
      : least
  }

  return {
    async send(command) {
      if (closing !== undefined) throw new SessionError('closed', 'the Memcached store was closed')
      if (resting !== undefined) throw resting
      return leastBusy().send(command)
    },

    close() {
      closing ??= Promise.all([...connections].map((connection) => connection.close())).then(() => undefined)
      return closing
    },
  }
}
