/** What a store's server was asked to do, by its own account. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { Client } from 'pg'
import { ask } from '../../test/servers/ask.ts'
import type { RedisServer } from '../../test/servers/index.ts'

/** What it did between two moments. */
export interface StoreWork {
  /** By name; what a script does inside the server is one command, the script's. */
  readonly commands: Readonly<Record<string, number>>
  /** Bytes: `in` and `out`, or `wal` of PostgreSQL, which counts neither but what it writes to its log. */
  readonly bytes: Readonly<Record<string, number>>
}

/** Tells of the work that its server does while `act` runs. */
export type Watch = (act: () => Promise<void>) => Promise<StoreWork>

/**
 * Redis, in two runs of `act`: INFO counts the bytes, and MONITOR tells a client's commands from those of a script,
 * which INFO commandstats counts alike. MONITOR's own output would be among the bytes.
 */
export function watchRedis(redis: RedisServer): Watch {
  const net = async (): Promise<[number, number]> => {
    const info = await redis.command('INFO', 'stats')
    const field = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1])
    return [field('total_net_input_bytes'), field('total_net_output_bytes')]
  }
  return async (act) => {
    const [begin, calibrated] = [await net(), await net()]
    await act()
    const end = await net()
    // What asking costs is taken off: it is the same every time, but for a digit.
    const [sent = 0, received = 0] = [0, 1].map(
      (n) => at(end, n) - at(calibrated, n) - (at(calibrated, n) - at(begin, n)),
    )
    return { commands: await monitored(redis, act), bytes: { in: sent, out: received } }
  }
}

function at(pair: readonly number[], index: number): number {
  return pair[index] ?? Number.NaN
}

const MARK = 'end-of-watch'

async function monitored(redis: RedisServer, act: () => Promise<void>): Promise<Record<string, number>> {
  const socket = connect(redis.port, '127.0.0.1')
  let text = ''
  const { promise: ended, resolve, reject } = Promise.withResolvers<void>()
  socket.setEncoding('latin1')
  socket.once('error', reject)
  socket.on('data', (chunk: string) => {
    text += chunk
    if (text.includes(MARK)) resolve()
  })
  await once(socket, 'connect')
  socket.write('MONITOR\r\n')
  await once(socket, 'data')
  await act()
  await redis.command('ECHO', MARK)
  await ended
  socket.destroy()
  const counts: Record<string, number> = {}
  for (const [, source = '', name = ''] of text.matchAll(/^\+[\d.]+ \[\d+ (\S+)\] "(\w+)"/gm)) {
    const word = name.toUpperCase()
    if (source !== 'lua' && word !== 'ECHO' && word !== 'PING') counts[word] = (counts[word] ?? 0) + 1
  }
  return counts
}

/** PostgreSQL started with `shared_preload_libraries = pg_stat_statements`. */
export async function watchPostgres(url: string): Promise<{ readonly watch: Watch; close(): Promise<void> }> {
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query('create extension if not exists pg_stat_statements')
  const watch: Watch = async (act) => {
    await client.query('select pg_stat_statements_reset()')
    await act()
    const { rows } = await client.query<{ verb: string; calls: string; wal: string }>(
      `select upper(substring(trim(query) from '^\\w+')) as verb, sum(calls) as calls, sum(wal_bytes) as wal
       from pg_stat_statements where query not like '%pg_stat_statements%' group by 1`,
    )
    return {
      commands: Object.fromEntries(rows.map(({ verb, calls }) => [verb, Number(calls)])),
      bytes: { wal: rows.reduce((sum, { wal }) => sum + Number(wal), 0) },
    }
  }
  return { watch, close: () => client.end() }
}

/** Memcached's `stats`. Gets are counted by key, sets by item; the meta commands of a client add to both. */
export function watchMemcached(port: number): Watch {
  const stats = async (): Promise<Record<string, number>> => {
    const text = await ask({ port, socketPath: null, ca: null }, 'stats\r\n', /END\r\n$/)
    return Object.fromEntries(
      [...text.matchAll(/^STAT (\w+) (\d+)\r$/gm)].map(([, name, value]) => [name, Number(value)]),
    )
  }
  return async (act) => {
    const [begin, calibrated] = [await stats(), await stats()]
    await act()
    const end = await stats()
    const grown = (name: string, own = 0): number => (end[name] ?? 0) - (calibrated[name] ?? 0) - own
    const asking = (name: string): number => (calibrated[name] ?? 0) - (begin[name] ?? 0)
    const names = ['cmd_get', 'cmd_set', 'cmd_touch', 'delete_hits'] as const
    const commands = names.map((name) => [name.replace(/^cmd_|_hits$/, '').toUpperCase(), grown(name)] as const)
    return {
      commands: Object.fromEntries(commands.filter(([, count]) => count > 0)),
      bytes: {
        in: grown('bytes_read', asking('bytes_read')),
        out: grown('bytes_written', asking('bytes_written')),
      },
    }
  }
}
