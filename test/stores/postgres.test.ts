import { after, test } from 'node:test'
import { postgresStore } from '../../src/stores/postgres.ts'
import { runStoreCases } from '../../src/testing/index.ts'
import { startPgbouncer, startPostgres } from '../servers/index.ts'
import { postgresClients } from '../sql/postgres-clients.ts'

const server = await startPostgres({ config: { fsync: 'off', synchronous_commit: 'off' } })
const pooler = await startPgbouncer(server)
const setups = [
  { name: 'pg Pool', url: server.url },
  { name: 'pg Client', url: server.url },
  { name: 'postgres', url: server.url },
  { name: 'pg Pool', url: pooler.url },
  { name: 'postgres, prepare: false', url: pooler.url },
]
const closing: (() => Promise<void>)[] = []
let tables = 0

for (const { name, url } of setups) {
  const [first, second] = await Promise.all([postgresClients[name]?.(url), postgresClients[name]?.(url)])
  if (first === undefined || second === undefined) throw new Error(`no client ${name}`)
  closing.push(first.close, second.close)
  runStoreCases({
    test,
    label: `postgres, ${name}${url === pooler.url ? ', through PgBouncer' : ''}: `,
    async open(clock) {
      const options = { clock, table: `sessions ${++tables}` }
      return { store: postgresStore(first.client, options), second: async () => postgresStore(second.client, options) }
    },
  })
}

after(async () => {
  for (const close of closing) await close()
  await pooler.stop()
  await server.stop()
})
