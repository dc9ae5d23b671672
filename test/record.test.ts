import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { SessionError } from '../src/errors.ts'
import { decodeRecord, encodeRecord, MAX_PAYLOAD, type Json, type RecordHead } from '../src/record/record.ts'

// A fixed seed: a failure on one machine is the same failure on the next.
fc.configureGlobal({ seed: 20_260_131, numRuns: 500 })

const HEAD: RecordHead = { kind: 'live', createdAt: 1763722800000, permanent: true }
const LINES: ReadonlyMap<string, string> = new Map([
  ['visits', '3'],
  ['cart', '{"items":[]}'],
])

/** Any UTF-16, half surrogates and NUL included. */
const texts = fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units))
const json = fc.jsonValue().map((value): Json => JSON.parse(JSON.stringify(value)))
const times = fc.double({ noNaN: true, noDefaultInfinity: true }).map((time) => time + 0)
const heads: fc.Arbitrary<RecordHead> = fc.record(
  {
    kind: fc.constantFrom('live', 'superseded'),
    createdAt: times,
    permanent: fc.boolean(),
    lifetime: times,
    authAt: times,
    note: fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), texts, { noNullPrototype: true }),
    meta: fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), json, { noNullPrototype: true }),
  },
  { requiredKeys: ['kind', 'createdAt', 'permanent'], noNullPrototype: true },
)

test('a record is one line of JSON for the head and one for each key', () => {
  const payload = encodeRecord(HEAD, LINES)
  assert.equal(
    payload,
    '{"v":1,"kind":"live","createdAt":1763722800000,"permanent":true,"keys":["visits","cart"]}\n3\n{"items":[]}\n',
  )
  assert.deepEqual(decodeRecord(payload), { head: HEAD, lines: LINES })
})

test('a record without data, and one with every head field, come back as they were', () => {
  assert.deepEqual(decodeRecord(encodeRecord(HEAD, new Map())), { head: HEAD, lines: new Map() })
  const full: RecordHead = {
    kind: 'superseded',
    createdAt: 0,
    permanent: false,
    lifetime: 60_000,
    authAt: 1763722800001,
    note: { device: 'phone' },
    meta: { sealed: 'x', list: [1, null, { a: true }] },
  }
  assert.deepEqual(decodeRecord(encodeRecord(full, LINES)), { head: full, lines: LINES })
})

test('any head and any keys come back, and the payload is well-formed without NUL', () => {
  fc.assert(
    fc.property(heads, fc.array(fc.tuple(texts, texts)), (head, pairs) => {
      const lines = new Map(pairs.map(([key, text]) => [key, JSON.stringify(text)]))
      const payload = encodeRecord(head, lines)
      assert.ok(payload.isWellFormed())
      assert.ok(!payload.includes('\0'))
      const decoded = decodeRecord(payload)
      assert.ok('head' in decoded)
      assert.deepEqual(decoded.head, head)
      assert.deepEqual([...decoded.lines], [...lines])
    }),
  )
})

test('a payload cut anywhere is truncated, whatever is missing', () => {
  const payload = encodeRecord({ ...HEAD, meta: { note: 'é' } }, LINES)
  for (let length = 0; length < payload.length; length++)
    assert.deepEqual(decodeRecord(payload.slice(0, length)), { unreadable: 'truncated' }, `cut at ${length}`)
})

test('text after the last line, or a line too many, is no record', () => {
  const payload = encodeRecord(HEAD, LINES)
  for (const tail of ['1\n', 'x', '\n', payload])
    assert.deepEqual(decodeRecord(payload + tail), { unreadable: 'not_a_record' })
})

test('a later version is told apart from a text that is no record', () => {
  assert.deepEqual(decodeRecord('{"v":2,"anything":1}\nelse'), { unreadable: 'newer_version' })
  for (const v of ['0', '-1', '1.5', '"2"', 'null', '1e999', 'true'])
    assert.deepEqual(decodeRecord(`{"v":${v},"kind":"live"}\n`), { unreadable: 'not_a_record' }, v)
})

test('a foreign text is no record', () => {
  const foreign = [
    '{"cookie":{"path":"/"}}',
    '{"cookie":{}}\n',
    'null\n',
    '[1]\n',
    '\n',
    ' ',
    'x',
    '{"v":1,}\n',
    '{"v":1}\n',
  ]
  for (const text of foreign) assert.deepEqual(decodeRecord(text), { unreadable: 'not_a_record' }, text)
  for (const value of [undefined, null, 1, {}, Buffer.from('{"v":1}\n')])
    assert.deepEqual(Reflect.apply(decodeRecord, undefined, [value]), { unreadable: 'not_a_record' })
})

