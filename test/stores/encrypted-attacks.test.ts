/** What somebody can do who reads or writes the store, but has no key. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createBoundSeal } from '../../src/sealing/seal-bound.ts'
import type { EncryptedStore } from '../../src/stores/encrypted.ts'
import { testClock } from '../../src/testing/index.ts'
import { sealedVisit, testKey } from '../core/sealed-site.ts'
import { arrive, moved, refusedAs, vault } from './encrypted-site.ts'
import type { Vault } from './encrypted-site.ts'

const encoder = new TextEncoder()
const NOW = testClock().now()
const CLEAR = {
  payload: '{"v":1,"kind":"live","createdAt":0,"permanent":true,"keys":["user"]}\n"eve"\n',
  expiresAt: NOW + 3_600_000,
}
const [A, B] = ['a'.repeat(64), 'b'.repeat(64)]

/** Two records, and their store with and without encryption. */
async function two(): Promise<{ on: Vault; store: EncryptedStore; ada: string; bob: string }> {
  const on = vault()
  const store = on.store()
  await store.create(A, { ...CLEAR, payload: 'the data of ada', owner: 'ada' }, NOW)
  await store.create(B, { ...CLEAR, payload: 'the data of bob', owner: 'bob' }, NOW)
  const payload = async (id: string) => (await on.inner.read(id, NOW))?.payload ?? ''
  return { on, store, ada: await payload(A), bob: await payload(B) }
}

/** What reading says of a payload that was put in the place of ada's: none of it is ever handed out. */
async function verdict(on: Vault, store: EncryptedStore, payload: string): Promise<string | undefined> {
  await on.tamper(A, { payload })
  const read = await store.read(A, NOW)
  if (read?.unreadable !== undefined) assert.equal(read.payload, '')
  return read?.unreadable
}

suite('a payload that was changed is refused', () => {
  test('another character at any place', async () => {
    const { on, store, ada } = await two()
    for (let at = 0; at < ada.length; at += 1) {
      for (const other of ['A', '.', '\u0141', String.fromCharCode(ada.charCodeAt(at) ^ 1)]) {
        if (other === ada[at]) continue
        const changed = ada.slice(0, at) + other + ada.slice(at + 1)
        assert.match((await verdict(on, store, changed)) ?? '', /^(wrong_seal|unknown_key|not_encrypted)$/, changed)
      }
    }
    assert.equal(await verdict(on, store, ada), undefined)
  })

  test('cut off, lengthened, with its parts mixed up', async () => {
    const { on, store, ada } = await two()
    const start = ada.lastIndexOf('.') + 1
    for (let length = start; length < ada.length; length += 1)
      assert.equal(await verdict(on, store, ada.slice(0, length)), 'wrong_seal', `cut to ${length}`)
    for (const more of ['A', 'AAAA', '=', '====', '.', '\n', ' ', ada.slice(start)])
      assert.equal(await verdict(on, store, ada + more), 'wrong_seal', JSON.stringify(more))
    const bytes = Buffer.from(ada.slice(start), 'base64')
    const [nonce, text, tag] = [bytes.subarray(0, 12), bytes.subarray(12, -16), bytes.subarray(-16)]
    for (const parts of [
      [],
      [nonce],
      [nonce, text],
      [nonce, tag],
      [text, tag],
      [tag, text, nonce],
      [nonce, nonce, text, tag],
    ])
      assert.equal(
        await verdict(on, store, ada.slice(0, start) + Buffer.concat(parts).toString('base64')),
        'wrong_seal',
      )
  })

  test('the same bytes spelt differently', async () => {
    for (const payload of ['the data of ada', 'the data of ada.', 'the data of ada..']) {
      const { on, store } = await two()
      const version = (await store.read(A, NOW))?.version ?? 0
      await store.update(A, version, { ...CLEAR, payload }, NOW)
      const sealed = (await on.inner.read(A, NOW))?.payload ?? ''
      const others = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')
        .map((letter) => sealed.replace(/.(?==*$)/, letter))
        .concat(
          sealed.replace(/=+$/, ''),
          sealed.replaceAll('+', '-').replaceAll('/', '_'),
          sealed.replace(/(.{40})/, '$1\n'),
          sealed.replace(/(.{40})/, '$1 '),
        )
        .filter((other) => other !== sealed)
      for (const other of others) assert.equal(await verdict(on, store, other), 'wrong_seal', other)
      assert.equal(await verdict(on, store, sealed), undefined)
    }
  })
})

