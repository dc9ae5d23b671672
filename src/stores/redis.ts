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

  function run(script: RedisScript, id: string, args: readonly string[]): Promise<unknown> {
    return checkedOnce(runScript(connection, script, prefix + id, args))
  }

  /** The live or dead record; null when there is none. */
  function load(id: string): Promise<StoredRecord | null> {
    const key = prefix + id
    const reply = connection.read
      ? connection.read(key, ['HMGET', key, ...FIELDS])
      : runScript(connection, READ, key, ['HMGET', ...FIELDS])
    return checkedOnce(reply.then(recordOf, noRecord))
  }

  /** Behind the first answer, so that no request waits for it. */
  function checkedOnce<Answer>(answer: Promise<Answer>): Promise<Answer> {
    if (used) return answer
    return answer.then((first) => {
      if (!used) void warnOfEviction(connection).catch(() => {})
      used = true
      return first
    })
  }

  /** What a script answers when a record has left an index. */
  function leave(id: string, [, owner, tag]: readonly unknown[]): void {
    if (typeof owner === 'string' && typeof tag === 'string') index.leave(owner, id, tag)
  }

  function updateAs(mode: Mode, { id, expected, version, record, now }: Change, entry?: IndexEntry): Promise<unknown> {
    const { expiresAt, owner = '' } = record
    const fields = fieldsOf(version, record, entry)
    return run(UPDATE, id, [`${now}`, version, lapsesAt(expiresAt), expected, `${expiresAt}`, owner, mode, ...fields])
  }

  return {
    name: 'Redis',
    async read(id, now) {
      const record = await load(id)
      return record !== null && record.expiresAt > now ? record : null
    },

    async create(id, record, now) {
      const { expiresAt, owner } = record
      const version = newVersion()
      const entry = owner === undefined ? undefined : await index.enter(owner, id, expiresAt, now)
      const fields = fieldsOf(version, record, entry)
      const mode = entry === undefined ? 'anonymous' : 'indexed'
      const reply = await run(CREATE, id, [`${now}`, version, lapsesAt(expiresAt), mode, ...fields])
      const [outcome] = listed(reply)
      if (outcome === 'written') return { version }
      leave(id, [outcome, owner, entry?.tag])
      return null
    },

    async update(id, expected, record, now) {
      const { expiresAt, owner } = record
      const change = { id, expected: String(expected), version: newVersion(), record, now }
      let entry: IndexEntry | undefined
      let reply = listed(await updateAs(owner === undefined ? 'anonymous' : 'owned', change))
      if (reply[0] === 'index' && owner !== undefined) {
        entry = await index.enter(owner, id, expiresAt, now)
        reply = listed(await updateAs('indexed', change, entry))
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
      let reply = listed(await run(TOUCH, id, times))
      for (let attempt = 0; reply[0] === 'index'; attempt++) {
        if (attempt === MAX_ATTEMPTS) throw new SessionError('too_busy', 'its owner changed again and again')
        const owner = String(reply[1])
        const entry = await index.enter(owner, id, expiresAt, now)
        reply = listed(await run(TOUCH, id, [...times, owner, ...entryFields(entry)]))
      }
      return reply[0] === 'touched'
    },

    async delete(id) {
      const reply = listed(await run(DELETE, id, ['0']))
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

/** How a record is in the index of its owner: not at all, as it was, or as entered a moment ago. */
type Mode = 'anonymous' | 'owned' | 'indexed'

interface Change {
  readonly id: string
  readonly expected: string
  readonly version: string
  readonly record: RecordInput
  readonly now: number
}

function listed(reply: unknown): readonly unknown[] {
  return Array.isArray(reply) ? reply : []
}

/** A key that is no hash is another program's. */
function noRecord(error: unknown): null {
  if (isWrongType(error)) return null
  throw error
}

/** When Redis removes the key, by its own clock. */
function lapsesAt(expiresAt: number): string {
  return `${Math.ceil(expiresAt) + SKEW}`
}
