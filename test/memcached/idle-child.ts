/** Uses a store and ends without closing it: `node idle-child.ts ADDRESS`. */
import { memcachedStore } from 'coatcheck/stores/memcached'

const store = memcachedStore(process.argv[2] ?? '')
const id = 'b'.repeat(64)
await store.create(id, { payload: 'x', expiresAt: Date.now() + 60_000 }, Date.now())
process.stdout.write(`${(await store.read(id, Date.now()))?.payload}\n`)