suite('a payload in a foreign place is refused', () => {
  test("another session's, whole or in parts", async () => {
    const { on, store, ada, bob } = await two()
    assert.equal(await verdict(on, store, bob), 'wrong_seal')
    const half = Math.floor(ada.length / 8) * 4 + 2
    assert.equal(await verdict(on, store, ada.slice(0, half) + bob.slice(half)), 'wrong_seal')
  })

  test('one of the same ID that was made for another purpose', async () => {
    const { on, ada } = await two()
    for (const purpose of ['shop', 'shop ', ' ']) {
      assert.equal(await verdict(on, on.store({ purpose }), ada), 'unknown_key', purpose)
      await on.store({ purpose }).update(A, (await on.inner.read(A, NOW))?.version ?? 0, CLEAR, NOW)
      assert.equal((await on.store({ purpose }).read(A, NOW))?.payload, CLEAR.payload)
      assert.equal((await on.store().read(A, NOW))?.unreadable, 'unknown_key')
    }
  })

  test('a cookie that was sealed with the same key', async () => {
    const { on, store, ada } = await two()
    const { cookie = '' } = await sealedVisit({ user: 'eve' })
    const value = cookie.slice(cookie.indexOf('=') + 1)
    assert.equal(await verdict(on, store, value), 'not_encrypted')
    const [, , iv = '', ciphertext = '', tag = ''] = value
      .split('.')
      .map((part) => Buffer.from(part, 'base64url').toString('latin1'))
    const disguised = Buffer.from(iv + ciphertext + tag, 'latin1').toString('base64')
    assert.equal(await verdict(on, store, ada.slice(0, ada.lastIndexOf('.') + 1) + disguised), 'wrong_seal')
  })

  test('for a visitor it is as if there were nothing, and the event says why', async () => {
    const on = vault()
    const ada = await arrive(on.visitor(), { user: 'ada' })
    const { id: adas } = await ada.open()
    const bob = await arrive(on.visitor(), { user: 'bob' })
    const { id: bobs } = await bob.open()
    const payload = async (id: string) => (await on.inner.read(id, on.clock.now()))?.payload ?? ''
    const [one, other] = [await payload(adas), await payload(bobs)]
    await on.tamper(adas, { payload: other })
    await on.tamper(bobs, { payload: one })
    for (const visitor of [ada, bob]) {
      assert.deepEqual(await visitor.found(), {})
      assert.deepEqual(refusedAs(visitor), ['unreadable', 'wrong_seal'])
      assert.deepEqual(await Array.fromAsync(visitor.sessions.list()), [])
    }
    assert.equal((await ada.open()).isNew, true)
  })
})

suite('what stands before the ciphertext chooses among our keys, and nothing else', () => {
  test('other formats, key IDs and spellings', async () => {
    const { on, store, ada } = await two()
    const [format = '', kid = '', rest = ''] = ada.split('.')
    assert.deepEqual([format, kid.length], ['sealed1', 8])
    for (const other of [
      '',
      '__proto__',
      'constructor',
      'toString',
      kid.toLowerCase() + kid,
      ` ${kid}`,
      `${kid} `,
      kid.slice(1),
    ])
      assert.equal(await verdict(on, store, `${format}.${other}.${rest}`), 'unknown_key', other)
    for (const other of ['sealed0', 'sealed2', 'SEALED1', 'sealed', 'none', '', 'eyJhbGciOiJub25lIn0'])
      assert.equal(await verdict(on, store, `${other}.${kid}.${rest}`), 'not_encrypted', other)
    for (const changed of [`${format}..${kid}.${rest}`, `${format}.${rest}`, `${format}.`])
      assert.equal(await verdict(on, store, changed), 'unknown_key', changed)
    for (const changed of [
      `${format}.${kid}.`,
      `${format}.${kid}..${rest}`,
      `${format}.${kid}.${kid}.${rest}`,
      `${format}.${kid}.${kid}`,
    ])
      assert.equal(await verdict(on, store, changed), 'wrong_seal', changed)
  })

  test('a text encrypted with the secret itself, or with a key everybody has, under our key ID', async () => {
    const { on, store, ada } = await two()
    const text = encoder.encode(`["eve"]\n${CLEAR.payload}`)
    for (const secret of [testKey(1), new Uint8Array(32)])
      for (const additionalData of [encoder.encode(A), new Uint8Array()]) {
        const key = await crypto.subtle.importKey('raw', Uint8Array.from(secret), 'AES-GCM', false, ['encrypt'])
        const iv = new Uint8Array(12)
        const forged = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData }, key, text)
        const bytes = Buffer.concat([iv, new Uint8Array(forged)]).toString('base64')
        assert.equal(await verdict(on, store, ada.slice(0, ada.lastIndexOf('.') + 1) + bytes), 'wrong_seal')
      }
  })

  test('the ID of a key is part of what must be right', async () => {
    const seal = await createBoundSeal({ secrets: [Uint8Array.from(testKey())], purpose: 'test' })
    const sealed = await seal.make('text', A)
    assert.equal((await seal.open(sealed, A))?.text, 'text')
    assert.equal(await seal.open(sealed.replace(/\..{8}\./, '.AAAAAAAA.'), A), undefined)
  })

  test('a record of one key under the ID of another', async () => {
    const on = vault()
    const both = on.store({ keys: [testKey(1), testKey(2)] })
    await on.store({ keys: [testKey(2)] }).create(A, { ...CLEAR, payload: 'old' }, NOW)
    await both.create(B, { ...CLEAR, payload: 'new' }, NOW)
    const [old = '', current = ''] = (await on.stolen()).map(({ payload }) => payload)
    assert.equal((await both.read(A, NOW))?.payload, 'old')
    assert.equal(
      await verdict(on, both, current.slice(0, current.lastIndexOf('.')) + old.slice(old.lastIndexOf('.'))),
      'wrong_seal',
    )
  })
})

