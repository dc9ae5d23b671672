/** What the browser holds and what the server files it under. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { suite, test } from 'node:test'
import { randomBytes } from '../../src/runtime/platform.ts'
import { drawTicket, isToken, ticketFor } from '../../src/cookie/token.ts'
import { refusal } from './refusal.ts'

const DRAWS = 20_000

suite('token', () => {
  test('20,000 tickets: all different, each of the 256 bits set half of the time', async () => {
    const tokens = new Set<string>()
    const ids = new Set<string>()
    const set = Array.from({ length: 256 }, () => 0)
    for (let draw = 0; draw < DRAWS; draw += 1) {
      const { token, id } = await drawTicket()
      tokens.add(token)
      ids.add(id)
      const bytes = Buffer.from(token, 'base64url')
      for (let bit = 0; bit < 256; bit += 1)
        if (((bytes[bit >> 3] ?? 0) >> (bit & 7)) & 1) set[bit] = (set[bit] ?? 0) + 1
    }
    assert.equal(tokens.size, DRAWS)
    assert.equal(ids.size, DRAWS)
    // Seven standard deviations: a sound generator fails this once in a thousand million runs, over all bits.
    const allowed = 7 * Math.sqrt(DRAWS / 4)
    for (const [bit, count] of set.entries()) assert.ok(Math.abs(count - DRAWS / 2) < allowed, `bit ${bit}: ${count}`)
  })

  test('the bytes of a million tokens: all different, each bit set half of the time, to 0.3 per cent', () => {
    const tokens = 1_000_000
    const firsts = new BigUint64Array(tokens)
    const seen = new Uint32Array(32 * 256)
    // In large pieces: what a call costs, one by one, would take seconds.
    for (let drawn = 0; drawn < tokens;) {
      const bytes = randomBytes(65_536)
      const words = new BigUint64Array(bytes.buffer)
      for (let start = 0; start < bytes.length && drawn < tokens; start += 32) {
        firsts[drawn] = words[start / 8] ?? 0n
        drawn += 1
        for (let at = 0; at < 32; at += 1) {
          const index = at * 256 + (bytes[start + at] ?? 0)
          seen[index] = (seen[index] ?? 0) + 1
        }
      }
    }
    // By their first 64 bits alone: two of a million agree in them by chance once in 37 million runs.
    firsts.sort()
    let twice = 0
    for (let index = 1; index < tokens; index += 1) if (firsts[index] === firsts[index - 1]) twice += 1
    assert.equal(twice, 0)
    for (let bit = 0; bit < 256; bit += 1) {
      const values = seen.subarray((bit >> 3) * 256, ((bit >> 3) + 1) * 256)
      const set = values.reduce((sum, count, value) => sum + (((value >> (bit & 7)) & 1) === 1 ? count : 0), 0)
      assert.ok(Math.abs(set / tokens - 0.5) < 0.003, `bit ${bit}: ${set}`)
    }
  })

  test('a token is 43 characters of base64url, its ID the SHA-256 of just these in lower-case hex', async () => {
    const { token, id } = await drawTicket()
    assert.match(token, /^[A-Za-z0-9_-]{43}$/)
    assert.equal(id, createHash('sha256').update(token, 'utf8').digest('hex'))
    assert.deepEqual(await ticketFor(token), { token, id })
  })

  test('base64url, to the last bit', async () => {
    for (const fill of [0x00, 0xff, 0xfb, 0xef]) {
      const bytes = new Uint8Array(32).fill(fill)
      assert.equal((await drawTicket(() => bytes)).token, Buffer.from(bytes).toString('base64url'))
    }
  })

  test('the bytes come from the cryptographic generator, 32 a token, and are wiped where they were drawn', async (t) => {
    const draw = crypto.getRandomValues.bind(crypto)
    const drawn: { readonly place: Uint8Array; readonly bytes: Buffer }[] = []
    t.mock.method(crypto, 'getRandomValues', (place: Uint8Array<ArrayBuffer>) => {
      draw(place)
      drawn.push({ place, bytes: Buffer.from(place) })
      return place
    })
    const tokens: string[] = []
    while (drawn.length < 3) tokens.push((await drawTicket()).token)
    // The first of them are of what was drawn before.
    const [first, second] = drawn
    assert.ok(first && second)
    const expected = Array.from({ length: first.bytes.length / 32 }, (_, n) =>
      first.bytes.toString('base64url', 32 * n, 32 * n + 32),
    )
    const from = tokens.indexOf(expected[0] ?? '')
    assert.ok(from !== -1 && expected.length > 1)
    assert.deepEqual(tokens.slice(from, from + expected.length), expected)
    assert.ok(first.place.every((byte) => byte === 0))
    assert.ok(second.bytes.some((byte) => byte !== 0) && second.place.every((byte) => byte === 0))
    const fresh = drawn[2]
    assert.ok(fresh && fresh.place.subarray(0, 32).every((byte) => byte === 0))
    assert.deepEqual(Buffer.from(fresh.place.subarray(32)), fresh.bytes.subarray(32))
  })

  test('a generator that is short of bytes, or gives something else, is refused', () => {
    const bad: readonly unknown[] = [
      new Uint8Array(31),
      new Uint8Array(33),
      new Uint8Array(0),
      new Uint16Array(32),
      Array.from({ length: 32 }, () => 1),
      'x'.repeat(32),
      undefined,
    ]
    for (const bytes of bad)
      assert.throws(
        () => drawTicket(() => bytes as Uint8Array),
        refusal('bad_option', 'randomBytes must return 32 bytes'),
      )
  })

  test('what could be a token, and what could not', () => {
    const good = `${'aZ09_-'.repeat(7)}x`
    assert.ok(isToken(good))
    // prettier-ignore
    const bad = [
      '', good.slice(1), `${good}x`, `${good}\n`, ` ${good.slice(1)}`, `+${good.slice(1)}`, `/${good.slice(1)}`,
      `${good.slice(1)}=`, `${good.slice(1)}.`, `${good.slice(1)}é`, `"${good}"`, '../'.repeat(14) + 'x',
    ]
    for (const value of bad) assert.ok(!isToken(value), JSON.stringify(value))
  })
})
