import { SessionError } from '../errors.ts'
import { warnOnce } from '../runtime/platform.ts'
import { type Command, loginCommand, NOOP, type Reply, statsCommand } from './memcached-protocol.ts'

/** What a server says of itself at the beginning of a connection. */
export interface ServerFacts {
  /** The largest item it takes (-I), in bytes, key and its own overhead included. */
  readonly itemSizeMax: number
  /** Which life of the server this is, see `Answer` in memcached-protocol.ts. */
  readonly epoch: string
}

/** What a server takes that was started without -I. */
const DEFAULT_ITEM_SIZE = 1_048_576

/**
 * Log in, and find out whether the server can be used at all, before a session goes to it.
 * @throws {@link SessionError} `store_unusable` when it cannot, with the mend; no message has the password.
 */
export async function greet(
  server: string,
  exchange: (command: Command) => Promise<Reply>,
  login: { readonly username: string; readonly password: string } | undefined,
): Promise<ServerFacts> {
  if (login !== undefined) {
    const { code } = await exchange(loginCommand(login.username, login.password))
    if (code !== 'STORED') throw unusable(server, `refuses username and password (${code})`)
  }
  const hello = await exchange(NOOP)
  const words = hello.words.join(' ')
  if (words.includes('unauthenticated')) throw unusable(server, 'asks for a username and a password: give both')
  if (hello.code === 'ERROR' && words === '')
    throw unusable(server, 'does not know the meta protocol: use Memcached 1.6 or later')
  if (hello.code !== 'MN') throw new SessionError('store_failed', `${server} answers: ${hello.code} ${words}`)

  const [counters, settings] = await Promise.all([exchange(statsCommand()), exchange(statsCommand('settings'))])
  if (statOf(settings, 'cas_enabled') === 'no')
    throw unusable(server, 'was started with -C: without CAS numbers parallel updates would be lost')
  const evictions = Number(statOf(counters, 'evictions') ?? 0)
  if (evictions > 0) warnOnce('COATCHECK_EVICTION', evicted(server, evictions))
  return {
    itemSizeMax: Number(statOf(settings, 'item_size_max') ?? DEFAULT_ITEM_SIZE),
    epoch: epochOf(counters),
  }
}

function evicted(server: string, evictions: number): string {
  return (
    `${server} has thrown away ${evictions} items before their time, because its memory was full; ` +
    'sessions among them ended for their visitors. Give it more (-m), and nothing but sessions to keep'
  )
}

/** When the process began, by its own clock, and its number: containers all have number 1. */
function epochOf(counters: Reply): string {
  const [time, uptime, pid] = ['time', 'uptime', 'pid'].map((name) => Number(statOf(counters, name) ?? Number.NaN))
  if (time === undefined || uptime === undefined || pid === undefined) return ''
  return Number.isSafeInteger(time - uptime + pid) ? `${(time - uptime).toString(36)}-${pid.toString(36)}` : ''
}

function statOf({ words }: Reply, name: string): string | undefined {
  return words.find((pair) => pair.startsWith(`${name} `))?.slice(name.length + 1)
}

function unusable(server: string, detail: string): SessionError {
  return new SessionError('store_unusable', `${server} ${detail}`)
}
