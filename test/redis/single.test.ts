import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { inspect } from 'node:util'
import { Redis } from 'ioredis'
import { createClient, RESP_TYPES } from 'redis'
import { createSessions, SessionError } from '../../src/index.ts'
import type { RecordInput } from '../../src/store.ts'
import { redisStore } from '../../src/stores/redis.ts'
import { startRedis } from '../servers/index.ts'
import { workAtOnce } from '../sql/processes.ts'
import { singleClients } from './redis-clients.ts'

const server = await startRedis()
const node = createClient({ url: server.url })
await node.connect()
const io = new Redis(server.url)
const clients = [
  ['redis', node],
  ['ioredis', io],
] as const
let prefixes = 0

after(async () => {
  node.destroy()
  io.disconnect()
  await server.stop()
})

const HOUR = 3_600_000

function idOf(n: number): string {
  return n.toString(16).padStart(64, '0')
}

function newPrefix(): string {
  return `single-${++prefixes}:`
}

function recordOf(fields: Partial<RecordInput> = {}): RecordInput {
  return { payload: 'payload', expiresAt: Date.now() + HOUR, ...fields }
}

/** An ioredis-shaped client that names every command it sends. */
function counting() {
  const sent: string[] = []
  const call = (command: string, ...args: string[]): Promise<unknown> => {
    sent.push(command)
    return io.call(command, ...args)
  }
  return { client: { call }, sent: () => sent.splice(0) }
}

async function idsOf(records: AsyncIterable<{ readonly id: string }> | undefined): Promise<string[]> {
  const ids = []
  for await (const { id } of records ?? []) ids.push(id)
  return ids.toSorted()
}

async function created(store: ReturnType<typeof redisStore>, id: string, record = recordOf()): Promise<string> {
  const written = await store.create(id, record, Date.now())
  assert.ok(written)
  return String(written.version)
}

