import { SessionError } from '../errors.ts'
import { builtin } from '../runtime/platform.ts'
import type { ServerAddress } from './memcached-address.ts'

/** What node:tls takes; these are the ones that matter here. */
export interface MemcachedTls {
  /** Whom to trust, as PEM. Default: the authorities that the runtime trusts. */
  readonly ca?: string
  /** Our own certificate and key, as PEM, where the server asks for them. */
  readonly cert?: string
  readonly key?: string
  /** The name the certificate must have. Default: the host. */
  readonly servername?: string
  /** `false` accepts any certificate, and so anybody in between. Default `true`. */
  readonly rejectUnauthorized?: boolean
}

/** The few things done with a socket. */
export interface Wire {
  write(parts: readonly (string | Uint8Array)[]): void
  /** Whether the process stays alive for it. */
  ref(): void
  unref(): void
  destroy(): void
  /** Close it in good order, and wait until it is. */
  end(): Promise<void>
}

/** What comes from it. */
export interface WireEvents {
  readonly data: (chunk: Uint8Array) => void
  /** The end, with the error if there was one. May be told more than once. */
  readonly ended: (error?: Error) => void
}

/** Ask after this many ms of silence whether the other side is still there: routers forget idle connections. */
const KEEP_ALIVE = 30_000

/** @throws {@link SessionError} `store_unusable` where the runtime has no sockets. */
export function openSocket({ target }: ServerAddress, tls: MemcachedTls | undefined, events: WireEvents): Wire {
  const net = builtin<typeof import('node:net')>('node:net')
  const secure = builtin<typeof import('node:tls')>('node:tls')
  if (net === undefined || secure === undefined)
    throw new SessionError('store_unusable', 'memcachedStore() needs the sockets of Node 22.18 or later, Bun or Deno')
  const socket = tls === undefined ? net.connect(target) : secure.connect({ ...defined(tls), ...target })
  socket.setNoDelay(true)
  socket.setKeepAlive(true, KEEP_ALIVE)
  socket.on('data', events.data)
  socket.on('error', events.ended)
  socket.on('close', () => events.ended())
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  return {
    write(parts) {
      socket.cork()
      for (const part of parts) socket.write(part)
      socket.uncork()
    },
    ref: () => void socket.ref(),
    unref: () => void socket.unref(),
    destroy: () => void socket.destroy(),
    async end() {
      socket.ref()
      socket.destroy()
      await closed
    },
  }
}

/** Node takes an option that is there and undefined for a mistake. */
function defined(options: MemcachedTls): MemcachedTls {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
