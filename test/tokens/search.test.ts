/** The search that finds nothing anywhere: it finds what is planted. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { drawTicket } from '../../src/cookie/token.ts'
import { needlesOf } from './needles.ts'
import { searchFor } from './search.ts'
import { assertNoTokens, keep } from './watch.ts'

/** Drawn once for ever, so that a failure repeats itself. */
const HEX = 'c5d1f00e7a36b94582e1ff036bc9a4d27730fb5ee8419d0c66aa12bf90dc3741'
const DRAWN = Buffer.from(HEX, 'hex')
const TOKEN = DRAWN.toString('base64url')
const search = searchFor([...needlesOf(Buffer.alloc(32, 7), 'another'), ...needlesOf(DRAWN, 'the token')])

/** Ways to write it down, made by other means than the needles. */
const SPELT: Readonly<Record<string, Buffer | string>> = {
  token: TOKEN,
  bytes: DRAWN,
  hex: HEX,
  'upper-case hex': HEX.toUpperCase(),
  'hex of the text': Buffer.from(TOKEN).toString('hex'),
  base64: btoa(String.fromCharCode(...DRAWN)),
  'base64 of the text': btoa(TOKEN),
  'base64 of a cookie': btoa(`id=${TOKEN}`),
  'base64url of JSON with it': Buffer.from(JSON.stringify({ cookie: TOKEN })).toString('base64url'),
  'percent-encoded': Array.from(TOKEN, (letter) => `%${letter.charCodeAt(0).toString(16)}`).join(''),
  'its bytes percent-encoded': Array.from(DRAWN, (byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
  'UTF-16': Buffer.from(TOKEN, 'utf16le'),
  'a Buffer in JSON': JSON.stringify(DRAWN),
  'a Uint8Array as it is printed': Array.from(DRAWN).join(', '),
  'cut to half, with a dot before': `.${TOKEN.slice(0, 22)}`,
  'its end': TOKEN.slice(21),
  'a cookie header': `Cookie: theme=dark; id=${TOKEN}; lang=en`,
}

suite('the search for tokens', () => {
  for (const [name, spelt] of Object.entries(SPELT))
    test(`finds ${name}, wherever it begins`, () => {
      const planted = typeof spelt === 'string' ? Buffer.from(spelt) : spelt
      for (const before of [0, 1, 2, 3, 4, 5, 6, 7, 8, 4095, 4096, 20_001]) {
        const finds = search(Buffer.concat([Buffer.alloc(before), planted, Buffer.from(' and so on')]))
        assert.ok(finds.length > 0, `behind ${before} bytes`)
        assert.ok(finds.every((find) => find.name.startsWith('the token') && find.at >= before))
      }
    })

  test('finds neither its hash, nor less than half of it, nor anything in noise', () => {
    const noise = Buffer.concat(Array.from({ length: 20_000 }, (_, n) => Buffer.from(`${Math.sin(n)}`)))
    for (const other of [noise, TOKEN.slice(0, 20), TOKEN.slice(23), '', Buffer.alloc(100_000)])
      assert.deepEqual(search(Buffer.from(other)), [])
  })

  test('says which needle is too short to be found everywhere', () => {
    assert.throws(() => searchFor([{ bytes: Buffer.alloc(14), name: 'this one' }]), /this one is shorter than 15/)
  })
})

test('what is watched: a token that was drawn and kept fails, without being shown', async () => {
  const { token } = await drawTicket()
  keep('a log', `GET /?id=${token}`)
  assert.throws(
    () => assertNoTokens({ tokens: 1, bytes: 1 }),
    (error) => error instanceof Error && /too few/.test(error.message),
  )
  const { createSessions } = await import('../../src/index.ts')
  const sessions = createSessions({ cookie: { secure: false }, sweepEvery: false })
  await sessions.open({ cookie: 'id=malformed', secure: false })
  await sessions.close()
  await assert.rejects(sessions.open({ cookie: undefined, secure: false }), { code: 'closed' })
  assert.throws(
    () => assertNoTokens({ tokens: 1, bytes: 1 }),
    (error) => error instanceof Error && /in a log/.test(error.message) && !error.message.includes(token.slice(0, 20)),
  )
})
