import { after, suite, test } from 'node:test'
import { mysqlStore } from '../../src/stores/mysql.ts'
import { runStoreCases, storeCases } from '../../src/testing/index.ts'
import { startMariadb } from '../servers/index.ts'
import { mysqlClients } from '../sql/mysql-clients.ts'
import { keepMariadb } from '../tokens/dumps.ts'
import { assertNoTokens } from '../tokens/watch.ts'
import { casesOfOtherSetups } from './other-setups.ts'

const server = await startMariadb({ config: { 'innodb-flush-log-at-trx-commit': '0' } })
const closing: (() => Promise<void>)[] = []
let tables = 0

for (const [position, [name, connect]] of Object.entries(mysqlClients).entries()) {
  const [one, other] = await Promise.all([connect(server.url), connect(server.url)])
  closing.push(one.close, other.close)
  suite(`mysql, ${name}`, { concurrency: 4 }, () => {
    runStoreCases({
      test,
      cases: position === 0 ? storeCases : casesOfOtherSetups,
      async open(clock) {
        const options = { clock, table: `sessions ${++tables}` }
        const second = async () => mysqlStore(other.client, options)
        return { store: mysqlStore(one.client, options), second }
      },
    })
  })
}

test('P6 no token of all these is in the server, its files, an event or an error', async (context) => {
  await keepMariadb(server)
  context.diagnostic(assertNoTokens({ tokens: 100, bytes: 1_000_000 }))
})

after(async () => {
  for (const close of closing) await close()
  await server.stop()
})
