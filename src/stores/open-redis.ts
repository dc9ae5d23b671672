import { SessionError } from '../errors.ts'
import type { Store } from '../store.ts'
import { importClient, owning } from './open-client.ts'
import { hostsOf } from './open-hosts.ts'
import type { Hosts } from './open-hosts.ts'
import { given, serverUrl } from './open-url.ts'
import type { StoreUrl } from './open-url.ts'
import { redisStore } from './redis.ts'
import type { RedisClient } from './redis.ts'

/** What opening waits for a server at most. One that is away then is a store error until it is back. */
const CONNECT_MS = 2000

/** Clients that fail at once while their server is away, instead of keeping commands for later. */
const NODE_REDIS = { disableOfflineQueue: true }
const IOREDIS = { enableOfflineQueue: false, maxRetriesPerRequest: 1, autoResendUnfulfilledCommands: false }

/** A client of either package, before it is connected. */
interface Client {
  readonly client: RedisClient & { on(event: 'error', listener: () => void): unknown }
  readonly connect: () => Promise<unknown>
  readonly end: () => void
}

/** How the two packages make the client for one shape of server. */
interface Makers {
  readonly redis: (
    redis: typeof import('redis'),
  ) => Client['client'] & { connect(): Promise<unknown>; destroy(): unknown }
  readonly ioredis: (ioredis: Pick<typeof import('ioredis'), 'Redis' | 'Cluster'>) => Client['client'] & {
    readonly status: string
    once(event: 'ready', listener: () => void): unknown
    disconnect(): void
  }
}

/** `redis://` and `rediss://`: one server. */
export function openRedis({ parameters }: StoreUrl): Promise<Store> {
  const url = serverUrl(parameters)
  return open(parameters.text('prefix'), {
    redis: ({ createClient }) => createClient({ url, ...NODE_REDIS }),
    ioredis: ({ Redis }) => new Redis(url, IOREDIS),
  })
}

/** `redis+cluster://`: some of its nodes, which name the others. */
export function openRedisCluster({ scheme, rest, parameters }: StoreUrl): Promise<Store> {
  const { hosts, ...login } = serversOf(scheme, rest)
  const tls = parameters.flag('tls') === true
  return open(parameters.text('prefix'), {
    redis: ({ createCluster }) =>
      createCluster({
        rootNodes: hosts.map((socket) => ({ socket: { ...socket, ...(tls ? { tls: true } : {}) } })),
        defaults: { ...login, ...NODE_REDIS, ...(tls ? { socket: { tls: true } } : {}) },
      }),
    ioredis: ({ Cluster }) =>
      new Cluster([...hosts], {
        enableOfflineQueue: false,
        redisOptions: { ...login, ...IOREDIS, ...(tls ? { tls: {} } : {}) },
      }),
  })
}

/** `redis+sentinel://…/MASTER`: the Sentinels, and the name they know the master by. */
export function openRedisSentinel({ scheme, rest, parameters }: StoreUrl): Promise<Store> {
  const { hosts, ...login } = serversOf(scheme, rest)
  const { name } = hostsOf(scheme, rest, 26_379)
  if (name === '')
    throw new SessionError('bad_option', `${scheme}: needs the master's name: ${scheme}://HOST:PORT/NAME`)
  const tls = parameters.flag('tls') === true
  return open(parameters.text('prefix'), {
    redis: ({ createSentinel }) =>
      createSentinel({
        name,
        sentinelRootNodes: [...hosts],
        // Without it, commands that begin at once may each take a connection for good: see NodeRedisSentinel.
        reserveClient: true,
        nodeClientOptions: { ...login, ...NODE_REDIS, ...(tls ? { socket: { tls: true } } : {}) },
      }),
    ioredis: ({ Redis }) =>
      new Redis({ sentinels: [...hosts], name, ...login, ...IOREDIS, ...(tls ? { tls: {} } : {}) }),
  })
}

function serversOf(scheme: string, rest: string): Omit<Hosts, 'name'> {
  const { name: _name, ...servers } = hostsOf(scheme, rest, scheme === 'redis+sentinel' ? 26_379 : 6379)
  return servers
}

async function open(prefix: string | undefined, makers: Makers): Promise<Store> {
  const make = await importClient<() => Client>('redis', {
    redis: async () => {
      const redis = await import('redis')
      return () => {
        const client = makers.redis(redis)
        return { client, connect: () => client.connect(), end: () => void client.destroy() }
      }
    },
    ioredis: async () => {
      const ioredis = await import('ioredis')
      return () => {
        const client = makers.ioredis(ioredis)
        const ready = new Promise<void>((resolve) => void client.once('ready', resolve))
        return { client, connect: () => ready, end: () => client.disconnect() }
      }
    },
  })
  const { client, connect, end } = make()
  // Both reconnect by themselves; unheard, the event would end the process.
  client.on('error', () => {})
  await connected(connect())
  return owning(redisStore(client, given({ prefix })), async () => end())
}

/** Wait for a server that is there, so that the first request finds a connection, and no longer for one that is not. */
async function connected(connecting: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, CONNECT_MS)
  })
  // A refused password is answered by every call as well; here it would only be told once.
  await Promise.race([connecting.catch(() => patience), patience])
  clearTimeout(timer)
}
