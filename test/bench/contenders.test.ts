/**
 * Whether the benchmark compares like with like: every contender on Node does what the routes say, and what the
 * servers count is what was promised. Flask's and PHP's are checked by `npm run bench -- --check`.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { contenders } from '../../bench/http/contenders.ts'
import type { Contender } from '../../bench/http/contenders.ts'
import { keptBy, visitorsOf, workOf } from '../../bench/http/measure.ts'
import { startNode } from '../../bench/http/node-process.ts'
import { watchMemcached, watchPostgres, watchRedis } from '../../bench/http/store-statistics.ts'
import type { Watch } from '../../bench/http/store-statistics.ts'
import { checkRoutes } from '../../bench/http/visitor.ts'
import { startMemcached, startPostgres, startRedis } from '../servers/index.ts'

/** Who ask once each while a store is watched. */
const VISITORS = 2

const onNode = contenders.filter(({ platform }) => platform === undefined)

suite('the contenders on Node', () => {
  const closing: (() => unknown)[] = []
  const watches: Partial<Record<Contender['store'], Watch>> = {}
  let origins: ReadonlyMap<string, string> = new Map()

  before(async () => {
    const directory = mkdtempSync(join(tmpdir(), 'coatcheck-contenders-'))
    closing.push(() => rmSync(directory, { recursive: true, force: true }))
    const [redis, postgres, memcached] = await Promise.all([
      startRedis(),
      startPostgres({ config: { shared_preload_libraries: 'pg_stat_statements' } }),
      startMemcached(),
    ])
    closing.push(...[redis, postgres, memcached].map((server) => () => server.stop()))
    const watched = await watchPostgres(postgres.url)
    closing.push(() => watched.close())
    watches.redis = watchRedis(redis)
    watches.postgres = watched.watch
    watches.memcached = watchMemcached(memcached.port)
    const servers = {
      redis: redis.url,
      postgres: postgres.url,
      memcached: `127.0.0.1:${memcached.port}`,
      directory,
    }
    const running = await startNode(onNode, servers)
    closing.push(() => running.stop())
    origins = new Map(onNode.map(({ name }, n) => [name, running.origins[n] ?? '']))
  })
  after(async () => {
    for (const close of closing.toReversed()) await close()
  })

  const originOf = (name: string): string => origins.get(name) ?? assert.fail(`${name} does not run`)

  const watchOf = (name: string): Watch =>
    watches[contenderNamed(name).store] ?? assert.fail(`nobody watches the store of ${name}`)

  /** Store commands of one request, by route, with small data. */
  async function commandsOf(name: string): Promise<Record<string, number>> {
    const visitors = await visitorsOf(originOf(name), 'small', VISITORS)
    const counts: Record<string, number> = {}
    for (const route of ['none', 'anon', 'read', 'write', 'new'] as const) {
      let each = Number.NaN
      // A part of a command is one that not every request had: the sweep's.
      for (let tries = 0; tries < 5 && !Number.isInteger(each); tries++) {
        const { commands } = await workOf(originOf(name), { route, size: 'small' }, visitors, watchOf(name))
        each = Object.values(commands).reduce((sum, count) => sum + count, 0)
      }
      counts[route] = each
    }
    return counts
  }

  // With large data, too, whenever they are measured; once is enough here.
  test('do what the routes say', async () => {
    for (const contender of onNode)
      await checkRoutes(originOf(contender.name), contender.name, { ...keptBy(contender), large: false })
  })

  for (const framework of ['node', 'express', 'fastify', 'hono', 'koa'])
    test(`Coatcheck on ${framework}: one command to read, two to write, one to begin, none for strangers`, async () => {
      assert.deepEqual(await commandsOf(`coatcheck-${framework}-redis`), {
        none: 1,
        anon: 0,
        read: 1,
        write: 2,
        new: 1,
      })
    })

  test('the lazy form: none for a request that does not use its session', async () => {
    const counts = await commandsOf('coatcheck-node-redis-lazy')
    assert.deepEqual(counts, { none: 0, anon: 0, read: 1, write: 2, new: 1 })
  })

  for (const store of ['postgres', 'memcached'])
    test(`on ${store}, too`, async () => {
      assert.deepEqual(await commandsOf(`coatcheck-node-${store}`), { none: 1, anon: 0, read: 1, write: 2, new: 1 })
    })

  test('large data travels: a contender that dropped it would look fast', async () => {
    for (const { name } of onNode.filter(({ store }) => store === 'redis')) {
      const { bytes } = await workOf(originOf(name), { route: 'new', size: 'large' }, [''], watchOf(name))
      const sent = bytes['in'] ?? 0
      assert.ok(sent > 16_000 && sent < 40_000, `${name} sends ${sent} bytes for a new session of 16 kB`)
    }
  })
})

function contenderNamed(name: string): Contender {
  return contenders.find((contender) => contender.name === name) ?? assert.fail(`no contender is called ${name}`)
}
