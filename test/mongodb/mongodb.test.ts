/** What the store keeps beyond the cases of the kit: its commands, its indexes, and documents that are not its own. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, suite, test } from 'node:test'
import { runInNewContext } from 'node:vm'
import { BSON, type Collection, type Document, MongoClient } from 'mongodb'
import { SessionError } from '../../src/errors.ts'
import { mongodbIndexCommands, mongodbStore } from '../../src/stores/mongodb.ts'
import { startFerretdb } from '../servers/index.ts'
import { until } from '../servers/processes.ts'
import { mongodbServer } from './mongodb-server.ts'

const server = await mongodbServer()
const client = new MongoClient(server.atomicUrl)
const db = client.db(`coatcheck-${process.pid}`)
const warnings: Error[] = []
process.on('warning', (warning) => warnings.push(warning))

const listeners: MongoClient[] = []

after(async () => {
  for (const listener of listeners) await listener.close()
  await db.dropDatabase()
  await client.close()
  await server.stop()
})

const NOW = Date.now()
const record = { payload: 'payload', expiresAt: NOW + 60_000, owner: 'ada' }
const idOf = (n: number): string => String(n).padStart(64, '0')
let collections = 0
const newCollection = (): Collection => db.collection(`sessions ${++collections}`)

/** A client that tells of every command it sends, but for those of the driver itself. */
function listening(options = '', base = server.atomicUrl): { readonly client: MongoClient; readonly sent: Document[] } {
  const url = base + (base.includes('?') ? '&' : '?') + options
  const told = new MongoClient(url, { monitorCommands: true })
  listeners.push(told)
  const sent: Document[] = []
  told.on('commandStarted', ({ command, commandName }) => {
    if (commandName !== 'endSessions') sent.push(command)
  })
  return { client: told, sent }
}

const namesOf = (commands: readonly Document[]) => commands.map((command) => Object.keys(command)[0])
const indexesOf = async (collection: Collection) => (await collection.indexes()).map(({ key }) => Object.keys(key)[0])
const isError = (code: string) => (error: unknown) => error instanceof SessionError && error.code === code

