import { after, suite, test } from 'node:test'
import { postgresStore } from '../../src/stores/postgres.ts'
import { runStoreCases, storeCases } from '../../src/testing/index.ts'
import { startPgbouncer, startPostgres } from '../servers/index.ts'
import { postgresClients } from '../sql/postgres-clients.ts'
import { keepPostgres } from '../tokens/dumps.ts'
import { assertNoTokens } from '../tokens/watch.ts'
import { casesOfOtherSetups } from './other-setups.ts'

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

for (const [position, { name, url }] of setups.entries()) {
  const [one, other] = await Promise.all([postgresClients[name]?.(url), postgresClients[name]?.(url)])
  if (one === undefined || other === undefined) throw new Error(`no client ${name}`)
  closing.push(one.close, other.close)
  suite(`postgres, ${name}${url === pooler.url ? ', through PgBouncer' : ''}`, { concurrency: 4 }, () => {
    runStoreCases({
      test,
      cases: position === 0 ? storeCases : casesOfOtherSetups,
      async open(clock) {
        const options = { clock, table: `sessions ${++tables}` }
        const second = async () => postgresStore(other.client, options)
        return { store: postgresStore(one.client, options), second }
      },
    })
  })
}

test('P6 no token of all these is in the server, its files, an event or an error', async (context) => {
  await keepPostgres(server)
  context.diagnostic(assertNoTokens({ tokens: 100, bytes: 1_000_000 }))
})

after(async () => {
  for (const close of closing) await close()
  await pooler.stop()
  await server.stop()
})
