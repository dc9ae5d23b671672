/** A connection that breaks under a read, on real servers: the visitor notices nothing; under a write: an error. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createSessions } from '../../src/index.ts'
import type { SessionEvents } from '../../src/index.ts'
import { openStore } from '../../src/stores/open.ts'
import { startMariadb, startMemcached, startPostgres } from '../servers/index.ts'
import { until } from '../servers/processes.ts'
import { startRelay } from '../relay/relay.ts'

/** Not Redis: ioredis sends again by itself, and node-redis refuses everything until it is connected again. */
const SERVERS = { postgres: startPostgres, mysql: startMariadb, memcached: startMemcached }

suite('a connection that breaks, on a real server', { concurrency: 2 }, () => {
  for (const [kind, start] of Object.entries(SERVERS))
    test(`${kind}: under a read it is read again, under a write the response is an error`, async (t) => {
      await using server = await start()
      await using relay = await startRelay(server.port)
      const store = await openStore(server.url.replace(`:${server.port}`, `:${relay.port}`))
      const sessions = createSessions<{ user?: string }>({
        store,
        storeTimeout: '30s',
        cookie: { secure: false },
        sweepEvery: false,
      })
      // A failing test, too, must let go of the server, or its file never ends.
      t.after(() => sessions.close().catch(() => undefined))
      const told: SessionEvents['storeError'][] = []
      sessions.on('storeError', (event) => told.push(event))
      const arriving = await sessions.open({ cookie: undefined, secure: false })
      arriving.data.user = 'ada'
      const [line = ''] = (await sessions.commit(arriving)).setCookie
      const visit = { cookie: line.split(';')[0], secure: false }

      const before = relay.connections()
      relay.next('cut after')
      assert.deepEqual((await sessions.open(visit)).data, { user: 'ada' })
      assert.deepEqual(
        told.map(({ operation, retried }) => [operation, retried]),
        [['read', true]],
      )
      assert.ok(relay.connections() > before)

      const session = await sessions.open(visit)
      session.data.user = 'eve'
      relay.next('cut after')
      await assert.rejects(Promise.resolve(sessions.commit(session)), { code: 'store_failed' })
      assert.deepEqual([told.at(-1)?.operation, told.at(-1)?.retried], ['update', false])
      // Whether the server did it nobody knows: that is why it is not done again. The session lives either way.
      await until('the store is there again', async () => (await sessions.health()).ok)
      assert.match(String((await sessions.open(visit)).data.user), /^(?:ada|eve)$/)
    })
})
