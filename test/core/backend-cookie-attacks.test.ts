/** What somebody without the keys may send, and what somebody with a copy of a cookie gets. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { base64url, CompactEncrypt, CompactSign } from 'jose'
import { createSeal } from '../../src/sealing/seal.ts'
import { refusal } from './refusal.ts'
import { dataUnder, sealed, sealedVisit, testKey } from './sealed-site.ts'
import type { Scene } from './site.ts'

const encoder = new TextEncoder()

/** Asserts that a cookie opens nothing, and that the visitor gets a new session as if there were none. */
async function opensNothing(on: Scene, value: string): Promise<void> {
  assert.deepEqual(await dataUnder(on, `id=${value}`), {}, value)
}

function valueOf(on: Scene): string {
  assert.ok(on.cookie)
  return on.cookie.slice(on.cookie.indexOf('=') + 1)
}

function keyIdIn(on: Scene): string {
  const [header = ''] = valueOf(on).split('.')
  return JSON.parse(new TextDecoder().decode(base64url.decode(header))).kid
}

suite('a cookie that was tampered with', () => {
  for (const encrypt of [true, false]) {
    const kind = encrypt ? 'encrypted' : 'signed'

    test(`${kind}: another character at any place opens nothing`, async () => {
      const on = await sealedVisit({ user: 'ada' }, {}, { encrypt })
      const value = valueOf(on)
      for (let at = 0; at < value.length; at += 1) {
        const old = value.charAt(at)
        // The next letter differs in the last bit, "A" and "-" in others; the last character of a part has spare bits.
        for (const other of ['A', '-', '.', neighbour(old)]) {
          if (other !== old) await opensNothing(on, value.slice(0, at) + other + value.slice(at + 1))
        }
      }
      assert.deepEqual(await on.found(), { user: 'ada' })
    })

    test(`${kind}: a part cut off, emptied, doubled or moved opens nothing`, async () => {
      const on = await sealedVisit({ user: 'ada' }, {}, { encrypt })
      const parts = valueOf(on).split('.')
      for (let at = 0; at < parts.length; at += 1) {
        await opensNothing(on, parts.toSpliced(at, 1).join('.'))
        await opensNothing(on, parts.with(at, '').join('.') === valueOf(on) ? 'x' : parts.with(at, '').join('.'))
        await opensNothing(on, parts.toSpliced(at, 0, parts[at] ?? '').join('.'))
      }
      await opensNothing(on, parts.toReversed().join('.'))
      for (let length = 0; length < valueOf(on).length; length += 1)
        await opensNothing(on, valueOf(on).slice(0, length))
    })

    test(`${kind}: parts of two genuine cookies do not mix`, async () => {
      const [ada, bob] = [
        await sealedVisit({ user: 'ada' }, {}, { encrypt }),
        await sealedVisit({ user: 'bob' }, {}, { encrypt }),
      ]
      const [one, two] = [valueOf(ada).split('.'), valueOf(bob).split('.')]
      // The header is the same in both.
      for (let at = encrypt ? 2 : 1; at < one.length; at += 1)
        await opensNothing(ada, one.with(at, two[at] ?? '').join('.'))
      assert.deepEqual(await dataUnder(ada, bob.cookie), { user: 'bob' })
    })
  }

  test('what is not of the shape is not looked into', async () => {
    const on = await sealedVisit()
    const foreign = [
      '',
      'x',
      'a.b',
      'a.b.c',
      '....',
      'a..b.c',
      'a..b.c.d.e',
      '%00..a.b.c',
      `AAAA..AAAA.${'A'.repeat(4092)}.AAAA`,
      'A'.repeat(43),
    ]
    for (const value of foreign) await opensNothing(on, value)
    const told = on.events.filter(({ name }) => name === 'rejected').map(({ event }) => event)
    assert.deepEqual(
      told,
      Array.from(foreign, () => ({ reason: 'malformed' })),
    )
  })

  test('three thousand random cookies of the shape are refused, and none is an error', async () => {
    const on = sealed()
    let seed = 1
    const random = (below: number) => (seed = (seed * 48_271) % 0x7fffffff) % below
    const part = (length: number) => base64url.encode(Uint8Array.from({ length }, () => random(256)))
    const headers = [
      '{"alg":"dir","enc":"A256GCM","kid":1}',
      '{"alg":"dir","enc":"A256GCM"}',
      '[]',
      '"',
      '{"kid":"__proto__"}',
    ]
    for (let count = 0; count < 3_000; count += 1) {
      const head = random(2) === 0 ? base64url.encode(headers[random(headers.length)] ?? '') : part(1 + random(80))
      await opensNothing(on, `${head}..${part(1 + random(30))}.${part(1 + random(99))}.${part(1 + random(30))}`)
    }
    assert.ok(on.events.every(({ event }) => Object(event).reason === 'signature'))
  })

  test('the event names it by a handle that is no cookie', async () => {
    const on = await sealedVisit()
    const value = valueOf(on)
    await opensNothing(on, `${value.slice(0, -3)}AAA`)
    const { event } = on.events.at(-1) ?? {}
    assert.deepEqual({ ...Object(event), id: '' }, { reason: 'signature', id: '', detail: 'no key opens it' })
    assert.match(Object(event).id, /^[\da-f]{64}$/)
  })
})

