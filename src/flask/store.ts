import { SessionError } from '../errors.ts'
import type { Store } from '../store.ts'
import { fileStore } from '../stores/file.ts'
import { memcachedStore } from '../stores/memcached.ts'
import { mongodbStore } from '../stores/mongodb.ts'
import { nullStore } from '../stores/null.ts'
import { openStore } from '../stores/open.ts'
import { given } from '../stores/open-url.ts'
import { redisStore } from '../stores/redis.ts'
import { isMongodbClient, isRedisClient, isStore } from './clients.ts'
import { mongodbUrl, withParameters } from './database-uri.ts'
import type { FlaskSettings } from './settings.ts'
import { openSqlStore } from './sql-store.ts'
import type { SessionType } from './types.ts'

/** Says something about a key. */
export type Note = (key: string, text: string) => void

/** What `SESSION_TYPE` stands for, opened. Throws `bad_option`, naming the key. */
export async function openFlaskStore(type: SessionType, settings: FlaskSettings, note: Note): Promise<Store> {
  switch (type) {
    case 'null':
      return nullStore()
    case 'filesystem': {
      // 0 is cachelib's word for no limit; left out, live sessions are not thrown away to make room.
      const maxSessions = settings.whole('SESSION_FILE_THRESHOLD') || undefined
      return fileStore(settings.text('SESSION_FILE_DIR') ?? 'flask_session', given({ maxSessions }))
    }
    case 'cachelib':
      return openCachelib(settings)
    case 'redis':
      return openRedis(settings)
    case 'memcached':
      return openMemcached(settings)
    case 'mongodb':
      return openMongodb(settings)
    case 'sqlalchemy':
    case 'postgresql':
      return openSqlStore(type, settings, note)
    default:
      return refuse(
        'SESSION_TYPE is "dynamodb"; there is no DynamoDB store. There are filesystem, cachelib, redis, memcached, ' +
          'mongodb, sqlalchemy, postgresql and null, and a store of your own takes the contract in coatcheck/testing',
      )
  }
}

function openCachelib({ value }: FlaskSettings): Store | Promise<Store> {
  const cache = value('SESSION_CACHELIB') ?? 'file:flask_session'
  if (typeof cache === 'string') return openStore(cache)
  if (isStore(cache)) return cache
  return refuse("SESSION_CACHELIB is no store; it is a store, or the URL of one like 'file:flask_session'")
}

function openRedis({ text, value }: FlaskSettings): Store | Promise<Store> {
  const client = value('SESSION_REDIS') ?? 'redis://127.0.0.1:6379'
  const prefix = text('SESSION_KEY_PREFIX')
  if (typeof client === 'string' && /^(rediss?|redis\+(cluster|sentinel)):/i.test(client))
    return openStore(withParameters(client, { prefix }))
  if (isRedisClient(client)) return redisStore(client, given({ prefix }))
  return refuse(
    'SESSION_REDIS is no client and no URL; it is a client of redis or ioredis, or a URL that begins with redis://, ' +
      'rediss://, redis+cluster:// or redis+sentinel://',
  )
}

function openMemcached({ text, value }: FlaskSettings): Store | Promise<Store> {
  const servers = value('SESSION_MEMCACHED') ?? '127.0.0.1:11211'
  const prefix = text('SESSION_KEY_PREFIX')
  if (typeof servers === 'string' && /^memcached:/i.test(servers)) return openStore(withParameters(servers, { prefix }))
  const list: readonly unknown[] = Array.isArray(servers) ? servers : [servers]
  const names = list.filter((server) => typeof server === 'string')
  if (names.length === list.length) return memcachedStore(names, given({ prefix }))
  return refuse(
    "SESSION_MEMCACHED names no servers; it is 'memcached://HOST,HOST', 'HOST:PORT' or a list of those: the store has " +
      'its own client',
  )
}

function openMongodb({ text, value }: FlaskSettings): Store | Promise<Store> {
  const client = value('SESSION_MONGODB') ?? 'mongodb://127.0.0.1:27017'
  const database = text('SESSION_MONGODB_DB') ?? 'flask_session'
  const collection = text('SESSION_MONGODB_COLLECT') ?? 'sessions'
  if (isMongodbClient(client)) return mongodbStore(client.db(database).collection(collection))
  const url = typeof client === 'string' ? mongodbUrl(client, database) : undefined
  if (url !== undefined) return openStore(withParameters(url, { collection }))
  return refuse('SESSION_MONGODB is no client and no URL; it is a MongoClient of mongodb, or mongodb://HOST')
}

function refuse(detail: string): never {
  throw new SessionError('bad_option', detail)
}
