/**
 * One of several processes that change one record: `node contender.ts URL COLLECTION WRITERS TIMES`. It says `ready`,
 * waits for a line, and prints how many updates it was told have succeeded.
 */
import { once } from 'node:events'
import { MongoClient } from 'mongodb'
import { mongodbStore } from '../../src/stores/mongodb.ts'
import { CONTENDED } from './contention.ts'

const [url = '', collection = '', writers = '1', times = '1'] = process.argv.slice(2)
const client = new MongoClient(url)
const store = mongodbStore({ db: client.db(), collection }, { createIndexes: false })
const { id, now, expiresAt } = CONTENDED
let succeeded = 0

await store.read(id, now)
console.log('ready')
await once(process.stdin, 'data')
await Promise.all(Array.from({ length: Number(writers) }, contend))
console.log(succeeded)
process.stdin.destroy()
await client.close()

/** Add one to the number in the record, as often as that is said to have worked or not. */
async function contend(): Promise<void> {
  for (let n = 0; n < Number(times); n++) {
    const found = await store.read(id, now)
    if (found === null) throw new Error('the record is gone')
    const payload = String(Number(found.payload) + 1)
    const result = await store.update(id, found.version, { payload, expiresAt }, now)
    if (typeof result === 'object') succeeded++
  }
}