suite('redis, one server', () => {
  test('every verb on a record without an owner is one command, and so is all but entering it under an owner', async () => {
    const { client, sent } = counting()
    const store = redisStore(client, { prefix: newPrefix() })
    const now = Date.now()
    // The first use of a script sends it, and the first of all asks how the server evicts.
    const known = await created(store, idOf(0), recordOf({ owner: 'bob' }))
    await store.update(idOf(0), known, recordOf({ owner: 'bob' }), now)
    await store.touch(idOf(0), now, now)
    await store.delete(idOf(9))
    sent()
    for (const [owner, commands] of [
      [undefined, ['EVALSHA']],
      ['ada', ['EVALSHA', 'EVALSHA']],
    ] as const) {
      const id = idOf(owner === undefined ? 1 : 2)
      const record = owner === undefined ? recordOf() : recordOf({ owner })
      const version = await created(store, id, record)
      assert.deepEqual(sent(), commands, 'create')
      await store.read(id, now)
      assert.deepEqual(sent(), ['HMGET'], 'read')
      const written = await store.update(id, version, record, now)
      assert.ok(written instanceof Object)
      assert.deepEqual(sent(), ['EVALSHA'], 'update')
      await store.touch(id, record.expiresAt + 1000, now)
      assert.deepEqual(sent(), ['EVALSHA'], 'touch')
      await store.update(id, 'another', record, now)
      assert.deepEqual(sent(), ['EVALSHA'], 'a conflict')
      await store.delete(id)
      assert.deepEqual(sent(), ['EVALSHA'], 'delete')
    }
  })

  for (const [name, client] of clients) {
    test(`${name}: every verb works when the server has just forgotten every script`, async () => {
      const store = redisStore(client, { prefix: newPrefix() })
      const now = Date.now()
      const forget = () => server.command('SCRIPT', 'FLUSH')
      await forget()
      const version = await created(store, idOf(1), recordOf({ owner: 'ada' }))
      await forget()
      const written = await store.update(idOf(1), version, recordOf({ owner: 'bob' }), now)
      assert.ok(written instanceof Object)
      await forget()
      assert.equal(await store.touch(idOf(1), now + 2 * HOUR, now), true)
      await forget()
      assert.deepEqual(await idsOf(store.list({ owner: 'bob' })), [idOf(1)])
      await forget()
      assert.equal(await store.delete(idOf(1)), true)
    })

    test(`${name}: a full server refuses writes, half changes nothing, still reads and deletes, and no error has data in it`, async () => {
      const full = await startRedis({ config: { 'maxmemory-policy': 'noeviction' } })
      const { client: own, close } = await singleClients[name](full)
      try {
        const store = redisStore(own)
        const now = Date.now()
        const version = await created(store, idOf(1), recordOf({ owner: 'ada', payload: 'before' }))
        await created(store, idOf(2), recordOf({ expiresAt: now + 1 }))
        await full.command('CONFIG', 'SET', 'maxmemory', '1')
        const secret = recordOf({ payload: 'a visitor wrote this' })
        for (const write of [
          () => store.create(idOf(2), secret, now + 1),
          () => store.create(idOf(3), secret, now),
          () => store.create(idOf(4), { ...secret, owner: 'eve-the-owner' }, now),
          () => store.update(idOf(1), version, secret, now),
          () => store.touch(idOf(1), now + 3 * HOUR, now),
        ])
          await assert.rejects(write, (error) => {
            const shown = inspect(error, { depth: 10, showHidden: true })
            assert.match(shown, /OOM command not allowed/)
            assert.doesNotMatch(shown, /a visitor wrote this|eve-the-owner/)
            return true
          })
        const left = await store.read(idOf(1), now)
        assert.deepEqual([left?.payload, left?.owner, left?.version], ['before', 'ada', version])
        assert.equal(await store.delete(idOf(1)), true)
      } finally {
        await close()
        await full.stop()
      }
    })

    test(`${name}: values of other programs under our prefix count as absent and stay as they are`, async () => {
      const prefix = newPrefix()
      const store = redisStore(client, { prefix })
      const [text, list, hash, halfOurs, ours] = [1, 2, 3, 4, 5].map(idOf)
      await server.command('SET', `${prefix}${text}`, 'text')
      await server.command('RPUSH', `${prefix}${list}`, 'item')
      await server.command('HSET', `${prefix}${hash}`, 'field', 'value')
      await server.command('HSET', `${prefix}${halfOurs}`, 'version', '1', 'expiresAt', 'soon', 'payload', '')
      await server.command('SET', `${prefix}not-an-id`, 'text')
      await created(store, ours ?? '')
      const now = Date.now()
      for (const id of [text, list, hash, halfOurs].map(String)) {
        const before = await server.command('DUMP', prefix + id)
        assert.equal(await store.read(id, now), null)
        assert.equal(await store.create(id, recordOf(), now), null)
        assert.equal(await store.update(id, '1', recordOf(), now), 'gone')
        assert.equal(await store.touch(id, now + HOUR, now), false)
        assert.equal(await store.delete(id), false)
        assert.equal(await server.command('DUMP', prefix + id), before)
      }
      assert.deepEqual(await idsOf(store.list()), [ours])
    })

    test(`${name}: prefixes with the characters of a pattern list their own records only`, async () => {
      const hostile = ['[ab]', 'a', 'b', '*', '?', 'a*', '\\*', 'a\\', '[^a]:', 'ü:', '']
      const stores = hostile.map((prefix) => redisStore(client, { prefix: `${prefix}${name}` }))
      for (const [n, store] of stores.entries()) {
        await created(store, idOf(n), recordOf({ owner: 'ada' }))
        await created(store, idOf(100 + n))
      }
      for (const [n, store] of stores.entries()) {
        assert.deepEqual(await idsOf(store.list()), [idOf(n), idOf(100 + n)])
        assert.deepEqual(await idsOf(store.list({ owner: 'ada' })), [idOf(n)])
      }
    })
  }

  test('a session whose key holds something else is a new session, not an error', async () => {
    const prefix = newPrefix()
    const sessions = createSessions<{ n?: number }>({ store: redisStore(node, { prefix }) })
    const first = await sessions.open({ cookie: undefined, secure: false })
    first.data.n = 1
    const cookie = (await sessions.commit(first)).setCookie[0]?.split(';')[0]
    const [id] = await idsOf(redisStore(node, { prefix }).list())
    await server.command('SET', `${prefix}${id}`, 'something else')
    const second = await sessions.open({ cookie, secure: false })
    assert.equal(second.isNew, true)
    second.data.n = 2
    assert.notEqual((await sessions.commit(second)).setCookie[0]?.split(';')[0], cookie)
    assert.equal(await server.command('GET', `${prefix}${id}`), '$14\r\nsomething else\r\n')
    await sessions.close()
  })

  test('a command that a client sends twice counts once', async () => {
    const twice = {
      async call(command: string, ...args: string[]): Promise<unknown> {
        await io.call(command, ...args)
        return io.call(command, ...args)
      },
    }
    const store = redisStore(twice, { prefix: newPrefix() })
    const now = Date.now()
    const version = await created(store, idOf(1), recordOf({ owner: 'ada' }))
    const written = await store.update(idOf(1), version, recordOf({ payload: 'next', owner: 'bob' }), now)
    assert.ok(written instanceof Object)
    assert.equal((await store.read(idOf(1), now))?.version, written.version)
    assert.equal(await store.update(idOf(1), version, recordOf(), now), 'conflict')
    assert.deepEqual(await idsOf(store.list({ owner: 'bob' })), [idOf(1)])
  })

  test('Redis removes a record a minute after its deadline, wherever the deadline went', async () => {
    const prefix = newPrefix()
    const store = redisStore(io, { prefix })
    const now = Date.now()
    const lapses = async () => Number((await io.call('PEXPIRETIME', `${prefix}${idOf(1)}`)) ?? 0)
    const version = await created(store, idOf(1), recordOf({ expiresAt: now + HOUR }))
    assert.equal(await lapses(), now + HOUR + 60_000)
    await store.touch(idOf(1), now + 2 * HOUR, now)
    assert.equal(await lapses(), now + 2 * HOUR + 60_000)
    await store.update(idOf(1), version, recordOf({ expiresAt: now + 1000.5 }), now)
    assert.equal(await lapses(), now + 1001 + 60_000)
  })

  test("the client's own settings change nothing: replies as Buffers, a key prefix", async () => {
    const buffers = node.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer, [RESP_TYPES.NUMBER]: String })
    const prefixed = new Redis(server.url, { keyPrefix: 'app*:', stringNumbers: true, replyMapping: 'resp3' })
    try {
      for (const client of [buffers, prefixed]) {
        const store = redisStore(client, { prefix: newPrefix() })
        const version = await created(store, idOf(1), recordOf({ owner: 'ada' }))
        assert.equal((await store.read(idOf(1), Date.now()))?.version, version)
        assert.deepEqual(await idsOf(store.list()), [idOf(1)])
        assert.deepEqual(await idsOf(store.list({ owner: 'ada' })), [idOf(1)])
        assert.equal(await store.delete(idOf(1)), true)
      }
    } finally {
      prefixed.disconnect()
    }
  })

  test("few commands wait without a timer of the client's; those that pile up are given up by it", async () => {
    const away = createClient({ socket: { host: '127.0.0.1', port: 1 }, commandOptions: { timeout: 50 } })
    away.on('error', () => {})
    const connecting = away.connect().catch(() => {})
    const store = redisStore(away, { prefix: newPrefix() })
    let ended = 0
    const reads = Array.from({ length: 300 }, async (_, n) => {
      await assert.rejects(store.read(idOf(n), Date.now()))
      ended += 1
    })
    await Promise.all(reads.slice(256))
    assert.equal(ended, 44, 'given up after 50 ms')
    away.destroy()
    await Promise.all([...reads, connecting])
  })

  test('anything that is no client, and a prefix that is no text, is refused at once', () => {
    for (const nothing of [null, undefined, {}, 'redis://localhost', () => {}])
      assert.throws(() => redisStore(nothing as never), isBadOption)
    for (const prefix of [1, null, '\ud800'])
      assert.throws(() => redisStore(io, { prefix: prefix as never }), isBadOption)
  })

  test('ten processes that write a thousand sessions each lose none', { timeout: 100_000 }, async () => {
    await server.command('FLUSHALL')
    await workAtOnce(server.url, 10, 300)
    assert.equal((await idsOf(redisStore(node).list())).length, 3000)
    assert.equal((await idsOf(redisStore(node).list({ owner: 'worker-3-' }))).length, 300)
  })
})

function isBadOption(error: unknown): boolean {
  return error instanceof SessionError && error.code === 'bad_option'
}
