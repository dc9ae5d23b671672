import { newVersion } from './new-version.ts'
import { SessionError } from '../errors.ts'
import type { RecordInput, Store, StoredRecord } from '../store.ts'
import { type RedisClient, redisConnection } from './redis-client.ts'
import { warnOfEviction } from './redis-eviction.ts'
import { type IndexEntry, isWrongType, ownerIndex, SKEW } from './redis-index.ts'
import { listAll, listOwned } from './redis-list.ts'
import { entryFields, FIELDS, fieldsOf, recordOf } from './redis-record.ts'
import { CREATE, DELETE, READ, type RedisScript, runScript, TOUCH, UPDATE } from './redis-scripts.ts'

export type { RedisClient } from './redis-client.ts'

/** How {@link redisStore} keeps sessions. */
export interface RedisStoreOptions {
  /**
   * What the name of every key begins with. Two prefixes are two stores, unless one is the other with more behind it.
   * Default `'session:'`.
   */
  readonly prefix?: string
}

/** How often a touch enters a record again because its owner has changed meanwhile. */
const MAX_ATTEMPTS = 10

/**
 * Sessions in Redis or Valkey: one server, Sentinel or Cluster, through `redis` (node-redis) or `ioredis`. The client
 * stays the application's: connect it before the first request; it is never closed. Redis expires the records by
 * itself, a minute after their deadline.
 *
 * @throws {@link SessionError} `bad_option` when the client or the prefix is none.
 */
export function redisStore(client: RedisClient, options: RedisStoreOptions = {}): Required<Omit<Store, 'sweep'>> {
  const { prefix = 'session:' } = options
  if (typeof prefix !== 'string' || !prefix.isWellFormed())
    throw new SessionError('bad_option', 'the prefix of redisStore() must be a text')
  const connection = redisConnection(client)
  const index = ownerIndex(connection, prefix)
  let used = false

  async function run(script: RedisScript, id: string, ...args: string[]): Promise<readonly unknown[]> {
    const reply = await runScript(connection, script, prefix + id, ...args)
    checkOnce()
    return Array.isArray(reply) ? reply : []
  }

  /** The live or dead record; null when there is none. */
  async function load(id: string): Promise<StoredRecord | null> {
    const key = prefix + id
    try {
      return recordOf(
        await (connection.read === undefined
          ? runScript(connection, READ, key, 'HMGET', ...FIELDS)
          : connection.read(key, 'HMGET', key, ...FIELDS)),
      )
    } catch (error) {
      if (isWrongType(error)) return null
      throw error
    }
  }

  /** Behind the first answer, so that no request waits for it. */
  function checkOnce(): void {
    if (used) return
    used = true
    void warnOfEviction(connection).catch(() => {})
  }

  /** What a script answers when a record has left an index. */
  function leave(id: string, [, owner, tag]: readonly unknown[]): void {
    if (typeof owner === 'string' && typeof tag === 'string') index.leave(owner, id, tag)
  }

  async function updateAs(
    mode: 'anonymous' | 'owned' | 'indexed',
    { id, expected, version, record, now }: Change,
    entry?: IndexEntry,
  ): Promise<readonly unknown[]> {
    const { expiresAt, owner = '' } = record
    const fields = fieldsOf(version, record, entry)
    return run(UPDATE, id, `${now}`, version, lapsesAt(expiresAt), expected, `${expiresAt}`, owner, mode, ...fields)
  }

  return {
    name: 'Redis',
    async read(id, now) {
      const record = await load(id)
      checkOnce()
      return record !== null && record.expiresAt > now ? record : null
    },

    async create(id, record, now) {
      const { expiresAt, owner } = record
      const version = newVersion()
      const entry = owner === undefined ? undefined : await index.enter(owner, id, expiresAt, now)
      const fields = fieldsOf(version, record, entry)
      const mode = entry === undefined ? 'anonymous' : 'indexed'
      const [outcome] = await run(CREATE, id, `${now}`, version, lapsesAt(expiresAt), mode, ...fields)
      if (outcome === 'written') return { version }
      leave(id, [outcome, owner, entry?.tag])
      return null
    },

    async update(id, expected, record, now) {
      const { expiresAt, owner } = record
      const change = { id, expected: String(expected), version: newVersion(), record, now }
      let entry: IndexEntry | undefined
      let reply = await updateAs(owner === undefined ? 'anonymous' : 'owned', change)
      if (reply[0] === 'index' && owner !== undefined) {
        entry = await index.enter(owner, id, expiresAt, now)
        reply = await updateAs('indexed', change, entry)
      }
      const [outcome] = reply
      if (outcome === 'written') {
        leave(id, reply)
        return { version: change.version }
      }
      leave(id, [outcome, owner, entry?.tag])
      return outcome === 'conflict' ? 'conflict' : 'gone'
    },

    async touch(id, expiresAt, now) {
      const times = [`${now}`, `${expiresAt}`, lapsesAt(expiresAt)]
      let reply = await run(TOUCH, id, ...times)
      for (let attempt = 0; reply[0] === 'index'; attempt++) {
        if (attempt === MAX_ATTEMPTS) throw new SessionError('too_busy', 'its owner changed again and again')
        const owner = String(reply[1])
        const entry = await index.enter(owner, id, expiresAt, now)
        reply = await run(TOUCH, id, ...times, owner, ...entryFields(entry))
      }
      return reply[0] === 'touched'
    },

    async delete(id) {
      const reply = await run(DELETE, id, '0')
      leave(id, reply)
      return reply[0] === 'deleted'
    },

    list({ owner } = {}) {
      return owner === undefined ? listAll(connection, prefix, load) : listOwned(index, owner, load)
    },

    /** Does nothing: the client is the application's. */
    async close() {},
  }
}

interface Change {
  readonly id: string
  readonly expected: string
  readonly version: string
  readonly record: RecordInput
  readonly now: number
}

/** When Redis removes the key, by its own clock. */
function lapsesAt(expiresAt: number): string {
  return `${Math.ceil(expiresAt) + SKEW}`
}
