import { newVersion } from './new-version.ts'
import type { Store, SweepLimit, SweepResult } from '../store.ts'
import { type MongodbTarget, mongodbConnection } from './mongodb-client.ts'
import { mongodbIndexes, SKEW_SECONDS } from './mongodb-indexes.ts'
import { dateOf, documentOf, idOf, listedOf, recordOf } from './mongodb-record.ts'

export type { MongodbCollection, MongodbDatabase, MongodbDb, MongodbTarget } from './mongodb-client.ts'

/** How {@link mongodbStore} keeps sessions. */
export interface MongodbStoreOptions {
  /**
   * Make the indexes at the first use, and again with a sweep where they are missing. Default true. With false, make
   * them with {@link mongodbIndexCommands}; the application then needs no right to.
   */
  readonly createIndexes?: boolean
}

/** Dead records that one command removes at most. */
const CHUNK = 100

/** The server's code for a document whose `_id` is taken. */
const DUPLICATE_KEY = 11000

/**
 * Sessions in a collection of MongoDB 4.4 or later, through the driver `mongodb`. The client stays the application's:
 * it is never closed. Each verb is one command on one document, outside any transaction of the application. Reads go
 * to the primary, writes wait for a majority and its journal, unless the client has a write concern of its own.
 *
 * A TTL index removes records about a minute after their deadline. Where a server has none, `sweep` does, and the
 * process gets the warning `COATCHECK_NO_TTL`.
 *
 * @throws {@link SessionError} `bad_option` for what is no collection, and for one with unacknowledged writes.
 */
export function mongodbStore(target: MongodbTarget, options: MongodbStoreOptions = {}): Required<Store> {
  const { collection, reading, writing } = mongodbConnection(target)
  const indexes = mongodbIndexes(collection)

  /** Indexes come behind an answer: a server that is away has enough of one caller. */
  async function ask<Answer>(command: Promise<Answer>): Promise<Answer> {
    const answer = await command
    if (options.createIndexes !== false) indexes.ensure()
    return answer
  }

  async function insert(id: string, version: string, record: Parameters<Store['create']>[1]): Promise<boolean> {
    try {
      await ask(collection.insertOne(documentOf(id, version, record), writing))
      return true
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === DUPLICATE_KEY) return false
      throw error
    }
  }

  /** Asked only after a command that found nothing to change. */
  async function isAlive(id: string, now: number): Promise<boolean> {
    const found = await collection.findOne({ _id: id }, { ...reading, projection: { payload: 0 } })
    const { expiresAt }: { readonly expiresAt?: unknown } = Object(found)
    return expiresAt instanceof Date && expiresAt > dateOf(now)
  }

  return {
    name: 'MongoDB',
    async read(id, now) {
      const record = recordOf(await ask(collection.findOne({ _id: id }, reading)))
      return record !== null && record.expiresAt > now ? record : null
    },

    async create(id, record, now) {
      const version = newVersion()
      if (await insert(id, version, record)) return { version }
      // The ID is taken: by a dead record that may be replaced, or by a live one.
      const { _id, ...fields } = documentOf(id, version, record)
      const { matchedCount } = await collection.replaceOne({ _id, expiresAt: { $lte: dateOf(now) } }, fields, writing)
      if (matchedCount > 0) return { version }
      // Or by one that the server has expired since.
      return (await insert(id, version, record)) ? { version } : null
    },

    async update(id, expected, record, now) {
      const version = newVersion()
      const { _id, ...fields } = documentOf(id, version, record)
      const live = { _id, version: String(expected), expiresAt: { $gt: dateOf(now) } }
      // Replaced, not changed field by field: an owner that is absent from the record goes.
      const { matchedCount } = await ask(collection.replaceOne(live, fields, writing))
      if (matchedCount > 0) return { version }
      return (await isAlive(id, now)) ? 'conflict' : 'gone'
    },

    async touch(id, expiresAt, now) {
      const live = { _id: id, expiresAt: { $gt: dateOf(now) } }
      const { matchedCount } = await ask(
        collection.updateOne(live, { $max: { expiresAt: dateOf(expiresAt) } }, writing),
      )
      return matchedCount > 0
    },

    async delete(id) {
      return (await ask(collection.deleteOne({ _id: id }, writing))).deletedCount > 0
    },

    async *list({ owner } = {}) {
      for await (const found of collection.find(owner === undefined ? {} : { owner }, reading)) {
        const record = listedOf(found)
        if (record !== null) yield record
      }
    },

    async sweep(now, limit) {
      const result = await sweepChunks(now, limit)
      // Once more, although it was done: with a collection that somebody dropped its indexes went, too.
      if (options.createIndexes !== false && !result.more) indexes.ensure(true)
      return result
    },

    /** Does nothing: the client is the application's. */
    async close() {},
  }

  async function sweepChunks(now: number, limit: SweepLimit): Promise<SweepResult> {
    const end = performance.now() + limit.ms
    const dead = { expiresAt: { $lte: dateOf(now) } }
    for (let removed = 0; ;) {
      const size = Math.min(CHUNK, limit.records - removed)
      const oldest = { ...reading, projection: { _id: 1 }, sort: { expiresAt: 1 }, limit: size }
      const ids = await Array.fromAsync(collection.find(dead, oldest), idOf)
      // The deadline once more: a visit on another clock may have moved it since.
      if (ids.length > 0) removed += (await collection.deleteMany({ ...dead, _id: { $in: ids } }, writing)).deletedCount
      if (ids.length < size) return { removed, more: false }
      if (removed >= limit.records || performance.now() >= end) return { removed, more: true }
    }
  }
}

/**
 * The commands for `mongosh` that make the indexes as {@link mongodbStore} does, for a migration or a role with more
 * rights. `collection` is its name; default `'sessions'`.
 */
export function mongodbIndexCommands(collection = 'sessions'): string {
  const target = `db.getCollection(${JSON.stringify(collection)})`
  return [
    `${target}.createIndex({ expiresAt: 1 }, { expireAfterSeconds: ${SKEW_SECONDS} })`,
    `${target}.createIndex({ owner: 1 }, { sparse: true })`,
  ].join('\n')
}
