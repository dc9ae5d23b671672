/** What a request gets from a server that is dead, frozen, restarted, cut off, or none at all; and what is there then. */
import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { SessionError, type SessionErrorCode } from '../../src/errors.ts'
import { memcachedStore, type MemcachedStoreOptions } from '../../src/stores/memcached.ts'
import { testClock } from '../../src/testing/index.ts'
import { idOf } from '../fixtures/file-harness.ts'
import { ask } from '../servers/ask.ts'
import { freePort } from '../servers/free-port.ts'
import { startMemcached, type MemcachedServer } from '../servers/index.ts'
import { until } from '../servers/processes.ts'
import { greeting, startCommandRelay, startLiar } from './relay.ts'

const NOW = Date.now()
const LATER = NOW + 3_600_000
const ID = idOf(1)
const RECORD = { payload: 'one', expiresAt: LATER }

const at = ({ port }: MemcachedServer): string => `127.0.0.1:${port}`

function open(servers: string | string[], options: MemcachedStoreOptions = {}) {
  const store = memcachedStore(servers, { timeout: '5s', ...options })
  after(() => store.close?.())
  return store
}

/** The code of the error that `call` ends in, or what it resolved to. */
async function outcome(call: Promise<unknown>): Promise<unknown> {
  try {
    return await call
  } catch (error) {
    assert.ok(error instanceof SessionError, String(error))
    return error.code
  }
}

function saying(code: SessionErrorCode, text: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof SessionError, String(error))
    assert.equal(error.code, code, error.message)
    assert.match(error.message, text)
    return true
  }
}

const payloadOf = (record: unknown): unknown =>
  typeof record === 'object' && record !== null && 'payload' in record ? record.payload : record

suite('memcached, a frozen server', () => {
  test('a call ends at the time limit to the millisecond, and what waits behind it with it', async () => {
    await using server = await startMemcached()
    const clock = testClock(NOW)
    const store = open(at(server), { clock, timeout: '2s', maxConnections: 1 })
    await store.create(ID, RECORD, NOW)
    await server.pause()
    const first = outcome(store.read(ID, NOW))
    clock.advance(1500)
    const second = outcome(store.read(ID, NOW))
    let ended = false
    void first.then(() => (ended = true))
    clock.advance(499)
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(ended, false)
    clock.advance(1)
    assert.deepEqual(await Promise.all([first, second]), ['store_timeout', 'store_timeout'])
  })

  test('it works again after SIGCONT, and no late answer reaches another call', async () => {
    await using server = await startMemcached()
    const clock = testClock(NOW)
    const store = open(at(server), { clock })
    const records = Array.from({ length: 20 }, (_, n) => ({ id: idOf(n), payload: `record ${n}` }))
    for (const one of records) await store.create(one.id, { ...one, expiresAt: LATER }, NOW)
    const connections = async (): Promise<string | undefined> =>
      /curr_connections (\d+)/.exec(await ask(server, 'stats\r\n', /END\r\n$/))?.[1]
    const before = await connections()
    await server.pause()
    // Twenty questions that the server has, and answers to nobody once it goes on; then one on a new connection.
    for (const ids of [records.map(({ id }) => id), [ID]]) {
      const late = ids.map((id) => outcome(store.read(id, NOW)))
      await new Promise((resolve) => setTimeout(resolve, 20))
      clock.advance(5000)
      assert.deepEqual(new Set(await Promise.all(late)), new Set(['store_timeout']))
    }
    assert.equal(await outcome(store.read(ID, NOW)), 'store_failed', 'the pause after an attempt to connect')
    server.resume()
    clock.advance(1000)
    for (const one of records.toReversed()) assert.equal(payloadOf(await store.read(one.id, NOW)), one.payload)
    await until('the connections that timed out are closed', async () => (await connections()) === before)
  })

  test('a write that it takes up late is still bound to the version', async () => {
    await using server = await startMemcached()
    const clock = testClock(NOW)
    const [store, other] = [open(at(server), { clock }), open(at(server))]
    const made = await store.create(ID, RECORD, NOW)
    assert.ok(made)
    await server.pause()
    const late = outcome(store.update(ID, made.version, { ...RECORD, payload: 'late' }, NOW))
    await new Promise((resolve) => setTimeout(resolve, 20))
    clock.advance(5000)
    assert.equal(await late, 'store_timeout')
    server.resume()
    const found = await other.read(ID, NOW)
    assert.ok(found)
    // Whichever came first, the late write or this one: never both.
    const newer = await other.update(ID, found.version, { ...RECORD, payload: 'newer' }, NOW)
    const expected = typeof newer === 'object' ? 'newer' : 'late'
    assert.equal(payloadOf(await other.read(ID, NOW)), expected)
  })
})

