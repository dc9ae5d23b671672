import { type Clock, systemClock } from '../runtime/clock.ts'
import { type Duration, milliseconds } from '../options/duration.ts'
import { newVersion } from './new-version.ts'
import { SessionError } from '../errors.ts'
import type { RecordInput, Store, Written } from '../store.ts'
import { serverAddresses } from './memcached-address.ts'
import { type Answer, type Command, flagOf } from './memcached-protocol.ts'
import { decodeItem, encodeItem, type KeptRecord } from './memcached-record.ts'
import { parseVersion, type SeenVersion, serverDeadline, versionText } from './memcached-record.ts'
import { hashRing } from './memcached-ring.ts'
import { memcachedServer } from './memcached-server.ts'
import type { MemcachedTls } from './memcached-socket.ts'

export type { MemcachedTls }

/** How {@link memcachedStore} reaches its servers and names what it keeps there. */
export interface MemcachedStoreOptions {
  /** Put before the ID to make the key: printable ASCII, at most 186 characters. Default `'session:'`. */
  readonly prefix?: string
  /** Connect by TLS: `true`, or whom to trust and as whom. Default `false`. */
  readonly tls?: boolean | MemcachedTls
  /** For a server with a file of users (`memcached -Y`). Sent in the clear unless there is `tls`. */
  readonly username?: string
  readonly password?: string
  /** How long one call may take, connecting included; then it rejects with `store_timeout`. Default `'2s'`. */
  readonly timeout?: Duration
  /** Connections to each server at most. Calls share them, so that few are enough. Default 2. */
  readonly maxConnections?: number
  /** Time, for time limits and pauses between attempts to connect. Default: the machine's. */
  readonly clock?: Clock
}

/** A condition for a write: this item, unchanged. */
type Cas = Pick<SeenVersion, 'cas' | 'epoch'>

interface Found {
  readonly cas: Cas
  /** Null for an item that is none of ours. */
  readonly record: KeptRecord | null
}

/** How often a touch or update begins again because others were faster. Each time, one of them got through. */
const MOST_ATTEMPTS = 200

/** What memcached takes, less the 64 digits of an ID. */
const LONGEST_PREFIX = 250 - 64

/**
 * Sessions on one or more Memcached servers of version 1.6 or later, through a client of its own. An ID belongs to
 * one server, for ever: while that is down, its sessions are a store error, and no other server stands in.
 *
 * It connects at the first call, keeps no process alive, and cannot list. What the server evicts or forgets in a
 * restart is gone: see `docs/stores/memcached.md`.
 *
 * @param servers `'host:port'` (default port 11211), or the path of a Unix socket. Every process must name the same
 * ones, spelt the same way.
 * @throws {@link SessionError} `bad_option` when a server or an option makes no sense.
 */
