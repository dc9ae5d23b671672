import type { Store } from '../store.ts'
import type { MongodbDb } from '../stores/mongodb.ts'
import type { MysqlClient } from '../stores/mysql.ts'
import type { PostgresClient } from '../stores/postgres.ts'
import type { RedisClient } from '../stores/redis.ts'
import type { SqliteDatabase } from '../stores/sqlite.ts'

/** Clients are told by their methods, because none of them is imported. */
export function isStore(value: unknown): value is Store {
  return offers(value, 'read', 'create', 'update', 'touch', 'delete')
}

/** A client of `redis` or `ioredis`. */
export function isRedisClient(value: unknown): value is RedisClient {
  return offers(value, 'sendCommand') || offers(value, 'call')
}

/** A `MongoClient`. */
export function isMongodbClient(value: unknown): value is { db(name: string): MongodbDb } {
  return offers(value, 'db')
}

/** A pool or connection of `mysql2`. It has `query` too, as PostgreSQL's have: ask this first. */
export function isMysqlClient(value: unknown): value is MysqlClient {
  return offers(value, 'execute') || offers(value, 'promise')
}

/** A pool or client of `pg`, or what `postgres()` gives. */
export function isPostgresClient(value: unknown): value is PostgresClient {
  return offers(value, 'query') || offers(value, 'unsafe')
}

/** A database of `node:sqlite` or `better-sqlite3`. */
export function isSqliteDatabase(value: unknown): value is SqliteDatabase {
  return offers(value, 'prepare', 'exec')
}

function offers(value: unknown, ...methods: readonly string[]): boolean {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false
  return methods.every((method) => typeof Reflect.get(value, method) === 'function')
}
