import { createConnection as createCallbackConnection, createPool as createCallbackPool } from 'mysql2'
import { createConnection, createPool } from 'mysql2/promise'
import type { MysqlClient } from '../../src/stores/mysql.ts'

/** A client of MySQL or MariaDB and how to end it. */
export interface Connected {
  readonly client: MysqlClient
  readonly close: () => Promise<void>
}

/** Every client the store takes, by name. */
export const mysqlClients: Readonly<Record<string, (url: string) => Promise<Connected>>> = {
  'mysql2 pool': async (uri) => {
    const client = createPool({ uri })
    return { client, close: () => client.end() }
  },
  'mysql2 connection': async (uri) => {
    const client = await createConnection({ uri })
    return { client, close: () => client.end() }
  },
  'mysql2 pool with callbacks, -FOUND_ROWS': async (uri) => {
    const client = createCallbackPool({ uri, flags: ['-FOUND_ROWS'], namedPlaceholders: true, bigNumberStrings: true })
    return { client, close: () => client.promise().end() }
  },
  'mysql2 connection with callbacks': async (uri) => {
    const client = createCallbackConnection({ uri })
    return { client, close: () => client.promise().end() }
  },
}
