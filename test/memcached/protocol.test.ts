import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { MalformedReply, type Reply, replyReader } from '../../src/stores/memcached-protocol.ts'
import { dice } from '../fixtures/file-harness.ts'

interface Outcome {
  readonly replies: readonly Reply[]
  readonly malformed: string | null
}

/** What the reader makes of `pieces`. Anything it throws but a MalformedReply fails the test. */
function read(pieces: readonly Uint8Array[]): Outcome {
  const replies: Reply[] = []
  const reader = replyReader((reply) => {
    // Values are views on the pieces.
    replies.push(reply.value === undefined ? reply : { ...reply, value: Uint8Array.from(reply.value) })
  })
  try {
    for (const piece of pieces) reader(piece)
  } catch (error) {
    assert.ok(error instanceof MalformedReply, String(error))
    return { replies, malformed: error.message }
  }
  return { replies, malformed: null }
}

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')
const singly = (whole: Buffer): Buffer[] => Array.from(whole, (byte) => Buffer.of(byte))
const value = (text: string): Uint8Array => Uint8Array.from(bytes(text))

const STREAM = bytes(
  'HD c12 Oa\r\nEN\r\nVA 5 c3 Ob\r\nab\r\nc\r\nVA 0 c4\r\n\r\nSTAT pid 7\r\nSTAT path /a b\r\nEND\r\nEND\r\n' +
    'SERVER_ERROR out of memory\r\nVA 11 c5\r\nEND\r\nEN\r\n\0\xff\r\nNF Oz\r\n',
)

const REPLIES: readonly Reply[] = [
  { code: 'HD', words: ['c12', 'Oa'] },
  { code: 'EN', words: [] },
  { code: 'VA', words: ['c3', 'Ob'], value: value('ab\r\nc') },
  { code: 'VA', words: ['c4'], value: value('') },
  { code: 'END', words: ['pid 7', 'path /a b'] },
  { code: 'END', words: [] },
  { code: 'SERVER_ERROR', words: ['out', 'of', 'memory'] },
  { code: 'VA', words: ['c5'], value: value('END\r\nEN\r\n\0\xff') },
  { code: 'NF', words: ['Oz'] },
]

const MALFORMED: Readonly<Record<string, string>> = {
  'a line that ends with LF alone': 'HD\n',
  'no code': '\r\n',
  'words of another protocol': 'HTTP/1.1 400 Bad Request\r\n',
  'a code in small letters': 'hd\r\n',
  'a line without an end': 'HD '.padEnd(5000, 'x'),
  'a line without an end, of zeros': '\0'.repeat(5000),
  'a value without a size': 'VA\r\n',
  'a size that is no number': 'VA x1\r\n',
  'a size below zero': 'VA -1\r\n',
  'a size no server can have': 'VA 1073741825\r\n',
  'a size with too many digits': 'VA 99999999999999999999\r\n',
  'a value longer than announced': 'VA 1\r\nab\r\n',
  'a value shorter than announced': 'VA 3\r\nab\r\nHD\r\n',
  'a list that breaks off': 'STAT pid 7\r\nHD\r\n',
  'a list that does not end': 'STAT pid 7\r\n'.repeat(2001),
}

suite('memcached, replies', () => {
  test('they are the same in one piece, byte by byte, and split in two at every byte', () => {
    assert.deepEqual(read([STREAM]), { replies: REPLIES, malformed: null })
    assert.deepEqual(read(singly(STREAM)).replies, REPLIES)
    for (let at = 0; at <= STREAM.length; at++)
      assert.deepEqual(read([STREAM.subarray(0, at), STREAM.subarray(at)]).replies, REPLIES, `split at ${at}`)
  })

  for (const [name, text] of Object.entries(MALFORMED))
    test(`malformed: ${name}`, () => {
      for (const pieces of [[bytes(text)], singly(bytes(text))]) {
        const { replies, malformed } = read([bytes('HD c1\r\n'), ...pieces])
        assert.deepEqual(replies, [{ code: 'HD', words: ['c1'] }], 'what came before it counts, nothing after')
        assert.notEqual(malformed, null)
      }
    })

  test('an announced value costs no memory before it comes', () => {
    const before = process.memoryUsage().arrayBuffers
    const readers = Array.from({ length: 20 }, () => replyReader(() => {}))
    for (const reader of readers) reader(bytes('VA 1073741824 c1\r\nx'))
    assert.ok(process.memoryUsage().arrayBuffers - before < 10_000_000)
  })

  test('4,000 damaged streams: replies or a MalformedReply, the same however they are split', () => {
    const seen = { whole: 0, malformed: 0, cut: 0 }
    for (let seed = 1; seed <= 4000; seed++) {
      const random = dice(seed)
      const stream = damaged(STREAM, random)
      const whole = read([stream])
      const pieces: Buffer[] = []
      for (let at = 0; at < stream.length;) {
        const next = at + 1 + random(12)
        pieces.push(stream.subarray(at, next))
        at = next
      }
      assert.deepEqual(read(pieces), whole, `seed ${seed}`)
      if (whole.malformed !== null) seen.malformed++
      else if (whole.replies.length < REPLIES.length) seen.cut++
      else seen.whole++
    }
    // The damage is of every kind: otherwise this test would show little.
    for (const [kind, count] of Object.entries(seen)) assert.ok(count > 100, `${kind}: ${count}`)
  })
})

/** One to three bytes changed, put in, taken out, or the rest cut off; one in four is random altogether. */
function damaged(original: Buffer, random: (below: number) => number): Buffer {
  if (random(4) === 0) {
    const noise = 'HDVAENSTATEND 0123456789cO\r\n\r\n\0\xff'
    return bytes(Array.from({ length: random(120) }, () => noise[random(noise.length)]).join(''))
  }
  let stream = Buffer.from(original)
  for (let times = random(3); times >= 0; times--) {
    const at = random(stream.length)
    const [before, after] = [stream.subarray(0, at), stream.subarray(at)]
    const byte = Buffer.of(random(256))
    stream =
      [
        () => Buffer.concat([before, byte, after.subarray(1)]),
        () => Buffer.concat([before, byte, after]),
        () => Buffer.concat([before, after.subarray(1)]),
        () => Buffer.from(before),
      ][random(4)]?.() ?? stream
    if (stream.length === 0) return stream
  }
  return stream
}
