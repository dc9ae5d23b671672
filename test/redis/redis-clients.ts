import { Cluster, Redis } from 'ioredis'
import { createClient, createClientPool, createCluster, createSentinel } from 'redis'
import type { RedisClient } from '../../src/stores/redis.ts'
import type { RedisCluster, RedisSentinel, RedisServer } from '../servers/index.ts'

/** A connected client and how to end it. */
export interface Connected {
  readonly client: RedisClient
  readonly close: () => Promise<unknown>
}

/** How to connect a client to a server of one kind. */
export type Connect<Server> = (server: Server) => Promise<Connected>

/** Fails at once while the server is away, as docs/stores/redis.md recommends it, and comes back quickly. */
const RECONNECT_MS = 20

/** Every client of one server. */
export const singleClients: Readonly<Record<'redis' | 'pool' | 'ioredis', Connect<RedisServer>>> = {
  redis: (server) => nodeRedis(createClient(nodeRedisOptions(server))),
  pool: (server) => nodeRedis(createClientPool(nodeRedisOptions(server), { minimum: 2, maximum: 4 })),
  ioredis: async (server) => ioredis(new Redis(ioredisOptions(server))),
}

/** Clients of a cluster, told to read from replicas: the store must not let them. */
export const clusterClients: Readonly<Record<'redis' | 'ioredis', Connect<RedisCluster>>> = {
  redis: ({ nodes }) =>
    nodeRedis(
      createCluster({
        rootNodes: nodes.map(({ port }) => ({ socket: { host: '127.0.0.1', port } })),
        useReplicas: true,
        defaults: { disableOfflineQueue: true, socket: { reconnectStrategy: RECONNECT_MS } },
      }),
    ),
  ioredis: async ({ nodes }) => {
    const client = new Cluster(
      nodes.map(({ port }) => ({ host: '127.0.0.1', port })),
      {
        scaleReads: 'all',
        clusterRetryStrategy: () => RECONNECT_MS,
        redisOptions: { maxRetriesPerRequest: 1 },
      },
    )
    client.on('error', () => {})
    await Promise.race([
      new Promise((resolve) => client.once('ready', resolve)),
      new Promise((_, reject) => client.once('end', () => reject(new Error('the cluster client gave up')))),
    ])
    return { client, close: async () => client.disconnect() }
  },
}

/** Clients that ask the Sentinels for the master. */
export const sentinelClients: Readonly<Record<'redis' | 'ioredis', Connect<RedisSentinel>>> = {
  redis: ({ sentinels, masterName }) =>
    nodeRedis(
      createSentinel({
        name: masterName,
        sentinelRootNodes: sentinels.map(({ host, port }) => ({ host, port })),
        replicaPoolSize: 1,
        masterPoolSize: 2,
        reserveClient: true,
        scanInterval: 100,
        nodeClientOptions: { disableOfflineQueue: true, socket: { reconnectStrategy: RECONNECT_MS } },
      }),
    ),
  ioredis: async ({ sentinels, masterName }) =>
    ioredis(
      new Redis({
        sentinels: sentinels.map(({ host, port }) => ({ host, port })),
        name: masterName,
        sentinelRetryStrategy: () => RECONNECT_MS,
        ...IOREDIS,
      }),
    ),
}

const IOREDIS = {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 1,
  autoResendUnfulfilledCommands: false,
  retryStrategy: () => RECONNECT_MS,
}

function nodeRedisOptions({ port, socketPath, ca, password }: RedisServer) {
  const socket = { reconnectStrategy: RECONNECT_MS, connectTimeout: 1000 }
  return {
    ...(password === null ? {} : { password }),
    disableOfflineQueue: true,
    socket:
      socketPath !== null
        ? { ...socket, path: socketPath, tls: false as const }
        : ca === null
          ? { ...socket, host: '127.0.0.1', port }
          : { ...socket, host: '127.0.0.1', port, tls: true as const, ca },
  }
}

function ioredisOptions({ port, socketPath, ca, password }: RedisServer) {
  return {
    ...(password === null ? {} : { password }),
    ...(socketPath === null ? { host: '127.0.0.1', port } : { path: socketPath }),
    ...(ca === null ? {} : { tls: { ca } }),
    ...IOREDIS,
  }
}

interface NodeRedis {
  on(event: 'error', listener: () => void): unknown
  connect(): Promise<unknown>
  destroy(): unknown
}

async function nodeRedis(client: NodeRedis & RedisClient): Promise<Connected> {
  client.on('error', () => {})
  await client.connect()
  return { client, close: async () => client.destroy() }
}

async function ioredis(client: Redis): Promise<Connected> {
  client.on('error', () => {})
  if (client.status !== 'ready') await new Promise((resolve) => client.once('ready', resolve))
  return { client, close: async () => client.disconnect() }
}
