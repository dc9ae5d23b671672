import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { redisStore } from '../../src/stores/redis.ts'
import { startRedis } from '../servers/index.ts'

const server = await startRedis()
const io = new Redis(server.url)
/** What docs/stores/redis.md says the store needs. */
const RIGHTS = ['+@read', '+@write', '+eval', '+evalsha', '+time']
const ID = 'a'.repeat(64)

after(async () => {
  io.disconnect()
  await server.stop()
})

/** The messages of the warnings that `work` causes. */
async function warnings(work: () => Promise<unknown>): Promise<string[]> {
  const heard: string[] = []
  const listen = (warning: Error & { code?: string }): void => {
    if (warning.code === 'COATCHECK_EVICTION') heard.push(warning.message)
  }
  process.on('warning', listen)
  await work()
  await io.ping()
  // A warning is emitted in a turn of its own.
  await new Promise((resolve) => setImmediate(resolve))
  process.off('warning', listen)
  return heard
}

/** Reads twice, and waits until the store has asked for the policy and has its answer. */
async function use(): Promise<void> {
  const answered = Promise.withResolvers<void>()
  const store = redisStore({
    call(command: string, ...args: string[]) {
      const reply = io.call(command, ...args)
      if (command === 'INFO') reply.then(() => answered.resolve(), answered.resolve)
      return reply
    },
  })
  await store.read(ID, Date.now())
  await store.read(ID, Date.now())
  await answered.promise
}

suite('redis, eviction', () => {
  for (const policy of [
    'allkeys-lru',
    'allkeys-lfu',
    'allkeys-random',
    'volatile-lru',
    'volatile-lfu',
    'volatile-random',
  ])
    test(`${policy}: one warning, with the policy to set`, async () => {
      await server.command('CONFIG', 'SET', 'maxmemory-policy', policy)
      const heard = await warnings(use)
      assert.equal(heard.length, 1)
      assert.match(heard[0] ?? '', new RegExp(`${policy}: .* Set it to noeviction`))
    })

  for (const policy of ['noeviction', 'volatile-ttl'])
    test(`${policy}: no warning`, async () => {
      await server.command('CONFIG', 'SET', 'maxmemory-policy', policy)
      assert.deepEqual(await warnings(use), [])
    })

  test('node-redis hears it too, and the reading does not wait for it', async () => {
    await server.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru')
    const client = createClient({ url: server.url })
    await client.connect()
    const heard = await warnings(async () => {
      await redisStore(client).read(ID, Date.now())
      await client.ping()
    })
    client.destroy()
    assert.equal(heard.length, 1)
  })

  test('a user who may not ask is not warned, and everything works', async () => {
    await server.command('ACL', 'SETUSER', 'app', 'on', '>secret', '~session:*', ...RIGHTS)
    const client = new Redis(server.url, {
      username: 'app',
      password: 'secret',
      enableReadyCheck: false,
      disableClientInfo: true,
    })
    const store = redisStore(client)
    const now = Date.now()
    const heard = await warnings(async () => {
      assert.ok(await store.create(ID, { payload: 'x', expiresAt: now + 1000, owner: 'ada' }, now))
      assert.equal((await store.read(ID, now))?.payload, 'x')
      let listed = 0
      for await (const _ of store.list({ owner: 'ada' })) listed++
      for await (const _ of store.list()) listed++
      assert.equal(listed, 2)
      assert.equal(await store.delete(ID), true)
    }).finally(() => client.disconnect())
    assert.deepEqual(heard, [])
  })
})
