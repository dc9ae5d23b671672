import { ensureCommand } from '../../scripts/debian.ts'
import { groupOf, startAll, type ServerGroup } from './group.ts'
import { runToEnd, until } from './processes.ts'
import { startRedis, type RedisServer } from './redis.ts'

/** Three masters with a replica each. `host` and `port` are those of the first node. */
export interface RedisCluster extends ServerGroup {
  readonly name: 'Redis Cluster'
  readonly version: string
  /** Every node: `redis+cluster://127.0.0.1:7000,127.0.0.1:7001,…`. */
  readonly url: string
  readonly host: string
  readonly port: number
  readonly nodes: readonly RedisServer[]
  /** The running nodes that hold slots now. */
  masters(): Promise<RedisServer[]>
  /** Resolves once every running node names the same running owner for every slot, and every replica is linked. */
  untilReady(): Promise<void>
}

const CONFIG = {
  'cluster-enabled': 'yes',
  'cluster-config-file': 'nodes.conf',
  // A node is given up after a second without an answer, so a failover takes about two.
  'cluster-node-timeout': '1000',
  'cluster-replica-validity-factor': '0',
  'repl-diskless-sync-delay': '0',
}

/** A Redis Cluster of six nodes on 127.0.0.1. */
export async function startRedisCluster(): Promise<RedisCluster> {
  const nodes = await startAll(Array.from({ length: 6 }, () => () => startRedis({ config: CONFIG })))
  const addresses = nodes.map(({ host, port }) => `${host}:${port}`)
  const untilReady = (): Promise<void> => until('the cluster is healthy', () => isHealthy(nodes), 30_000)
  const group = groupOf(nodes, untilReady)
  const [first] = nodes
  if (first === undefined) throw new Error('a cluster needs nodes')
  try {
    const cli = ensureCommand('redis-cli', ['redis-tools'])
    await runToEnd(cli, ['--cluster', 'create', ...addresses, '--cluster-replicas', '1', '--cluster-yes'])
    await untilReady()
  } catch (error) {
    await group.stop()
    throw error
  }
  return {
    ...group,
    name: 'Redis Cluster',
    version: first.version,
    url: `redis+cluster://${addresses.join(',')}`,
    host: first.host,
    port: first.port,
    nodes,
    untilReady,
    async masters() {
      const replies = await Promise.all(up(nodes).map(async (node) => ({ node, role: await node.command('ROLE') })))
      return replies.filter(({ role }) => role.includes('master')).map(({ node }) => node)
    },
  }
}

function up(nodes: readonly RedisServer[]): RedisServer[] {
  return nodes.filter((node) => node.pids().length > 0)
}

async function isHealthy(nodes: readonly RedisServer[]): Promise<boolean> {
  const running = up(nodes)
  try {
    const views = await Promise.all(running.map(viewOf))
    const owners = new Set(views.map((view) => view?.owners.join()))
    const ports = new Set(running.map(({ port }) => port))
    // Until a dead master is given up, the others still call the state ok and name it as the owner.
    return owners.size === 1 && views.every((view) => view !== null && view.owners.every(([port]) => ports.has(port)))
  } catch {
    return false
  }
}

/** Who serves which slots as one node sees it; null while it is not in order itself. */
async function viewOf(node: RedisServer): Promise<{ readonly owners: readonly (readonly [number, string])[] } | null> {
  const info = await node.command('CLUSTER', 'INFO')
  const replication = await node.command('INFO', 'replication')
  const linked = replication.includes('role:master') || replication.includes('master_link_status:up')
  if (!info.includes('cluster_state:ok') || !linked) return null
  const lines = (await node.command('CLUSTER', 'NODES')).split('\n').map((line) => line.trim().split(' '))
  const owners = lines.flatMap(([, address = '', , , , , , , ...slots]) =>
    slots.length === 0 ? [] : [[Number(/:(\d+)/.exec(address)?.[1]), slots.join(' ')] as const],
  )
  return { owners: owners.toSorted(([a], [b]) => a - b) }
}
