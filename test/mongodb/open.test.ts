import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { inspect } from 'node:util'
import { MongoClient } from 'mongodb'
import { createSessions, SessionError } from '../../src/index.ts'
import { openStore } from '../../src/stores/open.ts'
import { mongodbServer } from './mongodb-server.ts'

const server = await mongodbServer()
const database = `coatcheck-open-${process.pid}`
const url = server.url.replace(/\/[^/?]*(\?|$)/, `/${database}$1`)
const join = url.includes('?') ? '&' : '?'
after(async () => {
  const client = new MongoClient(url)
  await client.db().dropDatabase()
  await client.close()
  await server.stop()
})

suite('openStore, mongodb:', () => {
  test('keeps sessions in the database and collection that the URL names, and closes its client', async () => {
    const store = await openStore(`${url}${join}collection=my%20visitors&maxPoolSize=3`)
    const sessions = createSessions({ store })
    const session = await sessions.open({ cookie: undefined, secure: true })
    Object.assign(session.data, { user: 'ada' })
    await sessions.commit(session)
    await sessions.close()
    await sessions.close()

    const client = new MongoClient(url)
    const found = await client.db(database).collection('my visitors').find().toArray()
    await client.close()
    assert.equal(found.length, 1)
    assert.match(String(found[0]?.['payload']), /ada/)
    await assert.rejects(store.read('0'.repeat(64), 0), { name: 'MongoNotConnectedError' })
  })

  test('refuses what it cannot read, without a word of the password', async () => {
    const urls = [
      'mongodb://u:sec/ret@h/d',
      'mongodb://u:sec%zzret@h/d',
      'mongodb://u:secret@/d',
      'mongodb://u:x@secret:port/d',
      'mongodb://h/d?authMechanism=secret',
      'mongodb://u:secret@h',
      'mongodb://u:secret@h/',
      'mongodb://u:secret@h/d?tls=secret',
      'mongodb://u:secret@h/d?createIndexes=secret',
      'mongodb+srv://u:secret@h,i/d',
    ]
    for (const each of urls)
      await assert.rejects(openStore(each), (error) => {
        assert.ok(error instanceof SessionError, `${each}: ${String(error)}`)
        assert.equal(error.code, 'bad_option')
        assert.doesNotMatch(inspect(error), /sec/)
        return true
      })
  })

  test('takes several hosts, and the names that DNS gives, without asking any of them', async () => {
    for (const each of ['mongodb://u:p@a:1,b:2/d?replicaSet=r&authSource=admin', 'mongodb+srv://u:p@a.example.org/d'])
      await (await openStore(each)).close?.()
    await assert.rejects(
      openStore('mongodb://a/d?table=x'),
      /has no parameter "table"; it has collection, createIndexes/,
    )
  })

  test('a server that is away is an error after the time to select one', async () => {
    const store = await openStore('mongodb://127.0.0.1:9/d?serverSelectionTimeoutMS=50&appName=x')
    await assert.rejects(store.read('0'.repeat(64), 0), { name: 'MongoServerSelectionError' })
    await store.close?.()
  })
})