suite(`mongodb store on ${server.label}`, () => {
  test('P9 a verb is one command, acknowledged by a majority and its journal', async () => {
    const { client: told, sent } = listening()
    const store = mongodbStore({ db: told.db(db.databaseName), collection: 'told' }, { createIndexes: false })
    const created = await store.create(idOf(1), record, NOW)
    assert.ok(created)
    assert.ok(await store.read(idOf(1), NOW))
    assert.notEqual(await store.update(idOf(1), created.version, record, NOW), 'conflict')
    assert.equal(await store.touch(idOf(1), NOW + 90_000, NOW), true)
    assert.equal(await store.delete(idOf(1)), true)

    assert.deepEqual(namesOf(sent), ['insert', 'find', 'update', 'update', 'delete'])
    for (const { writeConcern } of sent.filter((command) => !('find' in command)))
      assert.deepEqual({ w: writeConcern.w, j: writeConcern.j }, { w: 'majority', j: true })
  })

  test('P3 every read is for the primary, whatever the client prefers', async () => {
    // A driver only asks for more than any server where it believes that there are several.
    await using member = await startFerretdb({ replicaSet: 'rs' })
    const { client: told, sent } = listening('readPreference=secondaryPreferred', member.url)
    await told.db().collection('own').findOne()
    assert.match(JSON.stringify(sent), /secondaryPreferred/, 'the client does prefer them')
    sent.length = 0
    const store = mongodbStore({ db: told.db() }, { createIndexes: false })
    await store.read(idOf(1), NOW)
    await store.update(idOf(1), 'v', record, NOW)
    await Array.fromAsync(store.list())
    await store.sweep(NOW, { records: 1, ms: 1 })
    await told.close()
    assert.deepEqual(namesOf(sent), ['find', 'update', 'find', 'find', 'find'])
    assert.doesNotMatch(JSON.stringify(sent), /secondary/)
  })

  test('a write concern of the application is kept, but for one that acknowledges nothing', async () => {
    const { client: told, sent } = listening('w=1')
    const collection = told.db(db.databaseName).collection('told')
    await mongodbStore(collection, { createIndexes: false }).delete(idOf(1))
    const { w = 1, j }: { readonly w?: unknown; readonly j?: unknown } = sent[0]?.['writeConcern'] ?? {}
    assert.deepEqual({ w, j }, { w: 1, j: undefined })
    const other = told.db(db.databaseName).collection('told', { writeConcern: { w: 0 } })
    assert.throws(() => mongodbStore(other), isError('bad_option'))
    const timed = listening('wtimeoutMS=700')
    await mongodbStore({ db: timed.client.db(db.databaseName) }, { createIndexes: false }).delete(idOf(1))
    assert.deepEqual(timed.sent[0]?.['writeConcern'], { w: 'majority', j: true, wtimeout: 700 })
  })

  test('takes no other object for a collection', () => {
    for (const wrong of [undefined, null, {}, client, { db: client }, { db: {} }, 'mongodb://h/d'])
      // @ts-expect-error What the types forbid, JavaScript may try.
      assert.throws(() => mongodbStore(wrong), isError('bad_option'))
  })

  test('P8 indexes are made behind the first answer, and again by a sweep once the collection was dropped', async () => {
    const collection = newCollection()
    const store = mongodbStore(collection)
    const created = await store.create(idOf(1), record, NOW)
    assert.ok(created)
    const both = async () => {
      const made = await indexesOf(collection)
      return made.includes('expiresAt') && made.includes('owner')
    }
    await until('both indexes are there', both)
    await collection.drop()
    assert.equal(await store.read(idOf(1), NOW), null)
    assert.equal(await store.update(idOf(1), created.version, record, NOW), 'gone')
    assert.equal(await store.touch(idOf(1), NOW + 90_000, NOW), false)
    assert.equal(await store.delete(idOf(1)), false)
    assert.ok(await store.create(idOf(1), record, NOW))
    assert.deepEqual(await store.sweep(NOW, { records: 10, ms: 10 }), { removed: 0, more: false })
    await until('both indexes are back', both)
  })

  test('P8 where the server has no TTL index, a warning says so, once for all stores; where it has one, it is used', async () => {
    const collection = newCollection()
    await mongodbStore(collection).read(idOf(1), NOW)
    await mongodbStore(collection).read(idOf(1), NOW)
    await until('the index on deadlines is there', async () => (await indexesOf(collection)).includes('expiresAt'))
    const made = (await collection.indexes()).find(({ key }) => 'expiresAt' in key)
    assert.equal(made?.expireAfterSeconds, server.genuine ? 60 : undefined)
    const told = warnings.filter((warning) => 'code' in warning && warning.code === 'COATCHECK_NO_TTL')
    assert.equal(told.length, server.genuine ? 0 : 1)
    if (!server.genuine) assert.match(told[0]?.message ?? '', /"expireAfterSeconds" is not implemented.*sweepEvery/)
  })

  test('with createIndexes: false none is made, and the printed commands make the same ones', async () => {
    const { client: told, sent } = listening()
    const collection = told.db(db.databaseName).collection('by migration')
    const store = mongodbStore(collection, { createIndexes: false })
    await store.create(idOf(1), record, NOW)
    await store.sweep(NOW, { records: 10, ms: 10 })
    assert.deepEqual(namesOf(sent), ['insert', 'find'])

    const printed = mongodbIndexCommands('by migration').split('\n')
    const results = await Promise.allSettled(printed.map((line) => runInShell(line)))
    await mongodbStore(collection).read(idOf(1), NOW)
    await until('the store has made its own', () => sent.filter((each) => 'createIndexes' in each).length >= 4)
    const wanted = sent
      .filter((each) => 'createIndexes' in each)
      .map(({ createIndexes, indexes }) => JSON.stringify([createIndexes, indexes]))
    assert.deepEqual(new Set(wanted.slice(0, 2)), new Set(wanted.slice(2, 4)))
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, server.genuine ? 2 : 1)
    assert.match(mongodbIndexCommands('a"b'), /^db\.getCollection\("a\\"b"\)\.createIndex/)
    const page = new URL('../../docs/stores/mongodb.md', import.meta.url)
    assert.ok(readFileSync(page, 'utf8').includes(`\n${mongodbIndexCommands()}\n`), 'as its page shows them')

    /** What the shell does with a line. */
    async function runInShell(line: string): Promise<unknown> {
      const shell = { getCollection: (name: string) => told.db(db.databaseName).collection(name) }
      return await runInNewContext(line, { db: shell })
    }
  })

  test('a record above 16 MiB is refused before it is sent, counted in bytes; one just below is taken', async () => {
    const { client: told, sent } = listening()
    const store = mongodbStore({ db: told.db(db.databaseName), collection: 'large' }, { createIndexes: false })
    const most = 16 * 1024 * 1024 - 1024
    const largest = { ...record, payload: 'ü'.repeat((most - 4) / 2), owner: 'adas' }
    const larger = { ...largest, payload: `${largest.payload}x` }
    await assert.rejects(store.create(idOf(1), larger, NOW), isError('record_too_large'))
    await assert.rejects(store.update(idOf(1), 'v', larger, NOW), isError('record_too_large'))
    assert.deepEqual(namesOf(sent), [])
    assert.ok(await store.create(idOf(1), largest, NOW))
    const size = BSON.calculateObjectSize(sent[0]?.['documents'][0])
    assert.ok(size <= 16 * 1024 * 1024 && size > 16 * 1024 * 1024 - 1024, `${size} bytes`)
  })

  test('documents of another program are absent for every verb, and left alone', async () => {
    const collection = db.collection<{ _id: string; [field: string]: unknown }>(`sessions ${++collections}`)
    const foreign = [
      { _id: idOf(1), text: 'no record' },
      { _id: idOf(2), version: 'v', expiresAt: NOW + 60_000, payload: 'a number for a deadline' },
      { _id: idOf(3), version: 7, expiresAt: new Date(NOW + 60_000), payload: 'a number for a version' },
      { _id: idOf(4), version: 'v', expiresAt: new Date(NOW + 60_000), payload: { no: 'text' } },
      { _id: 'sid-5', expires: new Date(NOW - 60_000), session: '{"cookie":{}}' },
    ]
    const unlisted = { _id: 'sid-6', version: 'v', expiresAt: new Date(NOW + 60_000), payload: 'no ID of ours' }
    await collection.insertMany([...foreign, unlisted])
    const store = mongodbStore(collection)
    for (const { _id } of foreign) {
      assert.equal(await store.read(_id, NOW), null, _id)
      assert.equal(await store.create(_id, record, NOW), null, _id)
      assert.equal(
        (await store.update(_id, 'other', record, NOW)) === 'gone' || _id === idOf(3) || _id === idOf(4),
        true,
      )
    }
    await store.create(idOf(9), record, NOW)
    assert.deepEqual(
      (await Array.fromAsync(store.list())).map(({ id }) => id),
      [idOf(9)],
    )
    assert.deepEqual(await store.sweep(NOW, { records: 10, ms: 1000 }), { removed: 0, more: false })
    assert.deepEqual(await collection.find({ _id: { $ne: idOf(9) } }).toArray(), [...foreign, unlisted])
  })

  test('a deadline that no Date can hold is the last that one can, and a fraction of a millisecond is cut off', async () => {
    const store = mongodbStore(newCollection())
    await store.create(idOf(1), { ...record, expiresAt: Number.MAX_SAFE_INTEGER }, NOW)
    assert.equal((await store.read(idOf(1), NOW))?.expiresAt, 8_640_000_000_000_000)
    await store.create(idOf(2), { ...record, expiresAt: NOW + 1.75 }, NOW)
    assert.equal((await store.read(idOf(2), NOW + 0.5))?.expiresAt, NOW + 1)
    assert.equal(await store.touch(idOf(2), NOW + 9, NOW + 1.5), false)
  })

  test('how the collection reads documents for the application does not matter', async () => {
    const { collectionName } = newCollection()
    for (const options of [{ raw: true }, { promoteValues: false }, { ignoreUndefined: true }, { useBigInt64: true }]) {
      const store = mongodbStore(db.collection(collectionName, options))
      const made = await store.create(idOf(1), record, NOW)
      assert.deepEqual(await store.read(idOf(1), NOW), { ...record, ...made }, JSON.stringify(options))
      assert.deepEqual(
        (await Array.fromAsync(store.list({ owner: 'ada' }))).map(({ id }) => id),
        [idOf(1)],
      )
      assert.equal(await store.update(idOf(1), 'other', record, NOW), 'conflict')
      assert.equal((await store.sweep(NOW + 60_000, { records: 10, ms: 1000 })).removed, 1)
    }
  })
})
