import { setTimeout as delay } from 'node:timers/promises'
import { redisStore } from '../../src/stores/redis.ts'
import { startRedis, startRedisCluster, startSentinel, type RedisServer } from '../servers/index.ts'
import { until } from '../servers/processes.ts'
import { clusterClients, type Connect, sentinelClients, singleClients } from './redis-clients.ts'
import { type Outcome, TIME_LIMIT, underLoad } from './under-load.ts'

/** One thing that can happen, and what came of it with one client. */
export type FaultRun = (client: 'redis' | 'ioredis') => Promise<Outcome>

/** How long a frozen server stays frozen: longer than a call may take. */
export const FROZEN: number = TIME_LIMIT * 2

const DURABLE = { appendonly: 'yes', appendfsync: 'always' }

/** Everything that docs/stores/redis.md has a row for. */
export const faultRuns: Readonly<Record<string, FaultRun>> = {
  nothing: onServer({}, () => delay(500)),
  '`SCRIPT FLUSH`, 50 times': onServer({}, async (server) => {
    for (let n = 0; n < 50; n++) {
      await server.command('SCRIPT', 'FLUSH')
      await delay(10)
    }
  }),
  'server frozen for 2 s (SIGSTOP)': onServer({}, async (server) => {
    await server.pause()
    await delay(FROZEN)
    server.resume()
  }),
  '`kill -9`, restart after 0.5 s, `appendfsync always`': onServer(DURABLE, killAndRestart),
  '`kill -9`, restart after 0.5 s, nothing persisted': onServer({}, killAndRestart),
  'memory full for 0.5 s, `noeviction`': onServer({ 'maxmemory-policy': 'noeviction' }, async (server) => {
    await server.command('CONFIG', 'SET', 'maxmemory', '1')
    await delay(500)
    await server.command('CONFIG', 'SET', 'maxmemory', '0')
  }),
  'memory full for 0.5 s, `allkeys-lru`': onServer({ 'maxmemory-policy': 'allkeys-lru' }, async (server) => {
    const used = /^used_memory:(\d+)/m.exec(await server.command('INFO', 'memory'))?.[1]
    await server.command('CONFIG', 'SET', 'maxmemory', `${Number(used) - 20_000}`)
    await delay(500)
    await server.command('CONFIG', 'SET', 'maxmemory', '0')
  }),
  'Cluster: a master killed (`kill -9`)': async (client) => {
    await using cluster = await startRedisCluster()
    return await withClient(clusterClients[client], cluster, async () => {
      const [master] = await cluster.masters()
      if (master === undefined) throw new Error('the cluster has no master')
      await untilFollowed(master, cluster.nodes)
      await master.kill9()
      await cluster.untilReady()
    })
  },
  'Sentinel: the master killed (`kill -9`)': async (client) => {
    await using sentinel = await startSentinel()
    return await withClient(sentinelClients[client], sentinel, async () => {
      const master = await sentinel.master()
      await untilFollowed(master, sentinel.nodes)
      await master.kill9()
      await sentinel.untilReady()
    })
  },
}

/**
 * Replicas of a busy machine may be behind by half a second, and what they do not have dies with the master: here they
 * have all that was written up to a moment ago.
 */
async function untilFollowed(master: RedisServer, nodes: readonly RedisServer[]): Promise<void> {
  const written = /^master_repl_offset:(\d+)/m.exec(await master.command('INFO', 'replication'))?.[1]
  await until('the replicas follow', async () => {
    const infos = await Promise.all(nodes.map((node) => node.command('INFO', 'replication')))
    const offsets = infos
      .filter((info) => info.includes(`master_port:${master.port}\r\n`))
      .map((info) => Number(/^slave_repl_offset:(\d+)/m.exec(info)?.[1]))
    return offsets.length > 0 && offsets.every((offset) => offset >= Number(written))
  })
}

async function killAndRestart(server: RedisServer): Promise<void> {
  await server.kill9()
  await delay(500)
  await server.restart()
}

function onServer(config: Readonly<Record<string, string>>, happen: (server: RedisServer) => Promise<void>): FaultRun {
  return async (client) => {
    await using server = await startRedis({ config })
    return await withClient(singleClients[client], server, () => happen(server))
  }
}

async function withClient<Server>(
  connect: Connect<Server>,
  server: Server,
  happen: () => Promise<void>,
): Promise<Outcome> {
  const { client, close } = await connect(server)
  try {
    return await underLoad(redisStore(client), happen)
  } finally {
    await close()
  }
}
