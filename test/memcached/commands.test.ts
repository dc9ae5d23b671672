/** What goes over the wire, and what is on the server afterwards: seen by a relay and by a plain connection. */
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, suite, test } from 'node:test'
import { SessionError } from '../../src/errors.ts'
import { memcachedStore, type MemcachedStoreOptions } from '../../src/stores/memcached.ts'
import { idOf } from '../fixtures/file-harness.ts'
import { ask } from '../servers/ask.ts'
import { startMemcached } from '../servers/index.ts'
import { startCommandRelay } from './relay.ts'

const server = await startMemcached()
after(() => server.stop())

/** An hour from now: the server looks at its own clock. */
const NOW = Date.now()
const LATER = NOW + 3_600_000
let ids = 0

/** A store of its own through a relay of its own. */
async function behindRelay(options: MemcachedStoreOptions = {}) {
  const relay = await startCommandRelay(server.port)
  const store = memcachedStore(relay.address, { timeout: '5s', ...options })
  after(async () => {
    await store.close?.()
    await relay[Symbol.asyncDispose]()
  })
  /** The commands of `call`, by verb. */
  async function cost(call: () => Promise<unknown>): Promise<string> {
    relay.commands.length = 0
    await call()
    return relay.commands.map((line) => line.slice(0, 2)).join(' ')
  }
  return { relay, store, cost, id: idOf(1000 + ids++) }
}

/** Any bytes under any key. */
async function put(key: string, value: Uint8Array): Promise<string> {
  const socket = connect(server.port, '127.0.0.1')
  socket.end(Buffer.concat([Buffer.from(`set ${key} 0 0 ${value.length}\r\n`), value, Buffer.from('\r\n')]))
  return (await socket.toArray()).join('')
}

const versionOf = (result: unknown): string => {
  assert.ok(typeof result === 'object' && result !== null && 'version' in result, String(result))
  return String(result.version)
}