suite('memcached, a dead server', () => {
  test('a store error at once, and after a restart it is empty: every session is new', async () => {
    await using server = await startMemcached()
    const store = open(at(server))
    const made = await store.create(ID, RECORD, NOW)
    assert.ok(made)
    await server.kill9()
    assert.equal(await outcome(store.read(ID, NOW)), 'store_failed')
    await server.restart()
    await until('it answers again', async () => (await outcome(store.read(ID, NOW))) === null)
    assert.equal(await store.update(ID, made.version, RECORD, NOW), 'gone')
    assert.equal(await store.touch(ID, LATER + 1, NOW), false)
    assert.ok(await store.create(ID, RECORD, NOW))
    assert.equal(await store.update(ID, made.version, RECORD, NOW), 'conflict')
  })

  test('one restarted while the store was idle is connected to again without an error', async () => {
    await using server = await startMemcached()
    const store = open(at(server))
    await store.create(ID, RECORD, NOW)
    await server.restart()
    assert.equal(await store.read(ID, NOW), null)
  })

  test('one of three: its own sessions are errors, the others work, and none of them moves', async () => {
    const servers = await Promise.all([startMemcached(), startMemcached(), startMemcached()])
    after(() => Promise.all(servers.map((server) => server.stop())))
    const store = open(servers.map(at))
    const ids = Array.from({ length: 60 }, (_, n) => idOf(n))
    for (const id of ids) await store.create(id, { ...RECORD, payload: id }, NOW)
    await servers[1]?.kill9()
    const read = async () => Promise.all(ids.map(async (id) => payloadOf(await outcome(store.read(id, NOW)))))
    const found = await read()
    const lost = ids.filter((_, n) => found[n] === 'store_failed')
    assert.ok(lost.length > 5 && lost.length < 40, `${lost.length} of 60`)
    for (const [n, id] of ids.entries()) assert.ok(found[n] === id || lost.includes(id), String(found[n]))
    // A new session for it is an error too, not a guest of another server.
    assert.equal(await outcome(store.create(lost[0] ?? '', RECORD, NOW)), 'store_failed')
    await servers[1]?.restart()
    await until('all of them answer', async () => !(await read()).includes('store_failed'))
    assert.deepEqual(
      await read(),
      ids.map((id) => (lost.includes(id) ? null : id)),
    )
  })

  test('in the middle of a thousand calls: each ends, as an answer or an error, and none gets another one', async () => {
    await using server = await startMemcached()
    const store = open(at(server))
    const ids = Array.from({ length: 1000 }, (_, n) => idOf(n))
    await Promise.all(ids.map((id) => store.create(id, { ...RECORD, payload: id }, NOW)))
    const reading = ids.map(async (id) => ({ id, found: payloadOf(await outcome(store.read(id, NOW))) }))
    await server.restart()
    for (const { id, found } of await Promise.all(reading))
      assert.ok(found === id || found === 'store_failed' || found === null, String(found))
    await until('it answers again', async () => (await outcome(store.read(ID, NOW))) === null)
  })

  test('a thousand calls to a port where nobody listens make one attempt to connect, and pauses grow', async () => {
    await using liar = await startLiar(() => null)
    const clock = testClock(NOW)
    const store = open(liar.address, { clock })
    const calls = (): Promise<unknown[]> =>
      Promise.all(Array.from({ length: 1000 }, () => outcome(store.read(ID, NOW)))).then((all) => [...new Set(all)])
    const attempts: number[] = []
    for (const pause of [25, 50, 100, 200, 400, 800, 1000, 1000]) {
      assert.deepEqual(await calls(), ['store_failed'])
      const made = liar.connections()
      // At least half of the pause, at random up to all of it.
      clock.advance(pause / 2 - 1)
      assert.deepEqual(await calls(), ['store_failed'])
      assert.equal(liar.connections(), made, `within ${pause} ms`)
      clock.advance(pause / 2 + 1)
      attempts.push(made)
    }
    // Two connections at most, for a thousand calls at once.
    assert.ok((attempts[0] ?? 3) <= 2, attempts.join(' '))
    assert.ok((attempts.at(-1) ?? 17) <= 16, attempts.join(' '))
  })

  test('a name that no server has is a store error', async () => {
    const store = open(`127.0.0.1:${await freePort()}`)
    await assert.rejects(store.read(ID, NOW), saying('store_failed', /ECONNREFUSED/))
    await assert.rejects(store.read(ID, NOW), saying('store_failed', /tried again shortly/))
    await assert.rejects(open('/nowhere/memcached.sock').read(ID, NOW), saying('store_failed', /ENOENT/))
  })
})

