/** Real servers on demand, for tests, benches and examples: throwaway, on loopback, gone with the process. */
export { startMariadb, type MariadbOptions } from './mariadb.ts'
export { startMemcached, type MemcachedAuth, type MemcachedOptions, type MemcachedServer } from './memcached.ts'
export { startPostgres, type PostgresOptions } from './postgres.ts'
export { startPgbouncer, type PgbouncerOptions } from './pgbouncer.ts'
export { startRedisCluster, type RedisCluster } from './redis-cluster.ts'
export { startSentinel, type RedisSentinel } from './redis-sentinel.ts'
export { startRedis, type RedisOptions, type RedisServer } from './redis.ts'
export type { Server } from './server.ts'
