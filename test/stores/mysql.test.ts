import { after, suite, test } from 'node:test'
import { mysqlStore } from '../../src/stores/mysql.ts'
import { runStoreCases } from '../../src/testing/index.ts'
import { startMariadb } from '../servers/index.ts'
import { mysqlClients } from '../sql/mysql-clients.ts'

const server = await startMariadb({ config: { 'innodb-flush-log-at-trx-commit': '0' } })
const closing: (() => Promise<void>)[] = []
let tables = 0

for (const [name, connect] of Object.entries(mysqlClients)) {
  const [one, other] = await Promise.all([connect(server.url), connect(server.url)])
  closing.push(one.close, other.close)
  suite(`mysql, ${name}`, { concurrency: 4 }, () => {
    runStoreCases({
      test,
      async open(clock) {
        const options = { clock, table: `sessions ${++tables}` }
        const second = async () => mysqlStore(other.client, options)
        return { store: mysqlStore(one.client, options), second }
      },
    })
  })
}

after(async () => {
  for (const close of closing) await close()
  await server.stop()
})
