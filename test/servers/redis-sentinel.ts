import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { groupOf, startAll, type ServerGroup } from './group.ts'
import { until } from './processes.ts'
import { startRedis, startRedisAs, type RedisServer } from './redis.ts'

/** One master, two replicas, and three Sentinels that agree on them. `host` and `port` are the first Sentinel's. */
export interface RedisSentinel extends ServerGroup {
  readonly name: 'Redis Sentinel'
  readonly version: string
  /** The Sentinels and the name of what they watch: `redis+sentinel://127.0.0.1:26379,…/mymaster`. */
  readonly url: string
  readonly host: string
  readonly port: number
  /** What clients ask the Sentinels for. */
  readonly masterName: 'mymaster'
  readonly nodes: readonly RedisServer[]
  readonly sentinels: readonly RedisServer[]
  /** The node the Sentinels name now. */
  master(): Promise<RedisServer>
  /** Resolves once the Sentinels agree on a running master and every other running node follows it. */
  untilReady(): Promise<void>
}

const MASTER_NAME = 'mymaster'

/** Sentinels write down what they learn, so each needs a file of its own. */
const SENTINEL = {
  name: 'Redis Sentinel',
  args(directory: string): string[] {
    const file = join(directory, 'sentinel.conf')
    writeFileSync(file, '')
    return [file, '--sentinel']
  },
}

/** A failover takes about three seconds: one without an answer, a vote, a promotion, the other replica's turn. */
const WATCH = { 'down-after-milliseconds': '1000', 'failover-timeout': '2000' }

/**
 * Sentinel's own clockwork, made for production, is what tests would wait for: a replica asked every ten seconds, a
 * former master left alone for eight. And a machine so busy that a Sentinel misses two seconds must not blind it for
 * thirty (TILT).
 */
const CLOCKWORK = ['info-period', '500', 'publish-period', '250', 'ask-period', '250', 'tilt-trigger', '20000']

/** Redis under Sentinel on 127.0.0.1. */
export async function startSentinel(): Promise<RedisSentinel> {
  const config = { 'repl-diskless-sync-delay': '0' }
  const starts = [0, 1, 2].map(() => () => startRedis({ config }))
  const watchers = [0, 1, 2].map(() => startOneSentinel)
  const servers = await startAll([...starts, ...watchers])
  const [nodes, sentinels] = [servers.slice(0, 3), servers.slice(3)]
  const [firstNode, firstSentinel] = [nodes[0], sentinels[0]]
  if (firstNode === undefined || firstSentinel === undefined) throw new Error('Sentinel needs servers')
  const untilReady = (): Promise<void> => until('the Sentinels agree', () => isReady(nodes, sentinels), 30_000)
  const group = groupOf(servers, untilReady)
  try {
    for (const replica of nodes.slice(1)) await replica.command('REPLICAOF', firstNode.host, `${firstNode.port}`)
    for (const sentinel of sentinels) await watch(sentinel, firstNode)
    await untilReady()
  } catch (error) {
    await group.stop()
    throw error
  }
  return {
    ...group,
    name: 'Redis Sentinel',
    version: firstNode.version,
    url: `redis+sentinel://${sentinels.map(({ host, port }) => `${host}:${port}`).join(',')}/${MASTER_NAME}`,
    host: firstSentinel.host,
    port: firstSentinel.port,
    masterName: MASTER_NAME,
    nodes,
    sentinels,
    untilReady,
    async master() {
      const port = await masterPort(sentinels.find((sentinel) => sentinel.pids().length > 0) ?? firstSentinel)
      const master = nodes.find((node) => node.port === port)
      if (master === undefined) throw new Error(`the Sentinels name port ${port}, which is none of the nodes`)
      return master
    },
  }
}

async function startOneSentinel(): Promise<RedisServer> {
  const sentinel = await startRedisAs(SENTINEL, {})
  const hurry = async (): Promise<void> => void (await sentinel.command('SENTINEL', 'DEBUG', ...CLOCKWORK))
  await hurry()
  return {
    ...sentinel,
    async restart() {
      await sentinel.restart()
      await hurry()
    },
  }
}

async function watch(sentinel: RedisServer, master: RedisServer): Promise<void> {
  await sentinel.command('SENTINEL', 'MONITOR', MASTER_NAME, master.host, `${master.port}`, '2')
  for (const [key, value] of Object.entries(WATCH)) await sentinel.command('SENTINEL', 'SET', MASTER_NAME, key, value)
}

/** The reply is an array of two strings, host and port. */
async function masterPort(sentinel: RedisServer): Promise<number> {
  const reply = await sentinel.command('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', MASTER_NAME)
  return Number(reply.trim().split('\r\n').at(-1))
}

async function isReady(nodes: readonly RedisServer[], sentinels: readonly RedisServer[]): Promise<boolean> {
  const [members, watchers] = [up(nodes), up(sentinels)]
  try {
    const ports = await Promise.all(watchers.map(masterPort))
    const [port] = ports
    if (new Set(ports).size !== 1 || !members.some((node) => node.port === port)) return false
    const seen = await Promise.all(watchers.map((sentinel) => sentinel.command('SENTINEL', 'MASTER', MASTER_NAME)))
    if (!seen.every((reply) => knowsEverybody(reply, watchers.length))) return false
    const roles = await Promise.all(
      members.map(async (node) => [node, await node.command('INFO', 'replication')] as const),
    )
    return roles.every(([node, info]) =>
      node.port === port
        ? info.includes('role:master') && info.includes(`connected_slaves:${members.length - 1}`)
        : info.includes(`master_port:${port}\r\n`) && info.includes('master_link_status:up'),
    )
  } catch {
    return false
  }
}

/** Without both replicas in its list a Sentinel has nobody to promote; without the others there is no majority. */
function knowsEverybody(reply: string, watchers: number): boolean {
  const words = reply.split('\r\n').filter((word) => !/^[$*]/.test(word))
  const valueOf = (key: string): string => words[words.indexOf(key) + 1] ?? ''
  return (
    valueOf('flags') === 'master' &&
    Number(valueOf('num-slaves')) >= 2 &&
    Number(valueOf('num-other-sentinels')) >= watchers - 1
  )
}

function up(servers: readonly RedisServer[]): RedisServer[] {
  return servers.filter((server) => server.pids().length > 0)
}
