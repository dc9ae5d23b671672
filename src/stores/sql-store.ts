import { type Clock, systemClock } from '../runtime/clock.ts'
import { SessionError } from '../errors.ts'
import { newVersion } from './new-version.ts'
import type { ListedRecord, RecordInput, Store, StoredRecord, SweepLimit, SweepResult } from '../store.ts'
import type { SqlDialect, SqlRow, SqlValue } from './sql-dialect.ts'
import { sqlRunner } from './sql-run.ts'

/** The smallest and largest page of a listing, in records, and the bytes a page should have at most. */
const PAGE = { least: 16, most: 512, bytes: 2 * 1024 * 1024 }

/**
 * Dead records that one statement removes at first, at least and at most. At least, because on a busy machine a chunk
 * is slow whatever its size: one that went on halving came down to single records, 27 a second instead of thousands.
 */
const CHUNK = { first: 64, least: 16, most: 1024 }

/** How long a deadlock or a locked database is worth another try, in ms: what the core's time limit is by default. */
const PATIENCE = 5000

/** What a database cannot know of itself. */
export interface SqlStoreTime {
  readonly clock?: Clock | undefined
  /** Milliseconds to go on trying while the database is locked. */
  readonly patience?: number
}

/** The one algorithm for every SQL database: in the good case, each verb is one statement. */
export function sqlStore(dialect: SqlDialect, time: SqlStoreTime = {}): Required<Store> {
  const { clock = systemClock, patience = PATIENCE } = time
  const { statements } = dialect
  const run = sqlRunner(dialect, clock, patience)
  let chunk = CHUNK.first
  let from = 0

  const query = (sql: string, ...values: SqlValue[]): Promise<readonly SqlRow[]> =>
    run(() => dialect.query(sql, values.map(whole)))

  async function change(sql: string, ...values: SqlValue[]): Promise<number> {
    try {
      return await run(() => dialect.change(sql, values.map(whole)))
    } catch (error) {
      if (dialect.faultOf(error) !== 'too-large') throw error
      throw new SessionError('record_too_large', `${dialect.server} refused its size: keep less in the session`, {
        cause: error,
      })
    }
  }

  async function insert(id: string, fields: readonly SqlValue[]): Promise<boolean> {
    try {
      return (await change(statements.insert, id, ...fields)) > 0
    } catch (error) {
      if (dialect.faultOf(error) === 'duplicate') return false
      throw error
    }
  }

  async function isAlive(id: string, now: number): Promise<boolean> {
    return (await query(statements.alive, id, now)).length > 0
  }

  function fieldsOf(version: string, { expiresAt, owner, payload }: RecordInput): readonly SqlValue[] {
    return [version, expiresAt, owner === undefined ? null : dialect.bind(owner), dialect.bind(payload)]
  }

  async function sweepChunks(now: number, limit: SweepLimit): Promise<SweepResult> {
    const end = performance.now() + limit.ms
    for (let removed = 0; ;) {
      const size = Math.min(chunk, limit.records - removed)
      const start = performance.now()
      const { removed: found, last = 0 } = await run(() => dialect.sweep(Math.floor(now), from, size))
      const took = performance.now() - start
      // Payloads decide what a record costs, so the size follows the time: a small one may double after a fast chunk.
      if (took > dialect.chunkMs) chunk = Math.max(Math.floor(chunk / 2), CHUNK.least)
      else if (took < dialect.chunkMs / 2) chunk = Math.min(chunk * 2, CHUNK.most)
      removed += found
      // What this misses (records locked just now, or made with a deadline long past) the next sweep finds.
      from = found < size ? 0 : last
      if (found < size) return { removed, more: false }
      if (removed >= limit.records || performance.now() >= end) return { removed, more: true }
      // SQLite's drivers hold up the event loop while they work: others get their turn between two chunks.
      await clock.sleep(0)
    }
  }

  return {
    name: dialect.server,
    async read(id, now) {
      const [row] = await query(statements.read, id, now)
      return row === undefined ? null : recordOf(row)
    },

    async create(id, record, now) {
      const version = newVersion()
      const fields = fieldsOf(version, record)
      const created =
        (await insert(id, fields)) ||
        // The ID is taken: by a dead record that may be replaced, or by a live one.
        (await change(statements.replaceDead, ...fields, id, now)) > 0 ||
        // Or by one that a sweep has removed since.
        (await insert(id, fields))
      return created ? { version } : null
    },

    async update(id, expected, record, now) {
      const version = newVersion()
      const changed = await change(statements.update, ...fieldsOf(version, record), id, String(expected), now)
      if (changed > 0) return { version }
      return (await isAlive(id, now)) ? 'conflict' : 'gone'
    },

    async touch(id, expiresAt, now) {
      // No row: dead, or already as late as that. Every row that is found is changed, so that it does not matter
      // whether a MySQL client counts found rows or changed ones.
      return (await change(statements.touch, expiresAt, id, now, expiresAt)) > 0 || isAlive(id, now)
    },

    async delete(id) {
      return (await change(statements.remove, id)) > 0
    },

    async *list(filter) {
      const { owner } = filter ?? {}
      const owned =
        owner === undefined
          ? undefined
          : Array.from({ length: statements.ownerPlaceholders }, () => dialect.bind(owner))
      let size = PAGE.least
      for (let after = ''; ;) {
        const rows = await (owned === undefined
          ? query(statements.list(size), after)
          : query(statements.listOwned(size), ...owned, after))
        let bytes = 0
        for (const row of rows) {
          const record = listedOf(row)
          bytes += record.size
          after = record.id
          yield record
        }
        if (rows.length < size) return
        // Records of 16 MiB must not come by the hundred, nor small ones one by one.
        if (bytes < PAGE.bytes / 2) size = Math.min(size * 2, PAGE.most)
        else if (bytes > PAGE.bytes) size = Math.max(Math.floor(size / 2), 1)
      }
    },

    sweep: sweepChunks,

    /** Does nothing to a client that the store was given: whoever still has the store can still use it. */
    async close() {
      await dialect.close?.()
    },
  }
}

/**
 * Columns hold whole milliseconds, a clock may give fractions. Rounding down decides `expires_at > now` as the
 * fraction would, and never lengthens a life.
 */
function whole(value: SqlValue): SqlValue {
  return typeof value === 'number' ? Math.floor(value) : value
}

// A byte order mark is the payload's own.
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

function textOf(value: unknown): string {
  return value instanceof Uint8Array ? utf8.decode(value) : String(value)
}

function recordOf([version, expiresAt, owner, payload]: SqlRow): StoredRecord {
  const record = { payload: textOf(payload), expiresAt: Number(textOf(expiresAt)), version: textOf(version) }
  return owner === null ? record : { ...record, owner: textOf(owner) }
}

function listedOf([id, version, expiresAt, owner, payload, size]: SqlRow): ListedRecord {
  return { ...recordOf([version, expiresAt, owner, payload]), id: textOf(id), size: Number(textOf(size)) }
}