suite('memcached, commands', () => {
  test('P9 reading, creating, replacing and deleting are one command each, and a touch is two', async () => {
    const { store, cost, id } = await behindRelay()
    const record = { payload: 'one', expiresAt: LATER }
    assert.equal(await cost(() => store.read(id, NOW)), 'mg')
    let version = ''
    assert.equal(await cost(async () => (version = versionOf(await store.create(id, record, NOW)))), 'ms')
    assert.equal(await cost(() => store.read(id, NOW)), 'mg')
    assert.equal(await cost(async () => (version = versionOf(await store.update(id, version, record, NOW)))), 'ms')
    assert.equal(await cost(async () => (version = versionOf(await store.update(id, version, record, NOW)))), 'ms')
    assert.equal(await cost(() => store.touch(id, LATER + 1, NOW)), 'mg ms')
    assert.equal(await cost(() => store.touch(id, LATER + 1, NOW)), 'mg', 'a touch that moves nothing')
    // The version from before the touch: the server's number has changed, ours has not.
    assert.equal(await cost(async () => versionOf(await store.update(id, version, record, NOW))), 'ms mg ms')
    assert.equal(await cost(() => store.update(id, version, record, NOW)), 'ms mg', 'a conflict')
    assert.equal(await cost(() => store.delete(id)), 'md')
    assert.equal(await cost(() => store.update(id, version, record, NOW)), 'ms', 'gone')
  })

  test('a version that was read after a touch is good for an update in one command', async () => {
    const { store, cost, id } = await behindRelay()
    await store.create(id, { payload: 'one', expiresAt: LATER }, NOW)
    await store.touch(id, LATER + 1000, NOW)
    const found = await store.read(id, NOW)
    assert.equal(
      await cost(() => store.update(id, found?.version ?? '', { payload: '2', expiresAt: LATER }, NOW)),
      'ms',
    )
    assert.equal((await store.read(id, NOW))?.payload, '2')
  })

  test('an update past the deadline it knows looks for a touch first, and finds it or none', async () => {
    const { store, cost, id } = await behindRelay()
    const version = versionOf(await store.create(id, { payload: 'one', expiresAt: NOW + 1000 }, NOW))
    assert.equal(await cost(() => store.update(id, version, { payload: '2', expiresAt: LATER }, NOW + 1000)), 'mg')
    assert.equal(await store.read(id, NOW + 1000), null)
    assert.equal(await store.touch(id, NOW + 5000, NOW + 999), true)
    versionOf(await store.update(id, version, { payload: '3', expiresAt: LATER }, NOW + 1000))
    assert.equal((await store.read(id, NOW + 1000))?.payload, '3')
  })

  test('the key is prefix and ID; the deadline on the server is ours, rounded up, and a minute', async () => {
    const { relay, store, id } = await behindRelay({ prefix: 'app/session:' })
    await store.create(id, { payload: 'x', expiresAt: 1_900_000_000_001 }, NOW)
    assert.match(relay.commands[0] ?? '', new RegExp(`^ms app/session:${id} \\d+ ME T1900000061 c O0$`))
    await store.touch(id, 1_900_000_100_000, NOW)
    assert.match(relay.commands.at(-1) ?? '', / T1900000160 c O2$/)
  })

  test('deadlines that 32 bits do not hold are left to the record; those long past are past', async () => {
    const { relay, store, id } = await behindRelay()
    const ttls = { 2_147_483_587_000: 2_147_483_647, 2_147_483_587_001: 0, 253_402_300_799_999: 0, 1000: 2_592_001 }
    for (const [expiresAt, ttl] of Object.entries(ttls)) {
      await store.create(id, { payload: 'x', expiresAt: Number(expiresAt) }, 0)
      assert.ok(relay.commands.at(-1)?.includes(` T${ttl} c`), `${expiresAt}: ${relay.commands.at(-1)}`)
      const found = await store.read(id, 0)
      assert.equal(found?.expiresAt, Number(expiresAt) === 1000 ? undefined : Number(expiresAt))
      await store.delete(id)
    }
  })

  test('a plain connection sees the record as the documentation shows it', async () => {
    const { store, id } = await behindRelay()
    await store.create(id, { payload: '{"v":1}', expiresAt: LATER, owner: 'ada "é"\n' }, NOW)
    const answer = await ask(server, `get session:${id}\r\n`, /END\r\n$/)
    const [head, line, owner, payload] = answer.split(/\r?\n/)
    assert.match(head ?? '', new RegExp(`^VALUE session:${id} 0 \\d+$`))
    assert.match(line ?? '', new RegExp(`^coatcheck/1 ${LATER} [\\da-f]{24}$`))
    assert.equal(owner, '"ada \\"é\\"\\n"')
    assert.equal(payload, '{"v":1}')
  })

  const foreign = {
    'a text': 'hello',
    'a later format': 'coatcheck/2 1 2\n\n{}',
    'no UTF-8': `coatcheck/1 ${LATER} ${'0'.repeat(24)}\n\n\xff`,
    'no owner line': `coatcheck/1 ${LATER} ${'0'.repeat(24)}\n{}`,
    'an owner that is no JSON': `coatcheck/1 ${LATER} ${'0'.repeat(24)}\n"\\x"\n{}`,
    nothing: '',
  }
  for (const [name, value] of Object.entries(foreign))
    test(`an item under the key of a session that is no session counts as absent: ${name}`, async () => {
      const { store, id } = await behindRelay()
      assert.equal(await put(`session:${id}`, Buffer.from(value, 'latin1')), 'STORED\r\n')
      assert.equal(await store.read(id, NOW), null)
      assert.equal(await store.touch(id, LATER, NOW), false)
      const version = `${'0'.repeat(24)}.999999..${LATER}`
      assert.equal(await store.update(id, version, { payload: 'x', expiresAt: LATER }, NOW), 'gone')
      versionOf(await store.create(id, { payload: 'own', expiresAt: LATER }, NOW))
      assert.equal((await store.read(id, NOW))?.payload, 'own')
    })

  test('nothing but an ID becomes part of a command', async () => {
    const { relay, store, id } = await behindRelay()
    const record = { payload: 'x', expiresAt: LATER }
    for (const bad of ['', 'a', id.toUpperCase(), `${id} `, `${id}\r\nflush_all`, `${id.slice(0, 63)}\n`]) {
      for (const call of [
        () => store.read(bad, NOW),
        () => store.create(bad, record, NOW),
        () => store.update(bad, '1', record, NOW),
        () => store.touch(bad, LATER, NOW),
        () => store.delete(bad),
      ])
        await assert.rejects(call, (error) => error instanceof SessionError && error.code === 'bad_option')
    }
    for (const version of ['', '1', `${'0'.repeat(24)}.0..${LATER}`, `${'0'.repeat(24)}.1 T0..${LATER}`])
      assert.equal(await store.update(id, version, record, NOW), 'gone')
    assert.deepEqual(
      relay.commands.map((line) => line.slice(0, 2)),
      ['mg', 'mg', 'mg', 'mg'],
    )
  })

  test('replies that come one byte at a time are the same replies', async () => {
    const { relay, store } = await behindRelay({ timeout: '10s' })
    relay.replies = 'bytes'
    const payload = 'protocol \r\nEND\r\nVA 2\r\n words é😀 '.repeat(20)
    const records = Array.from({ length: 30 }, (_, n) => ({ id: idOf(5000 + n), payload: `${n} ${payload}` }))
    await Promise.all(
      records.map(async (one) => versionOf(await store.create(one.id, { ...one, expiresAt: LATER }, NOW))),
    )
    const found = await Promise.all(records.map((one) => store.read(one.id, NOW)))
    assert.deepEqual(
      found.map((record) => record?.payload),
      records.map((one) => one.payload),
    )
    assert.equal(relay.connections(), 1)
  })

  test('many calls at once share few connections, and each gets its own answer', async () => {
    const { relay, store } = await behindRelay({ maxConnections: 3 })
    const records = Array.from({ length: 1000 }, (_, n) => ({ id: idOf(10_000 + n), payload: `record ${n}` }))
    await Promise.all(records.map((one) => store.create(one.id, { ...one, expiresAt: LATER }, NOW)))
    const found = await Promise.all(records.map((one) => store.read(one.id, NOW)))
    for (const [n, record] of found.entries()) assert.equal(record?.payload, `record ${n}`)
    assert.equal(relay.connections(), 3)
  })
})