test('a head with a field of the wrong type is no record', () => {
  const fields = { v: 1, kind: 'live', createdAt: 1, permanent: true, keys: [] }
  const read = (change: object): unknown => decodeRecord(`${JSON.stringify({ ...fields, ...change })}\n`)
  assert.ok(Object.hasOwn(Object(read({})), 'head'))
  const wrong = [
    { kind: 'dead' },
    { kind: undefined },
    { createdAt: '1' },
    { createdAt: null },
    { createdAt: undefined },
    { permanent: 1 },
    { permanent: undefined },
    { lifetime: '1h' },
    { lifetime: null },
    { authAt: null },
    { authAt: [] },
    { note: null },
    { note: [] },
    { note: 'phone' },
    { note: { device: 'phone', number: 1 } },
    { meta: null },
    { meta: [] },
    { meta: 'x' },
    { keys: undefined },
    { keys: {} },
    { keys: 'a' },
  ]
  for (const change of wrong) assert.deepEqual(read(change), { unreadable: 'not_a_record' }, JSON.stringify(change))
  assert.deepEqual(decodeRecord('{"v":1,"kind":"live","createdAt":1e999,"permanent":true,"keys":[]}\n'), {
    unreadable: 'not_a_record',
  })
})

test('notes nested deeper than they can be written are no record, however wide those before may be', () => {
  const read = (meta: string): object =>
    decodeRecord(`{"v":1,"kind":"live","createdAt":1,"permanent":true,"meta":{"a":${meta}},"keys":[]}\n`)
  const nested = (levels: number): string => `${'{"a":'.repeat(levels)}null${'}'.repeat(levels)}`
  assert.ok(Object.hasOwn(read(nested(499)), 'head'))
  assert.deepEqual(read(nested(500)), { unreadable: 'not_a_record' })
  assert.deepEqual(read(`${'['.repeat(500)}${']'.repeat(500)}`), { unreadable: 'not_a_record' })
  assert.deepEqual(read(`[1,null,${nested(499)}]`), { unreadable: 'not_a_record' })
  assert.ok(Object.hasOwn(read(`[${'{},'.repeat(2000)}"text",1]`), 'head'))
})

test('keys must be distinct strings', () => {
  const read = (keys: unknown): unknown => decodeRecord(`${JSON.stringify({ v: 1, ...HEAD, keys })}\n1\n2\n`)
  assert.ok(Object.hasOwn(Object(read(['a', 'b'])), 'head'))
  for (const keys of [
    ['a', 'a'],
    ['a', 1],
    ['a', null],
  ])
    assert.deepEqual(read(keys), { unreadable: 'not_a_record' })
})

test('head fields that a later release adds are ignored', () => {
  const payload = `${JSON.stringify({ v: 1, ...HEAD, colour: 'red', keys: ['a'] })}\n1\n`
  assert.deepEqual(decodeRecord(payload), { head: HEAD, lines: new Map([['a', '1']]) })
})

test('reading never throws, on any text and on any change to a record', () => {
  const read = (text: string): void => {
    const decoded = decodeRecord(text)
    assert.ok('head' in decoded || 'unreadable' in decoded)
  }
  const payload = encodeRecord({ ...HEAD, lifetime: 1 }, LINES)
  fc.assert(fc.property(texts, read))
  fc.assert(
    fc.property(fc.nat(payload.length), fc.nat(4), texts, (at, cut, text) =>
      read(payload.slice(0, at) + text + payload.slice(at + cut)),
    ),
  )
  read(`{"v":1,"keys":${'['.repeat(1_000_000)}`)
  read(`{"v":1,"keys":${'['.repeat(1_000_000)}\n`)
})

test('keys named like inherited members neither vanish nor pollute', () => {
  const lines = new Map([
    ['__proto__', '{"polluted":true}'],
    ['constructor', '1'],
    ['', '2'],
  ])
  const decoded = decodeRecord(encodeRecord(HEAD, lines))
  assert.ok('head' in decoded)
  assert.deepEqual([...decoded.lines], [...lines])
  assert.equal(Reflect.get({}, 'polluted'), undefined)
})

test('a record is refused above the limit and names its largest key; at the limit it is kept', () => {
  const empty = encodeRecord(
    HEAD,
    new Map([
      ['small', '1'],
      ['upload', '""'],
    ]),
  ).length
  const fill = (extra: number): Map<string, string> =>
    new Map([
      ['upload', `"${'x'.repeat(MAX_PAYLOAD - empty + extra)}"`],
      ['small', '1'],
    ])
  assert.equal(encodeRecord(HEAD, fill(0)).length, MAX_PAYLOAD)
  assert.throws(
    () => encodeRecord(HEAD, fill(1)),
    (error) =>
      error instanceof SessionError &&
      error.code === 'record_too_large' &&
      error.message.includes('data["upload"]') &&
      error.message.includes(String(MAX_PAYLOAD - empty + 3)),
  )
})