suite('memcached, a connection', () => {
  test('that breaks under calls ends them as errors, and the next call has a new one', async () => {
    await using server = await startMemcached()
    await using relay = await startCommandRelay(server.port)
    const store = open(relay.address)
    const made = await store.create(ID, RECORD, NOW)
    assert.ok(made)
    relay.replies = 'hold'
    const calls = [store.read(ID, NOW), store.update(ID, made.version, { ...RECORD, payload: 'two' }, NOW)].map(outcome)
    await until('both are on their way', () => relay.commands.length === 3)
    relay.cut()
    assert.deepEqual(await Promise.all(calls), ['store_failed', 'store_failed'])
    relay.replies = 'pass'
    // What was sent may have been done, and here it was.
    await until('the server has done it', async () => payloadOf(await store.read(ID, NOW)) === 'two')
    assert.equal(relay.connections(), 2)
  })

  test('close waits for calls under way, refuses later ones, and may be called again', async () => {
    await using server = await startMemcached()
    await using relay = await startCommandRelay(server.port)
    const store = open(relay.address)
    await store.create(ID, RECORD, NOW)
    relay.replies = 'hold'
    const reading = store.read(ID, NOW)
    await until('it is on its way', () => relay.commands.length === 2)
    const closing = Promise.all([store.close?.(), store.close?.()])
    assert.equal(await outcome(store.read(ID, NOW)), 'closed')
    // The reply may be held already or be on its way still.
    relay.replies = 'pass'
    assert.equal(payloadOf(await reading), 'one')
    await closing
    await store.close?.()
  })

  test('close of a store whose server is frozen ends with the time limit of its calls', async () => {
    await using server = await startMemcached()
    const clock = testClock(NOW)
    const store = open(at(server), { clock })
    await store.create(ID, RECORD, NOW)
    await server.pause()
    const reading = outcome(store.read(ID, NOW))
    const closing = store.close?.()
    clock.advance(5000)
    await closing
    assert.equal(await reading, 'store_timeout')
  })

  test('takes no more than 4,096 calls while nothing comes back', async () => {
    await using server = await startMemcached()
    await using relay = await startCommandRelay(server.port)
    const store = open(relay.address, { maxConnections: 1 })
    relay.replies = 'hold'
    const calls = Array.from({ length: 4100 }, () => outcome(store.read(ID, NOW)))
    assert.deepEqual(
      await Promise.all(calls.slice(4096)),
      Array.from({ length: 4 }, () => 'store_failed'),
    )
    relay.replies = 'pass'
    let answered = 0
    for (const call of calls.slice(0, 4096)) void call.then(() => answered++)
    await until('all are answered', () => answered === 4096)
    assert.deepEqual(new Set(await Promise.all(calls.slice(0, 4096))), new Set([null]))
  })

  test('takes no more than 64 MiB while nothing comes back', async () => {
    await using server = await startMemcached()
    await server.pause()
    const store = open(at(server), { maxConnections: 1, timeout: '400ms' })
    const payload = 'x'.repeat(1_000_000)
    const calls = Array.from({ length: 69 }, (_, n) =>
      outcome(store.create(idOf(n), { payload, expiresAt: LATER }, NOW)),
    )
    const codes = await Promise.all(calls)
    assert.deepEqual([codes[66], codes[67], codes[68]], ['store_timeout', 'store_failed', 'store_failed'])
    server.resume()
    const patient = open(at(server), { maxConnections: 1 })
    // One after another there is no limit.
    for (let n = 0; n < 70; n++) assert.ok(await patient.create(idOf(n), { payload, expiresAt: LATER }, NOW))
  })
})

