import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, suite, test } from 'node:test'
import { Redis } from 'ioredis'
import { SessionError } from '../../src/index.ts'
import type { Store } from '../../src/store.ts'
import { type RedisClient, redisStore } from '../../src/stores/redis.ts'
import { startRedis } from '../servers/index.ts'

const server = await startRedis()
const io = new Redis(server.url)

after(async () => {
  io.disconnect()
  await server.stop()
})

const HOUR = 3_600_000
const SKEW = 60_000
let prefixes = 0

/** A store of its own, with eyes on its keys. */
function open(client: RedisClient = io) {
  const prefix = `index-${++prefixes}:`
  const keyOf = (owner: string) => `${prefix}owner:${createHash('sha256').update(owner).digest('hex')}`
  const scores = async (owner: string) => {
    const reply = await io.zrange(keyOf(owner), '0', '-1', 'WITHSCORES')
    return reply.filter((_, at) => at % 2 === 1).map(Number)
  }
  return { store: redisStore(client, { prefix }), prefix, keyOf, scores }
}

function idOf(n: number): string {
  return n.toString(16).padStart(64, '0')
}

function nameOf(id: string): string {
  return Buffer.from(id, 'hex').toString('base64url')
}

async function listed(store: Store, owner: string): Promise<string[]> {
  const ids = []
  for await (const { id } of store.list?.({ owner }) ?? []) ids.push(id)
  return ids.toSorted()
}

/** An ioredis-shaped client that stops at the commands `at` until they are let go. */
function gated(at: string) {
  const held: (() => void)[] = []
  const reached = Promise.withResolvers<void>()
  const call = async (command: string, ...args: string[]): Promise<unknown> => {
    if (command === at) {
      await new Promise<void>((resolve) => {
        held.push(resolve)
        reached.resolve()
      })
    }
    return io.call(command, ...args)
  }
  return { client: { call }, reached: reached.promise, release: () => held.splice(0).forEach((go) => go()) }
}

