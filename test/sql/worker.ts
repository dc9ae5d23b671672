/**
 * One of several processes on one database: makes records, changes each, reads them back, and prints how many are as
 * they should be. It says `ready` and waits for a line, so that all begin at once.
 */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { Store } from '../../src/store.ts'

const [url = '', name = '', count = '1'] = process.argv.slice(2)
const { store, end } = await open(url)
const now = Date.now()
let kept = 0

console.log('ready')
await once(process.stdin, 'data')
await Promise.all(Array.from({ length: 10 }, (_, lane) => work(lane)))
console.log(`kept ${kept}`)
process.stdin.destroy()
await end()

async function work(lane: number): Promise<void> {
  for (let n = lane; n < Number(count); n += 10) {
    const id = createHash('sha256').update(`${name}${n}`).digest('hex')
    const record = { payload: `${name} ${n}`, expiresAt: now + 3_600_000, owner: name }
    const created = await store.create(id, { ...record, payload: 'first' }, now)
    if (created === null) continue
    await store.update(id, created.version, record, now)
    const found = await store.read(id, now)
    if (found?.payload === record.payload && found.owner === name) kept++
  }
}

/** Only the client that is asked for is loaded: ten processes start at once on two cores. */
async function open(from: string): Promise<{ readonly store: Store; readonly end: () => Promise<void> }> {
  if (from.startsWith('postgres:')) {
    const [{ Pool }, { postgresStore }] = await Promise.all([import('pg'), import('../../src/stores/postgres.ts')])
    const pool = new Pool({ connectionString: from, max: 5 })
    return { store: postgresStore(pool), end: () => pool.end() }
  }
  if (from.startsWith('mysql:')) {
    const [mysql2, { mysqlStore }] = await Promise.all([import('mysql2/promise'), import('../../src/stores/mysql.ts')])
    const pool = mysql2.createPool({ uri: from, connectionLimit: 5 })
    return { store: mysqlStore(pool), end: () => pool.end() }
  }
  if (from.startsWith('redis:')) {
    const [{ createClient }, { redisStore }] = await Promise.all([import('redis'), import('../../src/stores/redis.ts')])
    const client = await createClient({ url: from }).connect()
    return { store: redisStore(client), end: () => client.close() }
  }
  const { sqliteStore } = await import('../../src/stores/sqlite.ts')
  const own = sqliteStore(from)
  return { store: own, end: () => own.close() }
}
