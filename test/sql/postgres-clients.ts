import { Client, Pool } from 'pg'
import postgres from 'postgres'
import type { PostgresClient } from '../../src/stores/postgres.ts'

/** A client of PostgreSQL and how to end it. */
export interface Connected {
  readonly client: PostgresClient
  readonly close: () => Promise<void>
}

/** Every client the store takes, by name. */
export const postgresClients: Readonly<Record<string, (url: string) => Promise<Connected>>> = {
  'pg Pool': async (connectionString) => {
    const client = new Pool({ connectionString })
    client.on('error', ignoreEnd)
    return { client, close: () => client.end() }
  },
  'pg Client': async (connectionString) => {
    const client = new Client({ connectionString })
    client.on('error', ignoreEnd)
    await client.connect()
    return { client, close: () => client.end() }
  },
  postgres: async (url) => {
    const client = postgres(url, { onnotice: () => {} })
    return { client, close: () => client.end() }
  },
  'postgres, prepare: false': async (url) => {
    const client = postgres(url, { onnotice: () => {}, prepare: false })
    return { client, close: () => client.end() }
  },
}

/** A connection may still be closing when the server stops, and then says so outside of any call. */
export function ignoreEnd(): void {}
