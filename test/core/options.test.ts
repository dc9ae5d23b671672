/** Options: what is refused, what is resolved, what is said about it. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { suite, test } from 'node:test'
import { promisify } from 'node:util'
import { systemClock } from '../../src/runtime/clock.ts'
import { createSessions } from '../../src/index.ts'
import { resolvePolicy } from '../../src/options/options.ts'
import type { Store } from '../../src/index.ts'
import { cookieStore } from '../../src/stores/cookie.ts'
import { encryptedStore } from '../../src/stores/encrypted.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { nullStore } from '../../src/stores/null.ts'
import { refusal } from './refusal.ts'

const DAY = 86_400_000
const store = memoryStore()

suite('options that cannot work are refused at construction, naming the option and the mend', () => {
  const { read: _, touch: __, ...partial } = store
  const cases: Readonly<Record<string, readonly [options: object, ...parts: (string | RegExp)[]]>> = {
    'an unknown one': [{ secret: 'x' }, 'no option "secret"', 'lifetime, absoluteLifetime'],
    'a slip of the pen': [{ lifeTime: '1d' }, '"lifeTime"', 'lifetime'],
    'a name objects inherit': [JSON.parse('{ "__proto__": 1 }'), '"__proto__"'],
    'a lifetime in numbers': [{ lifetime: 3600 }, 'lifetime is the number 3600', "'30m'"],
    'a lifetime without a unit': [{ lifetime: '3600' }, 'lifetime is "3600"', "'30m'"],
    'half a pair of lifetimes': [{ lifetime: { permanent: '1d' } }, 'lifetime.browser is undefined', "'30m'"],
    'the other half': [{ lifetime: { browser: '1d' } }, 'lifetime.permanent is undefined', "'30m'"],
    'an absolute lifetime that is none': [{ absoluteLifetime: 0 }, 'absoluteLifetime is the number 0', "'30m'"],
    'an absolute lifetime of true': [{ absoluteLifetime: true }, 'absoluteLifetime is true', "'30m'"],
    'an absolute one below the idle one': [
      { lifetime: '2d', absoluteLifetime: '1d' },
      'absoluteLifetime 1d is shorter',
      'shorten lifetime',
    ],
    'an absolute one below one of the idle ones': [
      { lifetime: { permanent: '1d', browser: '3d' }, absoluteLifetime: '2d' },
      'absoluteLifetime 2d is shorter',
    ],
    'a policy that does not exist': [{ onConflict: 'mine' }, 'onConflict is "mine"', "'ours'", "'theirs'", "'error'"],
    'an outage without a policy': [{ onStoreError: 'ignore' }, 'onStoreError is "ignore"', "'anonymous'"],
    'request information that is none': [{ requestInfo: { path: '/' } }, 'requestInfo is no function'],
    'a log key that can be guessed': [{ logKey: 'fifteen letters' }, 'logKey is a secret of at least 16 bytes'],
    'a renewal in numbers': [{ renewAfter: 900 }, 'renewAfter is the number 900', "'30m'"],
    'a renewal of true': [{ renewAfter: true }, 'renewAfter is true', "'30m'"],
    'a grace in numbers': [{ renewAfter: '1h', renewGrace: 60 }, 'renewGrace is the number 60', "'30m'"],
    'a grace without a renewal': [{ renewGrace: '60s' }, 'renewGrace has no effect without renewAfter'],
    'a grace that reaches the next renewal': [
      { renewAfter: '5m', renewGrace: '300s' },
      'renewAfter 5m must be longer than renewGrace (300s)',
    ],
    'a renewal within the default grace': [{ renewAfter: '60s' }, 'must be longer than renewGrace (60s)'],
    'a renewal of cookies that hold the session': [
      { store: cookieStore({ keys: [randomBytes(32)] }), renewAfter: '15m' },
      'renewAfter needs a store',
    ],
    'no time for the store': [{ storeTimeout: '0s' }, 'storeTimeout is "0s"', "'90s'"],
    'a sweep in numbers': [{ sweepEvery: 300 }, 'sweepEvery is the number 300', "'30m'"],
    'a word for a flag': [{ permanent: 'false' }, 'permanent is "false"', 'true or false'],
    'a number for a flag': [{ dropChangesOnError: 0 }, 'dropChangesOnError is 0', 'true or false'],
    'a cookie that is a name': [{ cookie: 'sid' }, 'cookie is "sid"', 'cookie: { name'],
    'a cookie made for each request': [{ cookie: () => ({}) }, 'cookie is function', 'cookie: { name'],
    'an unknown cookie option': [{ cookie: { maxAge: 5 } }, 'cookie.maxAge', 'lifetime'],
    'nothing to clear': [{ clearSiteData: [] }, 'clearSiteData is []', "['cache', 'storage']"],
    'a word for what to clear': [{ clearSiteData: 'cache' }, 'clearSiteData is "cache"', "['cache', 'storage']"],
    'something else to clear': [{ clearSiteData: ['cache', 'a", "b'] }, 'clearSiteData has "a\\", \\"b"', 'storage'],
    'a store that is an address': [{ store: 'redis://localhost' }, 'store is "redis://localhost"', 'openStore'],
    'a store still to come': [{ store: Promise.resolve(store) }, 'store is a promise', 'await openStore'],
    'a store without verbs': [{ store: partial }, 'store has no read(), no touch()'],
    'no store at all': [{ store: null }, 'store is null', 'openStore'],
    'bytes instead of a generator': [{ randomBytes: new Uint8Array(32) }, 'randomBytes is no function'],
    'a generator that is short': [{ randomBytes: () => new Uint8Array(16) }, 'randomBytes must return 32 bytes'],
  }
  for (const [name, [options, ...parts]] of Object.entries(cases))
    test(name, () => {
      assert.throws(() => createSessions({ store, ...options }), refusal('bad_option', ...parts))
    })
})

suite('options that work', () => {
  test('every default', () => {
    const { cookie, clock, ...policy } = resolvePolicy({})
    assert.deepEqual(policy, {
      lifetime: { permanent: 31 * DAY, browser: DAY },
      absolute: 90 * DAY,
      renewal: undefined,
      permanent: true,
      ownerLimit: undefined,
      clearSiteData: undefined,
      onConflict: 'ours',
      onStoreError: 'error',
      requestInfo: undefined,
      logKey: undefined,
      storeTimeout: 5_000,
      dropChangesOnError: true,
      sweepEvery: 300_000,
      randomBytes: undefined,
      validation: undefined,
    })
    assert.equal(clock, systemClock)
    assert.equal(cookie.name, 'id')
  })

  test('undefined is the same as left out', () => {
    const names = [
      'store',
      'lifetime',
      'absoluteLifetime',
      'renewAfter',
      'renewGrace',
      'permanent',
      'cookie',
      'onConflict',
      'onStoreError',
      'requestInfo',
      'logKey',
      'storeTimeout',
      'sweepEvery',
    ]
    const options = Object.fromEntries(names.map((name) => [name, undefined]))
    const { cookie: _, ...resolved } = resolvePolicy(options)
    const { cookie: __, ...defaults } = resolvePolicy({})
    assert.deepEqual(resolved, defaults)
  })

  test('a default absolute lifetime never cuts into a longer idle one, and false is none', () => {
    assert.equal(resolvePolicy({ lifetime: '200d' }).absolute, 200 * DAY)
    assert.equal(resolvePolicy({ lifetime: { permanent: '1d', browser: '95d' } }).absolute, 95 * DAY)
    assert.equal(resolvePolicy({ absoluteLifetime: false }).absolute, Infinity)
    assert.equal(resolvePolicy({ lifetime: '2d', absoluteLifetime: '2d' }).absolute, 2 * DAY)
    assert.equal(resolvePolicy({ sweepEvery: false }).sweepEvery, false)
    assert.equal(resolvePolicy({ renewAfter: false }).renewal, undefined)
    assert.deepEqual(resolvePolicy({ renewAfter: '61s' }).renewal, { after: 61_000, grace: 60_000 })
    assert.deepEqual(resolvePolicy({ renewAfter: '1h', renewGrace: '10m' }).renewal, { after: 3.6e6, grace: 6e5 })
  })

  test('what was passed in is not changed, nor watched', async () => {
    const options = { store, lifetime: { permanent: '2d', browser: '1d' }, cookie: { name: 'a' } } as const
    const before = JSON.stringify(options)
    const sessions = createSessions(options)
    Object.assign(options.lifetime, { permanent: '9d' })
    Object.assign(options.cookie, { name: 'b' })
    const session = await sessions.open({ cookie: undefined, secure: false })
    assert.equal(sessions.cookieName, 'a')
    assert.ok(session.expiresAt - session.createdAt <= 2 * DAY + 60_000)
    assert.match(before, /"2d"/)
    assert.ok(Object.isFrozen(resolvePolicy(options)))
    await sessions.close()
  })

  test('secure by NODE_ENV alone, and an option beats it', async () => {
    const run = promisify(execFile)
    const code = `
      import { createSessions } from 'coatcheck'
      import { memoryStore } from 'coatcheck/stores/memory'
      const names = [{}, { secure: false }, { secure: true }]
      console.log(names.map((cookie) => createSessions({ store: memoryStore(), cookie }).cookieName).join())`
    const results = { production: '__Host-id,id,__Host-id', development: 'id,id,__Host-id', '': 'id,id,__Host-id' }
    for (const [NODE_ENV, names] of Object.entries(results)) {
      const { stdout } = await run(
        process.execPath,
        ['--conditions=coatcheck-source', '--input-type=module', '-e', code],
        { cwd: new URL('../..', import.meta.url), env: { PATH: process.env['PATH'], NODE_ENV } },
      )
      assert.equal(stdout.trim(), names, `NODE_ENV=${NODE_ENV}`)
    }
  })
})

suite('describe() says the effective policy in words', () => {
  test('the defaults', () => {
    assert.equal(
      createSessions({ store }).describe(),
      [
        'A session ends 31 days after its last visit, or 1 day when its cookie ends with the browser window.',
        "It ends 90 days after it began, or after its owner's last login(), in any case.",
        'Its ID stays until regenerate().',
        'New sessions outlive the browser window.',
        'The cookie is id, also sent over plain http, out of reach of scripts.',
        'Sessions are kept in memory.',
        'They can be listed, and ended by owner.',
        'When two requests change one key, a deletion wins; otherwise the answer is "ours".',
        'A store call may take 5 seconds; a request whose session cannot be read then gets an error.',
        'Dead records are removed about every 5 minutes.',
      ].join('\n'),
    )
  })

  test('everything turned around', () => {
    const sessions = createSessions({
      store,
      lifetime: '90m',
      absoluteLifetime: false,
      renewAfter: '15m',
      permanent: false,
      cookie: { secure: true },
      onConflict: ({ ours }) => ours,
      onStoreError: 'anonymous',
      storeTimeout: '1500ms',
      sweepEvery: false,
    })
    assert.equal(
      sessions.describe(),
      [
        'A session ends 90 minutes after its last visit.',
        'It has no absolute end.',
        'Its ID is renewed by the first visit after 15 minutes; the old one leads there for 1 minute.',
        'New sessions end with the browser window.',
        'The cookie is __Host-id, sent over https only, out of reach of scripts.',
        'Sessions are kept in memory.',
        'They can be listed, and ended by owner.',
        'When two requests change one key, a deletion wins; otherwise your function decides.',
        'A store call may take 1500 milliseconds; a request whose session cannot be read then gets an anonymous session that is never saved.',
        'Dead records are removed by sessions.sweep() alone.',
      ].join('\n'),
    )
  })
})

suite('describe() says of the store', () => {
  const said = (given: Store): readonly string[] =>
    createSessions({ store: given })
      .describe()
      .split('\n')
      .filter((line) => /kept in|listed|Dead|dead/.test(line))
  const keys = [randomBytes(32)]

  test('its name, and whether it encrypts', () => {
    const { name: _, ...nameless } = store
    assert.equal(said(memoryStore())[0], 'Sessions are kept in memory.')
    assert.equal(said(encryptedStore(memoryStore(), { keys }))[0], 'Sessions are kept in memory, encrypted.')
    assert.equal(said(nameless)[0], 'Sessions are kept in a store without a name.')
    assert.equal(said(encryptedStore(nameless, { keys }))[0], 'Sessions are kept in a store, encrypted.')
    assert.equal(said(nullStore())[0], 'Sessions are kept in nothing: sessions are switched off.')
  })

  test('what it can do, and no sweeping where it does that by itself', () => {
    const { list: _, sweep: __, ...plain } = memoryStore()
    assert.deepEqual(said(plain).slice(1), [
      'They cannot be listed, nor ended by owner.',
      'The store removes dead records by itself.',
    ])
  })
})

suite('the machine’s clock', () => {
  test('a wait longer than timers can count is no wait of a millisecond', async () => {
    let fired = false
    const cancel = systemClock.after(400 * DAY, () => {
      fired = true
    })
    await systemClock.sleep(20)
    cancel()
    assert.equal(fired, false)
  })
})