suite('a header that asks for another algorithm', () => {
  const claims =
    '["' +
    'A'.repeat(43) +
    '",4102444800000]\n{"v":1,"kind":"live","createdAt":0,"permanent":true,"keys":["user"]}\n"eve"\n'

  test('none, and the algorithms of other families, open nothing with or without encryption', async () => {
    const header = (fields: object) => base64url.encode(JSON.stringify(fields))
    for (const encrypt of [true, false]) {
      const on = await sealedVisit({ user: 'ada' }, {}, { encrypt })
      const kid = keyIdIn(on)
      const body = base64url.encode(claims)
      for (const alg of ALGORITHMS) {
        await opensNothing(on, `${header({ alg, kid })}.${body}.`)
        await opensNothing(on, `${header({ alg, kid })}.${body}.AAAA`)
        await opensNothing(
          on,
          `${header({ alg, enc: 'A256GCM', kid })}..AAAAAAAAAAAAAAAA.${body}.AAAAAAAAAAAAAAAAAAAAAA`,
        )
        for (const enc of ENCRYPTIONS) {
          await opensNothing(on, `${header({ alg, enc, kid })}..AAAAAAAAAAAAAAAA.${body}.AAAAAAAAAAAAAAAAAAAAAA`)
        }
      }
      for (const more of [
        { zip: 'DEF' },
        { crit: ['exp'], exp: 1 },
        { b64: false, crit: ['b64'] },
        { p2c: 2 ** 31, p2s: 'AAAA' },
      ]) {
        await opensNothing(
          on,
          `${header({ alg: 'dir', enc: 'A256GCM', kid, ...more })}..AAAAAAAAAAAAAAAA.${body}.AAAAAAAAAAAAAAAAAAAAAA`,
        )
        await opensNothing(on, `${header({ alg: 'HS256', kid, ...more })}.${body}.AAAA`)
      }
    }
  })

  test('even made with the very secret, what is not sealed our way opens nothing', async () => {
    const on = sealed()
    const signed = sealed({}, { encrypt: false })
    const secret = testKey()
    const made = [
      await new CompactEncrypt(encoder.encode(claims))
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
        .encrypt(secret),
      await new CompactEncrypt(encoder.encode(claims))
        .setProtectedHeader({ alg: 'A256KW', enc: 'A256GCM' })
        .encrypt(secret),
      await new CompactSign(encoder.encode(claims)).setProtectedHeader({ alg: 'HS256' }).sign(secret),
    ]
    for (const value of made) for (const site of [on, signed]) await opensNothing(site, value)
  })

  test('a signed cookie opens nothing where encryption is on, and the other way round', async () => {
    const [open, closed] = [await sealedVisit({ user: 'ada' }, {}, { encrypt: false }), await sealedVisit()]
    await opensNothing(closed, valueOf(open))
    await opensNothing(open, valueOf(closed))
    assert.notEqual(keyIdIn(open), keyIdIn(closed))
    // Not even to the seal itself, without the check of the shape before it.
    const secrets = [Uint8Array.from(testKey())]
    const purpose = 'cookie id'
    assert.equal(await (await createSeal({ secrets, encrypt: true, purpose })).open(valueOf(open)), undefined)
    assert.equal(await (await createSeal({ secrets, encrypt: false, purpose })).open(valueOf(closed)), undefined)
    assert.ok(await (await createSeal({ secrets, encrypt: true, purpose })).open(valueOf(closed)))
  })
})

