/** What cookieStore() and cookie: take and refuse, and who loads it. Its promises: test/core/backend-cookie*.test.ts. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { inspect, promisify } from 'node:util'
import { createSessions } from '../../src/index.ts'
import { cookieStore } from '../../src/stores/cookie.ts'
import { openStore } from '../../src/stores/open.ts'
import { gatedStore } from '../../src/testing/index.ts'
import { refusal } from '../core/refusal.ts'
import { dataUnder, sealed, sealedVisit, testKey } from '../core/sealed-site.ts'
import { root } from '../markdown.ts'

const bytes = testKey()
const text = Buffer.from(bytes)

/** Asserts that `act` is refused, and that neither message nor stack holds a part of any secret. */
async function refused(act: () => unknown, code: 'bad_option' | 'cannot', part: string, secret = '\0'): Promise<void> {
  await assert.rejects(
    async () => act(),
    (error: unknown) => {
      assert.ok(refusal(code, part)(error), String(error))
      assert.ok(!inspect(error, { depth: 9, showHidden: true }).includes(secret))
      return true
    },
  )
}

suite('keys', () => {
  test('one secret in bytes, base64, base64url or hex is one key', async () => {
    const on = await sealedVisit()
    const spellings = [
      bytes,
      new Uint8Array(bytes),
      text,
      text.toString('base64'),
      text.toString('base64').replaceAll('=', ''),
      text.toString('base64url'),
      text.toString('hex'),
      text.toString('hex').toUpperCase(),
    ]
    assert.notEqual(text.toString('base64'), text.toString('base64url'))
    for (const key of spellings) {
      assert.deepEqual(await dataUnder(sealed({}, { keys: [key] }), on.cookie), { user: 'ada' }, String(key))
    }
  })

  test('a key is copied: changing the bytes afterwards changes nothing', async () => {
    const own = new Uint8Array(bytes)
    const on = sealed({}, { keys: [own] })
    own.fill(0)
    assert.deepEqual(await dataUnder(on, (await sealedVisit()).cookie), { user: 'ada' })
  })

  const guessable: readonly (readonly [what: string, key: unknown, says: string])[] = [
    [
      'a passphrase',
      'correct horse battery staple, and a long one',
      'is not random bytes in base64 or hex: it reads like a passphrase',
    ],
    [
      'a passphrase in the letters of base64',
      'this-is-the-very-long-secret-of-the-whole-company-',
      'is not random bytes in base64 or hex: it reads like a passphrase',
    ],
    [
      'a passphrase in capitals',
      'THISISTHEVERYLONGSECRETOFOURWHOLECOMPANY1234567',
      'is not random bytes in base64 or hex: it reads like a passphrase',
    ],
    ['31 bytes', bytes.subarray(1), 'has 31 bytes of at least 32'],
    ['31 bytes as text', text.subarray(1).toString('base64'), 'has 31 bytes of at least 32'],
    ['31 bytes in hex', text.subarray(1).toString('hex'), 'has 31 bytes of at least 32'],
    ['zeros', new Uint8Array(32), 'repeats itself'],
    ['one letter again and again', 'aA'.repeat(40), 'repeats itself'],
    [
      'base64 with a letter too many',
      `${text.toString('base64url')}AA`,
      'is not random bytes in base64 or hex: it reads like a passphrase',
    ],
    ['an empty text', '', 'is empty'],
    ['nothing, as from an unset variable', undefined, 'is no text'],
    ['a number', 12345, 'is no text'],
  ]
  for (const [what, key, says] of guessable)
    test(`${what} is refused, by its place and without its content`, async () => {
      const secret = typeof key === 'string' && key !== '' ? key : '\0'
      await refused(() => cookieStore({ keys: [bytes, key as string] }), 'bad_option', `keys[1] ${says}`, secret)
      await refused(() => cookieStore({ keys: [key as string] }), 'bad_option', 'openssl rand -base64 32', secret)
    })

  test('none at all are refused, and so are one that is no list, and options that do not exist', async () => {
    await refused(() => cookieStore({ keys: [] }), 'bad_option', 'keys is a list')
    for (const keys of [undefined, text.toString('base64'), null, {}])
      await refused(() => cookieStore({ keys: keys as never }), 'bad_option', 'keys is a list', text.toString('base64'))
    await refused(() => cookieStore({ keys: [bytes], encrypt: 'false' as never }), 'bad_option', 'encrypt is a string')
    await refused(
      () => cookieStore({ keys: [bytes], secret: 'x' } as never),
      'bad_option',
      'no cookieStore option "secret"',
    )
  })

  test('the object shows nothing of them', () => {
    const shown = inspect(cookieStore({ keys: [bytes, text.toString('hex')] }), { depth: 9, showHidden: true })
    assert.ok(!shown.includes(text.toString('hex')) && !shown.includes(`${bytes[0]}, ${bytes[1]}`), shown)
  })
})

