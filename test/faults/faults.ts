/** Everything that happens to stores in `npm run faults`, in the order of its table. */
import { commandQueue } from '../mongodb/command-queue.ts'
import { startFerretdb, startMemcached } from '../servers/index.ts'
import { common } from './common.ts'
import { diskFaults } from './disk.ts'
import { type Bed, bedOf, type Fault } from './fault.ts'
import { redisFaults } from './redis.ts'
import { mariadbFaults, postgresFaults } from './sql.ts'

export const faults: readonly Fault[] = [
  ...diskFaults,
  ...redisFaults,
  ...postgresFaults,
  ...mariadbFaults,
  // What a killed Memcached knew is gone: its users know that, and here it is counted.
  ...common('memcached', async () => bedOf(await startMemcached()), ['kill']),
  ...common('mongodb', ferretdb),
]

/** FerretDB is a MongoDB only behind a queue: see there. */
async function ferretdb(): Promise<Bed> {
  const server = await startFerretdb()
  const queue = await commandQueue(server.url)
  return {
    server,
    url: queue.url,
    port: Number(new URL(queue.url).port),
    async [Symbol.asyncDispose]() {
      await queue.stop()
      await server.stop()
    },
  }
}
