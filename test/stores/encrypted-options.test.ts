/** What encryptedStore() and openStore(url, options) take and refuse, and what they cost who does not use them. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import { inspect, promisify } from 'node:util'
import { MAX_PAYLOAD } from '../../src/record/record.ts'
import { cookieStore } from '../../src/stores/cookie.ts'
import { encryptedStore } from '../../src/stores/encrypted.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { nullStore } from '../../src/stores/null.ts'
import { openStore } from '../../src/stores/open.ts'
import { testClock } from '../../src/testing/index.ts'
import { refusal } from '../core/refusal.ts'
import { testKey } from '../core/sealed-site.ts'
import { scene } from '../core/site.ts'
import { root } from '../markdown.ts'

const keys = [testKey()]
const secret = Buffer.from(testKey()).toString('base64')
const DAY = 86_400_000

suite('options', () => {
  const refused: readonly (readonly [options: unknown, says: string])[] = [
    [undefined, 'takes keys'],
    [null, 'takes keys'],
    [secret, 'keys'],
    [{}, 'keys is a list of secrets'],
    [{ keys: [] }, 'keys is a list of secrets'],
    [{ keys: secret }, 'keys is a list of secrets'],
    [{ keys: [''] }, 'keys[0] is empty'],
    [{ keys: [secret, secret.slice(8)] }, 'keys[1] has 26 bytes of at least 32'],
    [{ keys, ownerKeys: [] }, 'ownerKeys is a list of secrets'],
    [{ keys, ownerKeys: [secret, 'passphrase'] }, 'ownerKeys[1] is not random bytes'],
    [{ keys, purpose: 1 }, 'purpose is no text'],
    [
      { keys, key: secret },
      'no encryptedStore option "key"; there are keys, ownerKeys, purpose, acceptClearUntil, clock',
    ],
    [{ keys, acceptClearUntil: 'soon' }, "write one like '2027-01-31'"],
    [{ keys, acceptClearUntil: Date.now() + DAY }, "write one like '2027-01-31'"],
    [{ keys, acceptClearUntil: true }, "write one like '2027-01-31'"],
    [{ keys, acceptClearUntil: new Date(Date.now() + 401 * DAY) }, 'more than 400 days ahead'],
  ]
  for (const [options, says] of refused)
    test(`${inspect(options).replaceAll('\n', '').slice(0, 70)} is refused: ${says}`, () => {
      const isRefusal = refusal('bad_option', says)
      const check = (error: unknown): boolean =>
        isRefusal(error) && !inspect(error, { showHidden: true }).includes(secret.slice(8))
      assert.throws(() => encryptedStore(memoryStore(), options as never), check)
    })

  test('keys, purposes and owners of any kind work, and keys are copied', async () => {
    const own = testKey()
    const store = encryptedStore(memoryStore(), { keys: [own], ownerKeys: [secret], purpose: '\u0000 ü' })
    own.fill(0)
    await store.create('a'.repeat(64), { payload: 'x', expiresAt: 2, owner: '' }, 1)
    assert.equal((await store.read('a'.repeat(64), 1))?.owner, '')
  })

  test('what the caller does to a record while it is encrypted does not reach the store', async () => {
    const store = encryptedStore(memoryStore(), { keys })
    const id = 'a'.repeat(64)
    const record = { payload: 'original', owner: 'ada', expiresAt: 2 }
    const creating = store.create(id, record, 1)
    record.payload = 'spoilt'
    const { version = 0 } = (await creating) ?? {}
    assert.equal((await store.read(id, 1))?.payload, 'original')
    const updating = store.update(id, version, record, 1)
    record.payload = record.owner = 'spoilt again'
    await updating
    assert.deepEqual(
      { ...(await store.read(id, 1)), version },
      { payload: 'spoilt', owner: 'ada', expiresAt: 2, version },
    )
  })

  test('the store shows nothing of its keys', () => {
    const shown = inspect(encryptedStore(memoryStore(), { keys: [secret], ownerKeys: keys }), {
      depth: 9,
      showHidden: true,
    })
    assert.ok(!shown.includes(secret.slice(0, 8)) && !shown.includes(`${keys[0]?.[0]}, ${keys[0]?.[1]}`), shown)
  })
})

suite('what is wrapped', () => {
  test('has the methods of the store inside, and no others', () => {
    const { list, sweep, close, onEvict, ...least } = memoryStore()
    const verbs = ['create', 'delete', 'name', 'read', 'reseal', 'touch', 'update']
    assert.deepEqual(Object.keys(encryptedStore(least, { keys })).toSorted(), verbs)
    const all = encryptedStore(Object.assign(least, { list, sweep, close, onEvict }), { keys })
    assert.deepEqual(Object.keys(all).toSorted(), [...verbs, 'close', 'list', 'onEvict', 'sweep'].toSorted())
  })

  test('may be an object of a class, and is closed with it', async () => {
    const inner = new (class {
      closed = 0
      readonly #store = memoryStore()
      read(id: string, now: number) {
        return this.#store.read(id, now)
      }
      create(...args: Parameters<ReturnType<typeof memoryStore>['create']>) {
        return this.#store.create(...args)
      }
      update(...args: Parameters<ReturnType<typeof memoryStore>['update']>) {
        return this.#store.update(...args)
      }
      touch(...args: Parameters<ReturnType<typeof memoryStore>['touch']>) {
        return this.#store.touch(...args)
      }
      delete(id: string) {
        return this.#store.delete(id)
      }
      list(filter?: { owner?: string }) {
        return this.#store.list(filter)
      }
      async close() {
        this.closed += 1
      }
    })()
    const on = scene({ store: encryptedStore(inner, { keys }) })
    const session = await on.open()
    session.data['a'] = 1
    await on.commit(session)
    assert.deepEqual(await on.found(), { a: 1 })
    assert.equal((await Array.fromAsync(on.sessions.list())).length, 1)
    await on.sessions.close()
    assert.equal(inner.closed, 1)
  })

  test('is no encrypted store, no cookie and no promise', () => {
    const wrong: readonly (readonly [unknown, string])[] = [
      [encryptedStore(memoryStore(), { keys }), 'encrypts already; put further keys into its own list'],
      [{ ...encryptedStore(memoryStore(), { keys }) }, 'encrypts already'],
      [cookieStore({ keys }), 'encrypted already: by cookieStore'],
      [openStore('memory:'), 'takes a store and its keys'],
      ['memory:', 'takes a store and its keys'],
      [undefined, 'takes a store and its keys'],
    ]
    for (const [inner, says] of wrong)
      assert.throws(() => encryptedStore(inner as never, { keys }), refusal('bad_option', says))
  })

  test('may be the null store: sessions are switched off, whatever else is set', async () => {
    for (const store of [encryptedStore(nullStore(), { keys }), await openStore('null:', { keys })]) {
      const on = scene({ store })
      const session = await on.open()
      session.data['a'] = 1
      await assert.rejects(async () => on.commit(session), refusal('switched_off'))
      assert.equal((await store.reseal()).seen, 0)
    }
  })
})

test('a payload that would be too large once encrypted is refused before the store sees it, by its own limit, too', async () => {
  const inner = memoryStore({ maxBytes: MAX_PAYLOAD * 4 })
  const store = encryptedStore(inner, { keys })
  const id = 'a'.repeat(64)
  const fits = { payload: 'x'.repeat(Math.floor((MAX_PAYLOAD - 64) * 0.75)), expiresAt: 2 }
  assert.ok(await store.create(id, fits, 1))
  assert.equal((await store.read(id, 1))?.payload, fits.payload)
  const tooLarge = { ...fits, payload: 'x'.repeat(Math.ceil(MAX_PAYLOAD * 0.75)) }
  await assert.rejects(store.create('b'.repeat(64), tooLarge, 1), refusal('record_too_large', 'once encrypted'))
  const small = encryptedStore(memoryStore({ maxBytes: 2000 }), { keys })
  assert.ok(await small.create(id, { payload: 'x'.repeat(1000), expiresAt: 2 }, 1))
  await assert.rejects(
    small.create(id.replace('a', 'b'), { payload: 'x'.repeat(1300), expiresAt: 2 }, 1),
    refusal('record_too_large'),
  )
})

suite('by URL', () => {
  test('the store encrypts, and closes what it opened', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'coatcheck-encrypted-'))
    t.after(() => rm(folder, { recursive: true }))
    const url = `file:${folder}`
    const on = scene({ store: await openStore(url, { keys: [secret] }) })
    const session = await on.open()
    session.data['user'] = 'ada'
    await on.commit(session)
    assert.deepEqual(await on.found(), { user: 'ada' })
    await on.sessions.close()
    const plain = scene({ store: await openStore(url) })
    plain.cookie = on.cookie
    assert.deepEqual(await plain.found(), {})
    assert.deepEqual(
      plain.events.map(({ event }) => Object(event).detail),
      ['not_a_record'],
    )
  })

  test('an option that turned out undefined is an error, and nothing is opened', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'coatcheck-encrypted-'))
    t.after(() => rm(folder, { recursive: true }))
    for (const options of [undefined, { keys: undefined }, { keys: [undefined] }, {}])
      await assert.rejects(openStore('memory:', options as never), refusal('bad_option', 'keys'))
    await assert.rejects(openStore('cookie:?key=' + secret, { keys }), refusal('bad_option', 'encrypted already'))
    await assert.rejects(openStore(`file:${folder}/sessions`, { keys: [] }), refusal('bad_option'))
    assert.deepEqual(await readdir(folder), [])
  })

  test('what encrypts is loaded when a store does, and not before', async () => {
    const program = `import { registerHooks } from 'node:module'
      registerHooks({ resolve(name, context, next) { if (name.includes('encrypted.ts')) console.log('loaded'); return next(name, context) } })
      const { openStore } = await import('coatcheck/stores')
      await openStore('memory:')
      console.log('so far')
      await openStore('memory:', { keys: ['${secret}'] })`
    const flags = ['--conditions=coatcheck-source', '--input-type=module', '--eval', program]
    const { stdout } = await promisify(execFile)(process.execPath, flags, { cwd: root })
    assert.equal(stdout, 'so far\nloaded\n')
  })
})

suite('accepting records in clear is said', () => {
  test('by a process warning with the date, once, and only while it lasts', async (t) => {
    const warned = warnings(t)
    const clock = testClock(Date.parse('2026-12-01'))
    for (const acceptClearUntil of ['2026-11-30', '2027-01-31', '2027-01-31'])
      encryptedStore(memoryStore(), { keys, clock, acceptClearUntil })
    assert.deepEqual(await warned(), [
      'records in clear are accepted until 2027-01-31T00:00:00.000Z; call reseal() and take acceptClearUntil out',
    ])
  })
})

/** The process warnings of ours during the test, once those on their way have arrived. */
function warnings(t: TestContext): () => Promise<string[]> {
  const heard: string[] = []
  const hear = (warning: Error): void => {
    if ('code' in warning && warning.code === 'COATCHECK_CLEAR_RECORDS') heard.push(warning.message)
  }
  process.on('warning', hear)
  t.after(() => process.off('warning', hear))
  return async () => {
    await new Promise((resolve) => setImmediate(resolve))
    return heard
  }
}
