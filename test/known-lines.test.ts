import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { assert as holds, jsonValue, property } from 'fast-check'
import { decodeData, decodeValue, encodeValue } from '../src/record/codec.ts'
import { knownLine, knownLines } from '../src/record/known-lines.ts'

const PADDING = 'x'.repeat(1100)

/** The line of a large value, and what it was decoded to. */
function loaded(value: unknown) {
  const line = encodeValue([PADDING, value], 'key')
  const lines = new Map([['key', line]])
  const data = decodeData(lines)
  return { line, value: data['key'], known: knownLines(lines, data) }
}

/** What the line holds beside the padding. */
function inside(value: unknown): unknown {
  assert.ok(Array.isArray(value))
  return value[1]
}

suite('lines of large values', () => {
  test('are known of what was loaded, and of a copy of it', () => {
    const { line, value, known } = loaded({ items: [1, 'two', null, true, { deep: [] }], '': {} })
    assert.equal(knownLine(known, 'key', value), line)
    assert.equal(knownLine(known, 'key', decodeValue(line)), line)
    assert.equal(knownLine(known, 'other', value), undefined)
  })

  test('are known only where encoding would make the same', () => {
    const json = jsonValue()
    holds(
      property(json, json, (a, b) => {
        const { line, value, known } = loaded(a)
        const other = [PADDING, b]
        assert.equal(knownLine(known, 'key', value) ?? encodeValue(value, 'key'), line)
        assert.equal(knownLine(known, 'key', other) ?? encodeValue(other, 'key'), encodeValue(other, 'key'))
      }),
    )
  })

  test('small ones, and those with tags, are not noted down', () => {
    for (const value of [{ small: 1 }, { date: new Date(0), padding: PADDING }]) {
      const lines = new Map([['key', encodeValue(value, 'key')]])
      assert.equal(knownLines(lines, decodeData(lines)), undefined)
    }
  })

  const before = { list: [1, 2], text: 'text', zero: 0, none: null, fields: { a: 1, b: 2 } }
  const changes: readonly [what: string, change: (value: typeof before) => unknown][] = [
    ['an item more', ({ list }) => list.push(3)],
    ['an item less', ({ list }) => list.pop()],
    ['a hole', ({ list }) => Reflect.deleteProperty(list, 0)],
    ['another text', (value) => (value.text = 'texts')],
    ['-0', (value) => (value.zero = -0)],
    ['a field less', ({ fields }) => Reflect.deleteProperty(fields, 'b')],
    ['another order of keys', ({ fields }) => Reflect.deleteProperty(fields, 'a') && (fields.a = 1)],
    [
      'another name for a field',
      ({ fields }) => Reflect.deleteProperty(fields, 'b') && Object.assign(fields, { c: 2 }),
    ],
    ['undefined for null', (value) => Object.assign(value, { none: undefined })],
    ['a Date', (value) => Object.assign(value, { none: new Date(0) })],
    ['an array for an object', (value) => Object.assign(value, { fields: ['a', 1, 'b', 2] })],
    ['an object for an array', (value) => Object.assign(value, { list: { 0: 1, 1: 2 } })],
    ['an object that is no plain one', ({ fields }) => Object.setPrototypeOf(fields, { c: 3 })],
    ['an array that is none', ({ list }) => Object.setPrototypeOf(list, null)],
    ['a symbol for a key', ({ fields }) => Object.assign(fields, { [Symbol('key')]: 1 })],
    ['toJSON', ({ fields }) => Object.defineProperty(fields, 'toJSON', { value: () => 1 })],
    ['itself', (value) => Object.assign(value, { fields: value })],
  ]
  for (const [what, change] of changes)
    test(`are not known of ${what}`, () => {
      const { value, known } = loaded(before)
      assert.notEqual(knownLine(known, 'key', value), undefined)
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what it was encoded from
      change(inside(value) as typeof before)
      assert.equal(knownLine(known, 'key', value), undefined)
    })
})
