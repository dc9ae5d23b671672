/** What can happen to Redis alone. */
import { startRedis, startRedisCluster, startSentinel } from '../servers/index.ts'
import type { RedisServer } from '../servers/index.ts'
import { common, commonFault } from './common.ts'
import { bedOf, type Fault, meet } from './fault.ts'
import type { Watch } from './load.ts'

/** Whatever is acknowledged is on the disk. */
const DURABLE = { appendonly: 'yes', appendfsync: 'always', 'maxmemory-policy': 'noeviction' }

export const redisFaults: readonly Fault[] = [
  ...common('redis', async () => bedOf(await startRedis({ config: DURABLE }))),
  onRedis('oom', 'memory full, `noeviction`', async (server, watch) => {
    await server.command('CONFIG', 'SET', 'maxmemory', '1')
    await watch.failures(6)
    await server.command('CONFIG', 'SET', 'maxmemory', '0')
  }),
  onRedis('replica', 'a replica that cannot be written, for a while', async (server, watch) => {
    await server.command('REPLICAOF', '127.0.0.1', '1')
    await watch.failures(6)
    await server.command('REPLICAOF', 'NO', 'ONE')
  }),
  {
    ...commonFault('redis', 'kill', async () => bedOf(await startRedis()), false),
    name: 'kill-volatile',
    what: '`kill -9`, nothing on disk',
  },
  {
    store: 'redis',
    name: 'sentinel',
    what: 'Sentinel: the master killed',
    durable: false,
    async run(options) {
      await using sentinel = await startSentinel()
      return await meet(sentinel.url, options, async () => {
        const master = await sentinel.master()
        await master.kill9()
        await sentinel.untilReady()
        await master.restart()
        await sentinel.untilReady()
      })
    },
  },
  {
    store: 'redis',
    name: 'cluster',
    what: 'Cluster: a master killed',
    durable: false,
    async run(options) {
      await using cluster = await startRedisCluster()
      return await meet(cluster.url, options, async () => {
        const [master] = await cluster.masters()
        await master?.kill9()
        await cluster.untilReady()
        await master?.restart()
        await cluster.untilReady()
      })
    },
  },
]

function onRedis(name: string, what: string, happen: (server: RedisServer, watch: Watch) => Promise<void>): Fault {
  return {
    store: 'redis',
    name,
    what,
    durable: true,
    async run(options) {
      await using server = await startRedis({ config: DURABLE })
      return await meet(server.url, options, (watch) => happen(server, watch))
    },
  }
}