suite('a genuine cookie in the wrong place', () => {
  for (const encrypt of [true, false])
    test(`${encrypt ? 'encrypted' : 'signed'}: under the name of another cookie it opens nothing`, async () => {
      const cart = await sealedVisit({ admin: true }, { cookie: { name: 'cart', secure: false } }, { encrypt })
      const login = sealed({ cookie: { name: 'login', secure: false } }, { encrypt })
      assert.deepEqual(await dataUnder(login, `login=${valueOf(cart)}`), {})
      assert.deepEqual(await dataUnder(cart, `cart=${valueOf(cart)}`), { admin: true })
    })

  test('behind a foreign cookie of the same name it is still found', async () => {
    const on = await sealedVisit()
    assert.deepEqual(await dataUnder(on, `id=tossed; ${on.cookie}`), { user: 'ada' })
  })

  test('replayed after the logout it opens the session until its deadline, and not a moment longer', async () => {
    const on = await sealedVisit()
    const copy = on.cookie
    const session = await on.open()
    await session.destroy()
    await on.commit(session)
    on.clock.advance(10 * 86_400_000 - 1)
    assert.deepEqual(await dataUnder(on, copy), { user: 'ada' })
    on.clock.advance(1)
    const expired: string[] = []
    on.sessions.on('expired', (event) => expired.push(event.id))
    assert.deepEqual(await dataUnder(on, copy), {})
    assert.deepEqual(expired, [session.id])
  })

  test('a record of a later release opens an empty session, and the event says why', async () => {
    const on = sealed()
    const seal = await createSeal({ secrets: [Uint8Array.from(testKey())], encrypt: true, purpose: 'cookie id' })
    const front = `["${'A'.repeat(43)}",${on.clock.now() + 1}]`
    const empty = '{"v":1,"kind":"live","createdAt":978307200000,"permanent":true,"keys":["a"]}\n1\n'
    for (const [text, detail] of [
      [`${front}\n{"v":2}\n`, 'newer_version'],
      [`${front}\n{"v":1,"kind":"live"`, 'truncated'],
      ['x', 'not_a_record'],
      ['{}\n{}\n', 'not_a_record'],
      [`["short",4102444800000]\n${empty}`, 'not_a_record'],
      [`["${'A'.repeat(43)}","4102444800000"]\n${empty}`, 'not_a_record'],
      [`["${'A'.repeat(43)}",4102444800000,1]\n${empty}`, 'not_a_record'],
    ] as const) {
      await opensNothing(on, await seal.make(text))
      assert.equal(Object(on.events.at(-1)?.event).reason, 'unreadable')
      assert.equal(Object(on.events.at(-1)?.event).detail, detail)
    }
    const record = '{"v":1,"kind":"live","createdAt":978307200000,"permanent":true,"keys":["a"]}\n'
    await opensNothing(on, await seal.make(`${front}\n${record}{"$future":1}\n`))
    assert.equal(Object(on.events.at(-1)?.event).reason, 'unreadable')
    assert.deepEqual(await dataUnder(on, `id=${await seal.make(`${front}\n${record}1\n`)}`), { a: 1 })
  })
})