suite('memcached, something else that answers', () => {
  const lies: Readonly<Record<string, readonly [(received: string) => string | null, SessionErrorCode, RegExp]>> = {
    'a web server': [() => 'HTTP/1.1 400 Bad Request\r\n\r\n', 'store_failed', /no reply code|no answer/],
    'a Memcached before 1.6': [() => 'ERROR\r\n', 'store_unusable', /1\.6 or later/],
    'one that has too many connections': [() => 'ERROR Too many open connections\r\n', 'store_failed', /Too many/],
    'one that closes': [() => null, 'store_failed', /closed the connection/],
    noise: [() => '\0\xff\xfe\r\n', 'store_failed', /no answer/],
    'an answer too many': [(said) => (greeting(said) ?? 'EN\r\n') + 'HD\r\n', 'store_failed', /no answer/],
    'the answer to another call': [(said) => greeting(said) ?? 'EN Oz\r\n', 'store_failed', /another call/],
    'an answer without its mark': [(said) => greeting(said) ?? 'VA 1 c1\r\nx\r\n', 'store_failed', /another call/],
    'an answer to a write': [(said) => greeting(said) ?? 'HD c1 O0\r\n', 'store_failed', /answers: HD/],
    'a client error': [(said) => greeting(said) ?? 'CLIENT_ERROR bad\r\n', 'store_failed', /CLIENT_ERROR bad/],
    'a server error': [(said) => greeting(said) ?? 'SERVER_ERROR busy\r\n', 'store_failed', /SERVER_ERROR busy/],
    'no CAS number': [(said) => greeting(said) ?? 'VA 1 O0\r\nx\r\n', 'store_unusable', /CAS/],
    'a CAS number of 0': [(said) => greeting(said) ?? 'VA 1 c0 O0\r\nx\r\n', 'store_unusable', /CAS/],
  }
  for (const [name, [answer, code, text]] of Object.entries(lies))
    test(`is a clear error: ${name}`, async () => {
      await using liar = await startLiar(answer)
      const store = open(liar.address)
      await assert.rejects(store.read(ID, NOW), saying(code, text))
    })

  test('a proxy that does not tell of itself is taken for a server with items of 1 MiB', async () => {
    await using liar = await startLiar((said) => {
      if (said === 'mn\r\n') return 'MN\r\n'
      return said.startsWith('stats') ? 'ERROR\r\nSERVER_ERROR no\r\n' : 'EN O0\r\n'
    })
    const store = open(liar.address)
    assert.equal(await store.read(ID, NOW), null)
    const payload = 'x'.repeat(1_048_576)
    await assert.rejects(store.create(ID, { payload, expiresAt: LATER }, NOW), saying('record_too_large', /1048064/))
  })
})

suite('memcached, a server that cannot be used as it is set up', () => {
  const auth = { user: 'coat', password: 'sekret' }

  test('wrong password, none given, or one with -C: the mend in the message, never the password', async () => {
    await using guarded = await startMemcached({ auth })
    await using blind = await startMemcached({ args: ['-C'] })
    const wrong = open(at(guarded), { username: 'coat', password: 'wr0ng' })
    await assert.rejects(wrong.read(ID, NOW), saying('store_unusable', /refuses username and password/))
    await assert.rejects(wrong.read(ID, NOW), (error) => !String(error).includes('wr0ng'))
    await assert.rejects(open(at(guarded)).read(ID, NOW), saying('store_unusable', /asks for a username/))
    await assert.rejects(open(at(blind)).read(ID, NOW), saying('store_unusable', /-C/))
  })

  test('a server without authentication is used, and keeps nothing of the password', async () => {
    await using server = await startMemcached()
    const store = open(at(server), { username: 'coat', password: 'sekret' })
    assert.ok(await store.create(ID, RECORD, NOW))
    const plain = open(at(server))
    assert.equal(payloadOf(await plain.read(ID, NOW)), 'one')
    assert.equal(await ask(server, 'get auth\r\n', /END\r\n$/), 'END\r\n')
  })

  test('TLS: a certificate that nobody vouches for is refused; a plain connection gets nowhere', async () => {
    await using secure = await startMemcached({ tls: true })
    await assert.rejects(open(at(secure), { tls: true }).read(ID, NOW), saying('store_failed', /self-signed/))
    const trusting = open(at(secure), { tls: { ca: secure.ca ?? '' } })
    assert.equal(await trusting.read(ID, NOW), null)
    const plain = await outcome(open(at(secure), { timeout: '300ms' }).read(ID, NOW))
    assert.ok(plain === 'store_failed' || plain === 'store_timeout', String(plain))
    await using open1 = await startMemcached()
    const toPlain = await outcome(open(at(open1), { tls: true, timeout: '300ms' }).read(ID, NOW))
    assert.ok(toPlain === 'store_failed' || toPlain === 'store_timeout', String(toPlain))
  })
})

