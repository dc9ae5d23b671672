/** Real servers on demand, for tests, benches and examples: throwaway, on loopback, gone with the process. */
export { startMariadb, type MariadbOptions } from './mariadb.ts'
export { startPostgres, type PostgresOptions } from './postgres.ts'
export type { Server } from './server.ts'
