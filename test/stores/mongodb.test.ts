import { MongoClient } from 'mongodb'
import { after, suite, test } from 'node:test'
import { mongodbStore } from '../../src/stores/mongodb.ts'
import { runStoreCases } from '../../src/testing/index.ts'
import { mongodbServer } from '../mongodb/mongodb-server.ts'
import { keepMongodb } from '../tokens/dumps.ts'
import { assertNoTokens } from '../tokens/watch.ts'

const server = await mongodbServer()
const database = `coatcheck-${process.pid}`
const clients = [new MongoClient(server.atomicUrl), new MongoClient(server.atomicUrl)] as const
const [one, other] = clients.map((client) => client.db(database))
if (one === undefined || other === undefined) throw new Error('no client')
let collections = 0

suite(`mongodb, ${server.genuine ? 'commands as they come' : 'one command at a time'}`, { concurrency: 4 }, () => {
  runStoreCases({
    test,
    expiry: server.genuine ? 'native' : 'swept',
    async open() {
      const collection = `sessions ${++collections}`
      const second = async () => mongodbStore({ db: other, collection })
      return { store: mongodbStore({ db: one, collection }), second }
    },
  })
})

test('P6 no token of all these is in the server, an event or an error', async (context) => {
  await keepMongodb(server.url)
  context.diagnostic(assertNoTokens({ tokens: 100, bytes: 100_000 }))
})

after(async () => {
  await one.dropDatabase()
  for (const client of clients) await client.close()
  await server.stop()
})