suite('memcached, no room', () => {
  test('a record above the item size of this server is refused before it is sent, and the old one stays', async () => {
    await using server = await startMemcached({ args: ['-I', '2m'] })
    const store = open(at(server))
    const made = await store.create(ID, RECORD, NOW)
    assert.ok(made)
    const large = { payload: 'x'.repeat(2_097_000), expiresAt: LATER }
    const text = /takes 2096640 \(its option -I\)/
    await assert.rejects(store.update(ID, made.version, large, NOW), saying('record_too_large', text))
    await assert.rejects(store.create(idOf(2), large, NOW), saying('record_too_large', text))
    assert.equal(payloadOf(await store.read(ID, NOW)), 'one')
    const fits = { payload: 'x'.repeat(2_096_640 - 52), expiresAt: LATER }
    assert.equal(typeof (await store.update(ID, made.version, fits, NOW)), 'object')
  })

  test('the owner counts too', async () => {
    await using server = await startMemcached()
    const store = open(at(server))
    const record = { payload: 'x'.repeat(1_048_000), expiresAt: LATER, owner: 'o'.repeat(100) }
    assert.equal(await outcome(store.create(ID, record, NOW)), 'record_too_large')
    assert.equal(await store.read(ID, NOW), null)
  })

  test('a full server throws away what was not used for longest, and the next connection warns', async () => {
    await using server = await startMemcached({ args: ['-m', '2'] })
    const warned = new Promise((resolve) => {
      process.on('warning', (warning) => {
        if ('code' in warning && warning.code === 'COATCHECK_EVICTION') resolve(warning.message)
      })
    })
    const store = open(at(server))
    const payload = 'x'.repeat(20_000)
    const ids = Array.from({ length: 400 }, (_, n) => idOf(n))
    for (const id of ids) assert.ok(await store.create(id, { payload, expiresAt: LATER }, NOW))
    const found = await Promise.all(ids.map((id) => store.read(id, NOW)))
    const lost = found.filter((record) => record === null).length
    assert.ok(lost > 100 && lost < 400, `${lost} of 400`)
    assert.equal(found[0], null)
    assert.notEqual(found.at(-1), null)
    await open(at(server)).read(ID, NOW)
    assert.match(String(await warned), new RegExp(`^memcached 127.0.0.1:${server.port} has thrown away \\d+ items`))
  })

  test('a server told to refuse instead (-M) takes the record with it that was to be replaced', async () => {
    await using server = await startMemcached({ args: ['-m', '2', '-M'] })
    const store = open(at(server), { maxConnections: 1 })
    const payload = 'x'.repeat(20_000)
    const versions = new Map<string, string | number>()
    let refused: unknown
    for (let n = 0; refused === undefined; n++) {
      const made = await outcome(store.create(idOf(n), { payload, expiresAt: LATER }, NOW))
      if (typeof made === 'object' && made !== null && 'version' in made) versions.set(idOf(n), String(made.version))
      else refused = made
    }
    assert.equal(refused, 'store_failed')
    const [id = '', version = ''] = [...versions].at(-1) ?? []
    // A refusal is an answer like another: the calls behind it on the same connection get theirs.
    const another = outcome(store.create(idOf(1_000_000), { payload, expiresAt: LATER }, NOW))
    assert.equal(payloadOf(await outcome(store.read(id, NOW))), payload)
    assert.equal(await another, 'store_failed')
    assert.equal(await outcome(store.update(id, version, { payload, expiresAt: LATER }, NOW)), 'store_failed')
    assert.equal(await store.read(id, NOW), null, 'Memcached drops what it cannot replace')
  })
})