suite('what an older or newer release put into the head', () => {
  test('stays there when the session is changed or moved', async () => {
    const on = sealed({}, { encrypt: false })
    const seal = await createSeal({ secrets: [Uint8Array.from(testKey())], encrypt: false, purpose: 'cookie id' })
    const head = { v: 1, kind: 'live', createdAt: on.clock.now(), permanent: true, lifetime: 1000, authAt: 5, keys: [] }
    on.cookie = `id=${await seal.make(`["${'A'.repeat(43)}",${on.clock.now() + 1000}]\n${JSON.stringify(head)}\n`)}`
    for (const move of [false, true]) {
      const session = await on.open()
      if (move) await session.regenerate({ keep: true })
      session.data['move'] = move
      await on.commit(session)
      const [, body = ''] = valueOf(on).split('.')
      assert.match(new TextDecoder().decode(base64url.decode(body)), /"lifetime":1000,"authAt":5/)
    }
  })
})

suite('a change of keys', () => {
  const [older, newer] = [testKey(1), testKey(2)]

  test('what the old key sealed opens, is sealed anew with the new one at the next response, and once', async () => {
    for (const activity of [true, false]) {
      const before = await sealedVisit({ user: 'ada' }, {}, { keys: [older] })
      const during = sealed({}, { keys: [newer, older] })
      during.cookie = before.cookie
      const session = await during.open({ activity })
      // The page never asked for the session, and it even failed.
      assert.equal((await during.commit(session, true)).setCookie.length, 1)
      assert.deepEqual((await during.commit(await during.open())).setCookie, [])
      const after = sealed({}, { keys: [newer] })
      const found = await after.sessions.open({ cookie: during.cookie, secure: false })
      const first = await before.open()
      assert.deepEqual(
        [found.id, found.data, found.createdAt, found.expiresAt],
        [first.id, { user: 'ada' }, first.createdAt, first.expiresAt],
      )
    }
  })

  test('the first key seals: a list in the wrong order would be noticed', async () => {
    const on = await sealedVisit({ user: 'ada' }, {}, { keys: [newer, older] })
    assert.deepEqual(await dataUnder(sealed({}, { keys: [newer] }), on.cookie), { user: 'ada' })
    assert.deepEqual(await dataUnder(sealed({}, { keys: [older] }), on.cookie), {})
  })

  test('a key that was removed opens nothing any more', async () => {
    const before = await sealedVisit({ user: 'ada' }, {}, { keys: [older] })
    const after = sealed({}, { keys: [newer] })
    after.cookie = before.cookie
    const session = await after.open()
    assert.deepEqual(session.data, {})
    session.data['new'] = 1
    await after.commit(session)
    assert.deepEqual(await dataUnder(after, after.cookie), { new: 1 })
  })

  test('on a connection the cookie may not travel on, nothing is sealed anew, and nothing is withheld', async () => {
    const cookie = { secure: true }
    const before = sealed({ cookie }, { keys: [older] })
    const session = await before.open({ secure: true })
    session.data['user'] = 'ada'
    await before.commit(session)
    const during = sealed({ cookie }, { keys: [newer, older] })
    during.cookie = before.cookie
    const plain = await during.open({ secure: false })
    assert.deepEqual(plain.data, { user: 'ada' })
    await during.commit(plain)
    assert.deepEqual(during.events, [])
  })

  test('after the head an old seal stays as it is: no error', async () => {
    const before = await sealedVisit({ user: 'ada' }, {}, { keys: [older] })
    const during = sealed({}, { keys: [newer, older] })
    during.cookie = before.cookie
    const session = await during.open()
    await during.commit(session)
    await session.save()
    session.data['late'] = 1
    await assert.rejects(session.save(), refusal('cookie_too_late'))
  })
})

const ALGORITHMS = [
  'none',
  'None',
  '',
  'dir',
  'HS256',
  'HS384',
  'RS256',
  'ES256',
  'EdDSA',
  'A256KW',
  'A256GCMKW',
  'PBES2-HS256+A128KW',
  'ECDH-ES',
]

const ENCRYPTIONS = ['none', 'A256GCM', 'A128GCM', 'A192GCM', 'A128CBC-HS256', 'A256CBC-HS512']

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** The character whose six bits differ in the lowest only. */
function neighbour(character: string): string {
  return ALPHABET[ALPHABET.indexOf(character) ^ 1] ?? 'B'
}