export function memcachedStore(servers: string | readonly string[], options: MemcachedStoreOptions = {}): Store {
  const { clock = systemClock, prefix = 'session:', timeout = '2s', maxConnections = 2, tls = false } = options
  if (!/^[!-~]*$/.test(prefix) || prefix.length > LONGEST_PREFIX)
    refuse(`prefix must be printable ASCII without spaces, at most ${LONGEST_PREFIX} characters`)
  if (!Number.isInteger(maxConnections) || maxConnections < 1) refuse('maxConnections must be a whole number above 0')
  const addresses = serverAddresses(servers)
  const serverOptions = {
    clock,
    timeout: milliseconds(timeout, 'timeout'),
    tls: tls === true ? {} : tls === false ? undefined : tls,
    login: loginOf(options),
    maxConnections,
  }
  const ring = hashRing(addresses.map(({ name }) => name))
  const clients = addresses.map((address) => memcachedServer(address, serverOptions))

  async function send(
    id: string,
    verb: 'mg' | 'ms' | 'md',
    rest: string,
    codes: readonly string[],
    more: Pick<Command, 'value' | 'epoch'> = {},
  ): Promise<Answer> {
    if (!/^[\da-f]{64}$/.test(id)) refuse('a record ID is 64 lower-case hex digits; the store was called with another')
    const client = clients[ring(id)]
    if (client === undefined) throw new SessionError('store_failed', 'no server for this ID')
    return client.send({ line: `${verb} ${prefix}${id}${rest}`, codes, ...more })
  }

  /** What the server has, expired or not. */
  async function find(id: string): Promise<Found | null> {
    const reply = await send(id, 'mg', ' v c', ['VA', 'EN'])
    return reply.value === undefined ? null : { cas: casOf(reply), record: decodeItem(reply.value) }
  }

  async function findLive(id: string, now: number): Promise<(KeptRecord & SeenVersion) | null> {
    const found = await find(id)
    if (found === null || found.record === null || found.record.expiresAt <= now) return null
    return { ...found.record, ...found.cas }
  }

  /** Write unless the condition fails: `'taken'` (there is one, or another than expected) or `'nothing'`. */
  async function write(id: string, record: KeptRecord, only: Cas | 'new'): Promise<Written | 'taken' | 'nothing'> {
    const value = encodeItem(record)
    const condition = only === 'new' ? 'ME' : `C${only.cas}`
    const rest = ` ${value.length} ${condition} T${serverDeadline(record.expiresAt)} c`
    const epoch = only === 'new' ? {} : { epoch: only.epoch }
    const reply = await send(id, 'ms', rest, ['HD', 'EX', 'NF', 'NS'], { value, ...epoch })
    if (reply.code === 'HD') return { version: versionText({ ...record, ...casOf(reply) }) }
    return reply.code === 'NF' ? 'nothing' : 'taken'
  }

  return {
    name: 'Memcached',
    async read(id, now) {
      const found = await findLive(id, now)
      return found === null ? null : { ...recordOf(found), version: versionText(found) }
    },

    create(id, record, now) {
      const kept = { ...recordOf(record), version: newVersion() }
      return attempts(async () => {
        const created = await write(id, kept, 'new')
        if (typeof created === 'object') return created
        // The ID is taken: by a live record, or by one that is dead and may be replaced.
        const found = await find(id)
        if (found === null) return 'again'
        if (found.record !== null && found.record.expiresAt > now) return null
        const replaced = await write(id, kept, found.cas)
        return typeof replaced === 'object' ? replaced : 'again'
      })
    },

    update(id, expected, record, now) {
      const seen = parseVersion(String(expected))
      const kept = { ...recordOf(record), version: newVersion() }
      // The server's number changes with every write, touches included. While it is the one that was seen, so is the
      // deadline, and nothing needs to be read first. Past that deadline somebody may have touched it since.
      let only = seen !== null && seen.expiresAt > now ? seen : undefined
      return attempts(async () => {
        if (only === undefined) {
          const found = await findLive(id, now)
          if (found === null) return 'gone'
          if (found.version !== seen?.version) return 'conflict'
          only = found
        }
        const result = await write(id, kept, only)
        only = undefined
        return result === 'taken' ? 'again' : result === 'nothing' ? 'gone' : result
      })
    },

    touch(id, expiresAt, now) {
      return attempts(async () => {
        const found = await findLive(id, now)
        if (found === null) return false
        if (found.expiresAt >= expiresAt) return true
        const result = await write(id, { ...found, expiresAt }, found)
        return result === 'taken' ? 'again' : result !== 'nothing'
      })
    },

    async delete(id) {
      return (await send(id, 'md', '', ['HD', 'NF'])).code === 'HD'
    },

    /** Waits for the calls under way; a call after it rejects with `closed`. */
    async close() {
      await Promise.all(clients.map((client) => client.close()))
    },
  }
}

/** Until it got through. A try that has to begin again was beaten by another that did. */
async function attempts<Result>(once: () => Promise<Result | 'again'>): Promise<Result> {
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const result = await once()
    if (result !== 'again') return result
  }
  throw new SessionError('too_busy', `one session was changed ${MOST_ATTEMPTS} times while this call tried to`)
}

/** Without it no write could be told from another: a proxy, or a server that left the number out. */
function casOf(reply: Answer): Cas {
  const cas = flagOf(reply, 'c')
  if (cas !== undefined && /^[1-9]\d{0,19}$/.test(cas)) return { cas, epoch: reply.epoch }
  throw new SessionError('store_unusable', 'Memcached gave no CAS number; a proxy must pass on the flag c')
}

function recordOf({ payload, expiresAt, owner }: RecordInput): RecordInput {
  return owner === undefined ? { payload, expiresAt } : { payload, expiresAt, owner }
}

function loginOf({ username, password }: MemcachedStoreOptions): { username: string; password: string } | undefined {
  if (username === undefined && password === undefined) return undefined
  if (username === undefined || password === undefined) refuse('username and password come together')
  // The server reads them as one line, `name password`, and its file has a colon between them.
  if (!/^[^\s:\p{Cc}]+$/u.test(username) || !/^[^\s\p{Cc}]+$/u.test(password))
    refuse('username and password may have neither spaces nor control characters, and username no colon')
  return { username, password }
}

function refuse(detail: string): never {
  throw new SessionError('bad_option', detail)
}