suite('what is no store', () => {
  test('every verb rejects: cannot, and says why', async () => {
    const store = cookieStore({ keys: [bytes] })
    const record = { payload: 'x', expiresAt: 1 }
    await refused(() => store.read('a', 0), 'cannot', 'with the visitors')
    await refused(() => store.create('a', record, 0), 'cannot', 'with the visitors')
    await refused(() => store.update('a', 1, record, 0), 'cannot', 'with the visitors')
    await refused(() => store.touch('a', 1, 0), 'cannot', 'with the visitors')
    await refused(() => store.delete('a'), 'cannot', 'with the visitors')
    await refused(() => Array.fromAsync(store.list?.() ?? []), 'cannot', 'with the visitors')
  })

  test('behind a wrapper it is not recognised, and the first save says so', async () => {
    const sessions = createSessions({
      store: gatedStore(cookieStore({ keys: [bytes] })).store,
      cookie: { secure: false },
    })
    const session = await sessions.open({ cookie: undefined, secure: false })
    session.data['a'] = 1
    await refused(() => session.save(), 'cannot', 'without a wrapper')
  })
})

suite('cookie: by URL', () => {
  test('takes keys, the first of which seals, and encrypt', async () => {
    const other = Buffer.from(testKey(2))
    const url = `cookie:?key=${other.toString('base64url')}&key=${text.toString('base64')}`
    const on = sealed({ store: await openStore(url) })
    assert.deepEqual(await dataUnder(on, (await sealedVisit()).cookie), { user: 'ada' })
    const session = await on.open()
    session.data['a'] = 1
    await on.commit(session)
    assert.deepEqual(await dataUnder(sealed({}, { keys: [other] }), on.cookie), { a: 1 })
    const signed = sealed({ store: await openStore(`${url}&encrypt=false`) })
    assert.deepEqual(await dataUnder(signed, (await sealedVisit({ b: 1 }, {}, { encrypt: false })).cookie), { b: 1 })
  })

  test('no error shows a key, wherever it was put by mistake', async () => {
    const key = text.toString('base64url')
    const mistakes = [
      [`cookie:${key}`, 'as a parameter'],
      [`cookie:?${key}`, 'no parameter of the name it was given; it has key, encrypt'],
      [`cookie:?keys=${key}`, 'no parameter "keys"'],
      [`cookie:?key=${key}&encrypt=${key}`, 'encrypt must be true or false'],
      [`cookie:?key=${key.slice(5)}`, 'keys[0] has 28 bytes'],
      ['cookie:', 'keys is a list of secrets'],
      ['cookie:?key=', 'keys[0] is empty'],
    ] as const
    for (const [url, says] of mistakes) await refused(() => openStore(url), 'bad_option', says, key.slice(5))
  })
})

suite('jose', () => {
  test('is imported by the seal alone, and the seal by cookieStore alone', () => {
    const importers = (module: string) =>
      globSync('src/**/*.ts', { cwd: root }).filter((file) =>
        new RegExp(`^import (?!type)[^']*from '.*\\b${module}'`, 'm').test(readFileSync(join(root, file), 'utf8')),
      )
    assert.deepEqual(importers('jose'), ['src/sealing/seal.ts'])
    assert.deepEqual(importers('seal\\.ts'), ['src/stores/cookie.ts'])
    assert.deepEqual(
      importers('stores/(cookie|encrypted)\\.ts')
        .concat(importers('\\./(cookie|encrypted)\\.ts'))
        .filter((file) => file.startsWith('src/stores/')),
      [],
    )
  })

  test('is loaded neither by the core nor by openStore, unless cookie: is opened', async () => {
    const program = `import { registerHooks } from 'node:module'
      registerHooks({ resolve(name, context, next) { if (name === 'jose') console.log('loaded jose'); return next(name, context) } })
      const { createSessions } = await import('coatcheck')
      const { openStore } = await import('coatcheck/stores')
      createSessions({ store: await openStore('memory:') })
      console.log('so far')
      await openStore('cookie:?key=${text.toString('base64url')}')`
    const flags = ['--conditions=coatcheck-source', '--input-type=module', '--eval', program]
    const { stdout } = await promisify(execFile)(process.execPath, flags, { cwd: root })
    assert.equal(stdout, 'so far\nloaded jose\n')
  })
})