suite('a removed key opens nothing', () => {
  test('neither as it is nor under the ID of a key in use, and the visitor begins anew', async () => {
    const on = vault()
    const ada = await arrive(on.visitor({ keys: [testKey(2)] }), { user: 'ada' })
    assert.deepEqual(await ada.found(), { user: 'ada' })
    const later = moved(on.visitor({ keys: [testKey(1), testKey(3)] }), ada)
    assert.deepEqual(await later.found(), {})
    assert.deepEqual(refusedAs(later), ['unreadable', 'unknown_key'])
    await arrive(later, { user: 'again' })
    assert.notEqual(later.cookie, ada.cookie)
    // Whoever has the old key can make such a record, but not one of the others.
    const [old, current] = await on.stolen()
    assert.ok(old && current)
    const disguised =
      current.payload.slice(0, current.payload.lastIndexOf('.')) + old.payload.slice(old.payload.lastIndexOf('.'))
    await on.tamper(old.id, { payload: disguised })
    assert.deepEqual(await moved(on.visitor(), ada).found(), {})
  })
})

suite('there is no way back to records in clear (CVE-2026-39324)', () => {
  test('one that was put there is refused', async () => {
    const on = vault()
    const eve = await arrive(on.clear(), { user: 'admin' })
    const before = moved(on.visitor(), eve)
    assert.deepEqual(await before.found(), {})
    assert.deepEqual(refusedAs(before), ['unreadable', 'not_encrypted'])
  })

  test('what does not decrypt is refused even while records in clear are accepted', async () => {
    const { on, store, ada } = await two()
    const open = on.store({ acceptClearUntil: new Date(on.clock.now() + 1000) })
    assert.equal(
      await verdict(on, open, `${ada.slice(0, 40)}${ada[40] === 'A' ? 'B' : 'A'}${ada.slice(41)}`),
      'wrong_seal',
    )
    assert.equal(
      await verdict(on, on.store({ keys: [testKey(5)], acceptClearUntil: new Date(on.clock.now() + 1000) }), ada),
      'unknown_key',
    )
    assert.equal(await verdict(on, store, ada), undefined)
  })
})

suite('the owner is the one inside', () => {
  for (const ownerKeys of [undefined, [testKey(3)]])
    test(`somebody who changes the one outside gains nothing${ownerKeys ? ', hashed or not' : ''}`, async () => {
      const on = vault()
      const options = ownerKeys ? { ownerKeys } : {}
      const eve = await arrive(on.visitor(options), {}, 'eve')
      const admin = await arrive(on.visitor(options), {}, 'admin')
      const eves = (await eve.open()).id
      const admins = (await on.stolen()).find(({ id }) => id !== eves)
      assert.ok(admins?.owner !== undefined)
      for (const owner of [admins.owner, 'admin']) {
        await on.tamper(eves, { owner })
        assert.equal((await eve.open({ activity: false })).owner, 'eve')
        const found = await Array.fromAsync(admin.sessions.list({ owner: 'admin' }))
        assert.deepEqual(
          found.map(({ id }) => id),
          [admins.id],
        )
      }
      assert.deepEqual(
        new Set((await Array.fromAsync(eve.sessions.list())).map(({ owner }) => owner)),
        new Set(['admin', 'eve']),
      )
      // The next commit puts it right.
      await eve.commit(await eve.open())
      assert.equal((await Array.fromAsync(eve.sessions.list({ owner: 'eve' }))).length, 1)
    })
})

test('a thief finds nothing of the data, and with hashed owners nothing of those', async () => {
  const on = vault()
  await arrive(on.visitor({ ownerKeys: [testKey(3)] }), { confidential: 'kept from thieves' }, 'somebody@example.org')
  const found = JSON.stringify(await on.stolen())
  // Long enough that random letters do not make them.
  for (const word of ['confidential', 'from thieves', 'somebody', 'example.org', 'superseded', 'createdAt'])
    for (const form of [word, Buffer.from(word).toString('hex'), Buffer.from(word).toString('base64').slice(0, 8)])
      assert.ok(!found.includes(form), form)
  assert.match((await on.stolen())[0]?.owner ?? '', /^[\w-]{43}$/)
})
