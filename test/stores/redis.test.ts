import { after, suite, test } from 'node:test'
import { redisStore } from '../../src/stores/redis.ts'
import { runStoreCases, storeCases } from '../../src/testing/index.ts'
import { clusterClients, type Connected, sentinelClients, singleClients } from '../redis/redis-clients.ts'
import { startRedis, startRedisCluster, startSentinel } from '../servers/index.ts'
import { keepRedis } from '../tokens/dumps.ts'
import { assertNoTokens } from '../tokens/watch.ts'
import { casesOfOtherSetups } from './other-setups.ts'

const [single, tls, unix, cluster, sentinel] = await Promise.all([
  startRedis(),
  startRedis({ tls: true, password: 'sekret' }),
  startRedis({ unixSocket: true }),
  startRedisCluster(),
  startSentinel(),
])
const { pool, ...plain } = singleClients
const shapes = [
  ...shape('', plain, single),
  ...shape(', TLS and password', { 'redis pool': pool }, tls),
  ...shape(', Unix socket', { ioredis: plain.ioredis }, unix),
  ...shape(', Cluster', clusterClients, cluster),
  ...shape(', Sentinel', sentinelClients, sentinel),
]
const closing: (() => Promise<unknown>)[] = []
let prefixes = 0

for (const [position, [name, connect]] of shapes.entries()) {
  const [one, other] = await Promise.all([connect(), connect()])
  closing.push(one.close, other.close)
  suite(`redis, ${name}`, { concurrency: 4 }, () => {
    runStoreCases({
      test,
      cases: position === 0 ? storeCases : casesOfOtherSetups,
      expiry: 'native',
      cannot: ['sweep'],
      async open() {
        const prefix = `session-${++prefixes}:`
        return { store: redisStore(one.client, { prefix }), second: async () => redisStore(other.client, { prefix }) }
      },
    })
  })
}

test('P6 no token of all these is in any server, an event or an error', async (context) => {
  for (const server of [single, tls, unix, ...cluster.nodes, ...sentinel.nodes]) await keepRedis(server)
  context.diagnostic(assertNoTokens({ tokens: 100, bytes: 1_000_000 }))
})

after(async () => {
  for (const close of closing) await close()
  await Promise.all([single, tls, unix, cluster, sentinel].map((server) => server.stop()))
})

function shape<Server>(
  suffix: string,
  clients: Readonly<Record<string, (server: Server) => Promise<Connected>>>,
  server: Server,
): [name: string, connect: () => Promise<Connected>][] {
  return Object.entries(clients).map(([name, connect]) => [name + suffix, () => connect(server)])
}
