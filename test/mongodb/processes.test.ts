import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, suite, test } from 'node:test'
import { MongoClient } from 'mongodb'
import { mongodbStore } from '../../src/stores/mongodb.ts'
import { mongodbServer } from './mongodb-server.ts'

const PROCESSES = 10
const SESSIONS = 10

const server = await mongodbServer()
const client = new MongoClient(server.url)
const collection = client.db().collection(`coatcheck-crowd-${process.pid}`)
after(async () => {
  await collection.drop()
  await client.close()
  await server.stop()
})

suite(`ten processes on ${server.label}`, () => {
  test('start at once on an empty database, lose nothing, and the records go when their time has come', async () => {
    const url = `${server.url}${server.url.includes('?') ? '&' : '?'}collection=${collection.collectionName}`
    const args = [join(import.meta.dirname, '../fixtures/crowd-member.ts'), url, `${SESSIONS}`, '10m']
    const members = Array.from({ length: PROCESSES }, () =>
      spawn(process.execPath, ['--conditions=coatcheck-source', ...args]),
    )
    try {
      await Promise.all(members.map(({ stdout }) => once(stdout, 'data')))
      for (const { stdin } of members) stdin.write('go\n')
      const said = await Promise.all(members.map(({ stdout }) => text(stdout)))
      assert.deepEqual(new Set(said), new Set([`kept ${SESSIONS}\n`]))
    } finally {
      for (const member of members) member.kill('SIGKILL')
    }
    assert.equal(await collection.countDocuments(), PROCESSES * SESSIONS)
    // One TTL index or none, one on owners: ten that made them at once agree.
    assert.deepEqual(new Set((await collection.indexes()).map(({ name }) => name)).size, 3)

    const stores = Array.from({ length: PROCESSES }, () => mongodbStore(collection))
    const sweeps = stores.map((store) => store.sweep(Date.now() + 3_600_000, { records: 1000, ms: 10_000 }))
    const removed = (await Promise.all(sweeps)).reduce((sum, each) => sum + each.removed, 0)
    assert.equal(removed, PROCESSES * SESSIONS)
    assert.equal(await collection.countDocuments(), 0)
  })
})