suite('memcached, options', () => {
  const refusals: readonly (readonly [string, () => unknown, RegExp])[] = [
    ['no server', () => memcachedStore([]), /empty list/],
    ['one twice', () => memcachedStore(['a', 'A:11211']), /twice/],
    ['a list in one text', () => memcachedStore('a:1,b:2'), /no address.*an array/],
    ['a URL', () => memcachedStore('memcached://u:sekret@a'), /no address/],
    ['a port that is none', () => memcachedStore('a:70000'), /no address/],
    ['no text', () => Reflect.apply(memcachedStore, null, [[11211]]), /no text/],
    ['a prefix with a space', () => memcachedStore('a', { prefix: 'my session:' }), /prefix/],
    ['a prefix with a line end', () => memcachedStore('a', { prefix: 'a\r\n' }), /prefix/],
    ['a prefix that is too long', () => memcachedStore('a', { prefix: 'x'.repeat(187) }), /186/],
    ['no connection', () => memcachedStore('a', { maxConnections: 0 }), /maxConnections/],
    ['a password alone', () => memcachedStore('a', { password: 'sekret' }), /together/],
    ['a password with a space', () => memcachedStore('a', { username: 'u', password: 'sek ret' }), /spaces/],
    ['a username with a line end', () => memcachedStore('a', { username: 'u\r\n', password: 'sekret' }), /spaces/],
    ['a number as timeout', () => Reflect.apply(memcachedStore, null, ['a', { timeout: 5 }]), /timeout/],
  ]
  for (const [name, call, message] of refusals)
    test(`refused: ${name}`, () => {
      assert.throws(call, (error: unknown) => {
        assert.ok(error instanceof SessionError)
        assert.equal(error.code, 'bad_option')
        assert.match(error.message, message)
        assert.doesNotMatch(error.message, /sek ?ret/)
        return true
      })
    })

  test('a prefix of 186 characters makes a key that the server takes', async () => {
    const { store, id } = await behindRelay({ prefix: '~'.repeat(186) })
    versionOf(await store.create(id, { payload: 'x', expiresAt: LATER }, NOW))
    assert.equal((await store.read(id, NOW))?.payload, 'x')
  })

  test('making a store connects to nothing', async () => {
    const { relay, store } = await behindRelay()
    await store.close?.()
    assert.equal(relay.connections(), 0)
  })
})