suite('redis, the index of owners', () => {
  test('an entry lies a lifetime behind the deadline, the index ends with its last entry, and both move in time', async () => {
    const { store, prefix, keyOf, scores } = open()
    const now = Date.now()
    await store.create(idOf(1), { payload: '', expiresAt: now + HOUR, owner: 'ada' }, now)
    assert.deepEqual(await scores('ada'), [now + 2 * HOUR])
    assert.equal(await io.pexpiretime(keyOf('ada')), now + 2 * HOUR + SKEW)
    assert.equal(await store.touch(idOf(1), now + 2 * HOUR, now + HOUR / 2), true)
    assert.deepEqual(await scores('ada'), [now + 2 * HOUR], 'as far as the entry goes, a touch leaves it alone')
    assert.equal(await store.touch(idOf(1), now + 2 * HOUR + 1, now + HOUR / 2), true)
    const until = now + 3.5 * HOUR + 2
    assert.deepEqual(await scores('ada'), [now + 2 * HOUR, until])
    assert.equal(await io.pexpiretime(keyOf('ada')), until + SKEW)
    assert.equal(Number(await io.hget(prefix + idOf(1), 'entryUntil')), until)
    assert.deepEqual(await listed(store, 'ada'), [idOf(1)])
  })

  test('whatever happens to owned records, each lives within an entry of its owner', async () => {
    const { store, prefix, keyOf } = open()
    const start = Date.now()
    const owners = ['ada', 'bob', undefined]
    // A linear congruential generator: the same dice in every run.
    let seed = 20_261_121
    const dice = (sides: number) => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) % sides
    const versions = new Map<string, string | number>()
    for (let step = 0; step < 400; step++) {
      const now = start + step * 60_000
      const id = idOf(dice(8))
      const owner = owners[dice(3)]
      const record = {
        payload: `${step}`,
        expiresAt: now + 1 + dice(3 * HOUR),
        ...(owner === undefined ? {} : { owner }),
      }
      const verb = dice(5)
      if (verb === 0) await store.delete(id)
      else if (verb <= 2) await store.touch(id, record.expiresAt, now)
      else {
        const version = versions.get(id)
        const written =
          (await store.create(id, record, now)) ??
          (version === undefined ? null : await store.update(id, version, record, now))
        if (written instanceof Object) versions.set(id, written.version)
      }
      const [kept, until, tag, deadline] = await io.hmget(prefix + id, 'owner', 'entryUntil', 'entry', 'expiresAt')
      if (kept === null || kept === undefined) continue
      assert.ok(Number(deadline) <= Number(until), `step ${step}`)
      assert.equal(await io.zscore(keyOf(kept), `${nameOf(id)}.${tag}`), until, `step ${step}`)
    }
  })

  test('an entry that leaves late does not take the one along that was made since', async () => {
    const { client, reached, release } = gated('ZREM')
    const { store } = open(client)
    const now = Date.now()
    const record = (owner: string) => ({ payload: '', expiresAt: now + HOUR, owner })
    const first = await store.create(idOf(1), record('ada'), now)
    const second = await store.update(idOf(1), first?.version ?? '', record('bob'), now)
    assert.ok(second instanceof Object)
    await reached
    assert.ok((await store.update(idOf(1), second.version, record('ada'), now)) instanceof Object)
    release()
    await io.ping()
    assert.deepEqual(await listed(store, 'ada'), [idOf(1)])
  })

  test('a listing between the entry and its record does not remove the entry', async () => {
    const gate = gated('EVALSHA')
    const { prefix } = open()
    const slow = redisStore({ call: slowOn(prefix + idOf(1), gate.client.call) }, { prefix })
    const quick = redisStore(io, { prefix })
    const now = Date.now()
    const creating = slow.create(idOf(1), { payload: '', expiresAt: now + HOUR, owner: 'ada' }, now)
    await gate.reached
    assert.deepEqual(await listed(quick, 'ada'), [])
    gate.release()
    assert.ok(await creating)
    assert.deepEqual(await listed(quick, 'ada'), [idOf(1)])
  })

  test('a listing removes entries without a record of the owner once they are a minute old', async () => {
    const { store, keyOf, prefix } = open()
    const now = Date.now()
    const aged = (id: string) => `${nameOf(id)}.${Math.floor(now / 1000) - 62}.tag`
    await store.create(idOf(1), { payload: '', expiresAt: now + HOUR, owner: 'ada' }, now)
    await store.create(idOf(2), { payload: '', expiresAt: now + HOUR, owner: 'bob' }, now)
    for (const id of [idOf(1), idOf(2), idOf(3)]) await io.zadd(keyOf('ada'), now + HOUR, aged(id))
    await io.zadd(keyOf('ada'), now + HOUR, `${nameOf(idOf(4))}.${Math.floor(now / 1000) - 30}.tag`)
    assert.deepEqual(await listed(store, 'ada'), [idOf(1)])
    await io.ping()
    const left = await io.zrange(keyOf('ada'), '0', '-1')
    const names = left.map((entry) => entry.split('.')[0] ?? '')
    assert.deepEqual(names.toSorted(), [idOf(1), idOf(1), idOf(4)].map(nameOf))
    assert.equal(await io.exists(prefix + idOf(2)), 1)
  })

  test('entries of records that Redis has expired go with the next entry', async () => {
    const { store, scores, keyOf } = open()
    const now = Date.now()
    await io.zadd(
      keyOf('ada'),
      now - SKEW - 1000,
      `${nameOf(idOf(7))}.1.a`,
      now - SKEW + HOUR,
      `${nameOf(idOf(8))}.1.a`,
    )
    await store.create(idOf(1), { payload: '', expiresAt: now + HOUR, owner: 'ada' }, now)
    assert.deepEqual(await scores('ada'), [now - SKEW + HOUR, now + 2 * HOUR])
  })

  test('a failed write leaves no entry, a conflict neither', async () => {
    const { store, scores } = open()
    const now = Date.now()
    const record = (owner: string) => ({ payload: '', expiresAt: now + HOUR, owner })
    await store.create(idOf(1), record('ada'), now)
    assert.equal(await store.create(idOf(1), record('bob'), now), null)
    assert.equal(await store.update(idOf(1), 'other', record('bob'), now), 'conflict')
    assert.equal(await store.update(idOf(2), 'other', record('bob'), now), 'gone')
    await io.ping()
    assert.deepEqual(await scores('bob'), [])
  })

  test('small indexes are packed tightly', async () => {
    const { store, keyOf } = open()
    const now = Date.now()
    for (let n = 0; n < 5; n++) await store.create(idOf(n), { payload: '', expiresAt: now + HOUR, owner: 'ada' }, now)
    assert.equal(await io.object('ENCODING', keyOf('ada')), 'listpack')
  })

  test("something else where an owner's index should be is an error that names the key, not an empty list", async () => {
    const { store, keyOf } = open()
    const now = Date.now()
    await io.set(keyOf('ada'), 'text')
    const names = (error: unknown) =>
      error instanceof SessionError && error.code === 'store_unusable' && error.message.includes(keyOf('ada'))
    await assert.rejects(listed(store, 'ada'), names)
    await assert.rejects(store.create(idOf(1), { payload: '', expiresAt: now + HOUR, owner: 'ada' }, now), names)
    assert.equal(await store.read(idOf(1), now), null)
  })
})

/** Only commands on this key go through `call`. */
function slowOn(key: string, call: (command: string, ...args: string[]) => Promise<unknown>) {
  return (command: string, ...args: string[]): Promise<unknown> =>
    args.includes(key) ? call(command, ...args) : io.call(command, ...args)
}
