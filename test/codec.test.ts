import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runInNewContext } from 'node:vm'
import * as fc from 'fast-check'
import { decodeData, decodeValue, encodeData, encodeValue } from '../src/record/codec.ts'
import { errorCodes, SessionError, type SessionErrorCode } from '../src/errors.ts'
import { MAX_PAYLOAD } from '../src/record/record.ts'

// A fixed seed: a failure on one machine is the same failure on the next.
fc.configureGlobal({ seed: 20_260_131, numRuns: 1000 })

const MAX_DEPTH = 500

// --- what goes in comes out

test('each kind of value has its documented line and comes back from it', () => {
  const lines: [unknown, string][] = [
    [null, 'null'],
    [true, 'true'],
    [3.5, '3.5'],
    [1e21, '1e+21'],
    ['é\u2028"', '"é\u2028\\""'],
    ['\0\n', '"\\u0000\\n"'],
    ['\ud800', '"\\ud800"'],
    [{ a: [1, { b: null }] }, '{"a":[1,{"b":null}]}'],
    [new Date(1763722800000), '{"$date":"2025-11-21T11:00:00.000Z"}'],
    [new Date(8.64e15), '{"$date":"+275760-09-13T00:00:00.000Z"}'],
    [
      new Map<unknown, unknown>([
        ['a', 1],
        [{ b: 2 }, 3],
      ]),
      '{"$map":[["a",1],[{"b":2},3]]}',
    ],
    [new Set([new Date(0), 'x']), '{"$set":[{"$date":"1970-01-01T00:00:00.000Z"},"x"]}'],
    [new Map(), '{"$map":[]}'],
    [12345678901234567890n, '{"$bigint":"12345678901234567890"}'],
    [-1n, '{"$bigint":"-1"}'],
    [new Uint8Array([0, 255]), '{"$bytes":"AP8="}'],
    [new Uint8Array(), '{"$bytes":""}'],
    [Number.NaN, '{"$number":"NaN"}'],
    [Number.POSITIVE_INFINITY, '{"$number":"Infinity"}'],
    [Number.NEGATIVE_INFINITY, '{"$number":"-Infinity"}'],
    [-0, '{"$number":"-0"}'],
    [{ a: undefined, b: [undefined] }, '{"a":{"$undefined":1},"b":[{"$undefined":1}]}'],
    [{ $date: 'mine' }, '{"$literal":{"$date":"mine"}}'],
    [
      { $literal: { $: [{ $set: 1n }] } },
      '{"$literal":{"$literal":{"$literal":{"$":[{"$literal":{"$set":{"$bigint":"1"}}}]}}}}',
    ],
    [{ $date: 1, b: 2 }, '{"$date":1,"b":2}'],
    ['$5', '"$5"'],
    [{ price: '$5' }, '{"price":"$5"}'],
    [{ price: '5$', more: ['5$$', 1n] }, '{"price":"5$","more":["5$$",{"$bigint":"1"}]}'],
  ]
  for (const [value, line] of lines) {
    assert.equal(encodeValue(value, 'k'), line)
    assert.deepEqual(decodeValue(line), value)
  }
})

test('an invalid date stays one', () => {
  const line = encodeValue({ a: new Date(Number.NaN) }, 'k')
  assert.equal(line, '{"a":{"$date":null}}')
  const back = Object(decodeValue(line)).a
  assert.ok(back instanceof Date)
  assert.ok(Number.isNaN(back.getTime()))
})

test('any value comes back equal, and its line is the same every time', () => {
  fc.assert(
    fc.property(values, (value) => {
      const line = encodeValue(value, 'k')
      assert.ok(line.isWellFormed())
      assert.doesNotMatch(line, /[\n\0]/)
      const back = decodeValue(line)
      assert.equal(encodeValue(back, 'k'), line)
      assert.deepEqual(back, value)
    }),
  )
})

test('encoding leaves the value as it was', () => {
  const value = { when: new Date(0), list: [1, undefined, new Set([1n])], same: { $a: -0 } }
  const { when, list, same } = value
  encodeValue(value, 'k')
  assert.deepEqual(value, { when: new Date(0), list: [1, undefined, new Set([1n])], same: { $a: -0 } })
  assert.ok(value.when === when && value.list === list && value.same === same)
})

test('data comes back key by key; an undefined key counts as deleted', () => {
  const data = { visits: 3, gone: undefined, cart: { at: new Date(0) }, '': 0 }
  const lines = encodeData(data)
  assert.deepEqual(
    [...lines],
    [
      ['visits', '3'],
      ['cart', '{"at":{"$date":"1970-01-01T00:00:00.000Z"}}'],
      ['', '0'],
    ],
  )
  assert.deepEqual(decodeData(lines), { visits: 3, cart: { at: new Date(0) }, '': 0 })
})

test('keys named like inherited members are data at every level, and pollute nothing', () => {
  const inner = own([
    ['__proto__', { polluted: new Date(0) }],
    ['constructor', undefined],
    ['hasOwnProperty', 1],
  ])
  const data = own([
    ['__proto__', inner],
    ['constructor', inner],
    ['toString', 'x'],
  ])
  const back = decodeData(encodeData(data))
  assert.deepEqual(Object.keys(back), ['__proto__', 'constructor', 'toString'])
  assert.equal(Object.getPrototypeOf(back), Object.prototype)
  for (const key of ['__proto__', 'constructor']) {
    const { value, ...rights } = Object.getOwnPropertyDescriptor(back, key) ?? {}
    assert.deepEqual(rights, { writable: true, enumerable: true, configurable: true })
    assert.equal(Object.getPrototypeOf(value), Object.prototype)
    assert.deepEqual(Object.keys(value), ['__proto__', 'constructor', 'hasOwnProperty'])
    assert.deepEqual(Object.getOwnPropertyDescriptor(value, '__proto__')?.value, { polluted: new Date(0) })
  }
  assert.equal(Reflect.get({}, 'polluted'), undefined)
})

test('a Buffer comes out as a Uint8Array, an object without prototype as a plain one, shared references as copies', () => {
  const pooled = Buffer.from('coat')
  const bytes = decodeValue(encodeValue(pooled, 'k'))
  assert.equal(Object.getPrototypeOf(bytes), Uint8Array.prototype)
  assert.deepEqual(bytes, new Uint8Array([99, 111, 97, 116]))
  const bare: unknown = Object.assign(Object.create(null), { a: Object.create(null) })
  assert.deepEqual(decodeValue(encodeValue(bare, 'k')), { a: {} })
  const shared = { n: 1 }
  const back = Object(decodeValue(encodeValue([shared, shared], 'k')))
  assert.deepEqual(back, [{ n: 1 }, { n: 1 }])
  assert.notEqual(back[0], back[1])
})

test('bytes of every length come back, with and without the built-in base64', () => {
  const all = Uint8Array.from({ length: 100_000 }, (_, index) => (index * 7 + (index >> 8)) & 255)
  const check = (): void => {
    for (const length of [0, 1, 2, 3, 8191, 8192, 8193, 100_000]) {
      const bytes = all.subarray(100_000 - length)
      const line = encodeValue(bytes, 'k')
      assert.equal(line, `{"$bytes":"${Buffer.from(bytes).toString('base64')}"}`)
      assert.deepEqual(decodeValue(line), new Uint8Array(bytes))
    }
    assert.throws(() => decodeValue('{"$bytes":"*"}'), SyntaxError)
  }
  const define = (value: Readonly<Record<'toBase64' | 'fromBase64', unknown>>): void => {
    Object.defineProperty(prototype, 'toBase64', { value: value.toBase64, configurable: true })
    Object.defineProperty(Uint8Array, 'fromBase64', { value: value.fromBase64, configurable: true })
  }
  const used = { encode: 0, decode: 0 }
  function toBase64(this: Uint8Array): string {
    used.encode++
    return Buffer.from(this).toString('base64')
  }
  function fromBase64(text: string): Uint8Array {
    used.decode++
    if (!/^[\w+/]*=*$/.test(text)) throw new SyntaxError('not base64')
    return new Uint8Array(Buffer.from(text, 'base64'))
  }
  const prototype: object = Uint8Array.prototype
  const builtIn = [
    Object.getOwnPropertyDescriptor(prototype, 'toBase64'),
    Object.getOwnPropertyDescriptor(Uint8Array, 'fromBase64'),
  ]
  try {
    define({ toBase64, fromBase64 })
    check()
    // What is too large is refused before it is encoded.
    refuses(() => encodeValue(new Uint8Array(MAX_PAYLOAD), 'k'), /: data\.k alone exceeds/, undefined, LARGE)
    assert.deepEqual(used, { encode: 8, decode: 9 })
    // What others have put in their place counts only if it can be called.
    define({ toBase64: 'polyfilled', fromBase64: 'polyfilled' })
    check()
    Reflect.deleteProperty(prototype, 'toBase64')
    Reflect.deleteProperty(Uint8Array, 'fromBase64')
    check()
    assert.throws(
      () => decodeValue('{"$bytes":"*"}'),
      ({ cause }: Error) => cause instanceof DOMException,
    )
    assert.deepEqual(used, { encode: 8, decode: 9 })
  } finally {
    if (builtIn[0]) Object.defineProperty(prototype, 'toBase64', builtIn[0])
    if (builtIn[1]) Object.defineProperty(Uint8Array, 'fromBase64', builtIn[1])
  }
})

test('values of another realm are kept like our own', () => {
  const foreign: unknown = runInNewContext(
    '({ o: {}, a: [1], d: new Date(0), m: new Map([[1, 2]]), s: new Set([1]), b: new Uint8Array([1]), n: Object.create(null) })',
  )
  assert.deepEqual(decodeValue(encodeValue(foreign, 'k')), {
    o: {},
    a: [1],
    d: new Date(0),
    m: new Map([[1, 2]]),
    s: new Set([1]),
    b: new Uint8Array([1]),
    n: {},
  })
})

test('what is not enumerable, and what was put on Object.prototype, is left out', () => {
  const hidden = Object.defineProperties({ a: 1 }, { b: { value: 2 }, [Symbol('c')]: { value: 3 } })
  assert.equal(encodeValue(hidden, 'k'), '{"a":1}')
  withInherited('inherited', { value: () => 1, enumerable: true }, () => {
    assert.equal(encodeValue({ a: { $b: 1n } }, 'k'), '{"a":{"$literal":{"$b":{"$bigint":"1"}}}}')
    assert.equal(decodeValue('{"$bigint":"1"}'), 1n)
    assert.deepEqual([...encodeData({ a: 1 })], [['a', '1']])
  })
  const match = 'coat'.match(/o/)
  assert.equal(encodeValue(match, 'k'), '["o"]')
})

// --- what cannot be stored is refused, by name

test('each value that cannot be stored is refused with its path and the mend', () => {
  class Cart {
    items = []
  }
  class Scores extends Map {}
  const holed = [1, 2, 3]
  Reflect.deleteProperty(holed, 1)
  const refused: [unknown, RegExp][] = [
    [{ items: [0, 1, 2, { buy: () => 1 }] }, /: data\.k\.items\[3\]\.buy: a function cannot be stored; call it/],
    [class List extends Array {}, /: data\.k: a function cannot be stored/],
    [[Symbol('s')], /: data\.k\[0\]: a symbol cannot be stored; store its description/],
    [{ a: { [Symbol('s')]: 1 } }, /: data\.k\.a: Symbol\(s\) cannot be a key; use a string/],
    [{ a: new Cart() }, /: data\.k\.a: an instance of Cart cannot be stored; .*\{ \.\.\.value \}/],
    [new Scores(), /: data\.k: an instance of Scores cannot be stored; .*plain Array, Map, Set or Date/],
    [new (class List extends Array {})(), /an instance of List cannot be stored/],
    [new (class Day extends Date {})(), /an instance of Day cannot be stored/],
    [Object.setPrototypeOf([1n], Object.prototype), /an object with a prototype of its own/],
    [Object.create({ inherited: 1 }), /an object with a prototype of its own cannot be stored; store a copy/],
    [
      new (class ObjectId {
        id = 'x'
      })(),
      /store String\(id\)/,
    ],
    [/x/, /an instance of RegExp cannot be stored; store its source/],
    [new TypeError('x'), /an instance of TypeError cannot be stored; store its message/],
    [new URL('http://a/'), /an instance of URL cannot be stored; store url\.href/],
    [Promise.resolve(1), /an instance of Promise cannot be stored; await it/],
    [new WeakMap(), /an instance of WeakMap cannot be stored; .*store a Map/],
    [new WeakSet(), /an instance of WeakSet cannot be stored; .*store a Set/],
    [new Float64Array(1), /an instance of Float64Array cannot be stored; store a Uint8Array/],
    [new DataView(new ArrayBuffer(1)), /an instance of DataView cannot be stored; store a Uint8Array/],
    [new ArrayBuffer(1), /an instance of ArrayBuffer cannot be stored; store new Uint8Array/],
    [Object(1), /an instance of Number cannot be stored; store value\.valueOf/],
    [Object('x'), /an instance of String cannot be stored; store value\.valueOf/],
    [Object(1n), /an instance of BigInt cannot be stored; store value\.valueOf/],
    [holed, /: data\.k\[1\]: an array cannot have a hole here; store null/],
    [{ toJSON: () => 1 }, /: data\.k: an object with a toJSON function cannot be stored; store what/],
    [[Object.defineProperty({}, 'toJSON', { value: () => 1 })], /: data\.k\[0\]: an object with a toJSON function/],
    [Object.assign([], { toJSON: () => 1 }), /: data\.k: an object with a toJSON function/],
    [Object.assign(new Map(), { name: 1 }), /: data\.k: the property "name" of a Map would be lost/],
    [Object.assign(new Set(), { name: 1 }), /: data\.k: the property "name" of a Set would be lost/],
    [Object.assign(new Date(), { name: 1 }), /: data\.k: the property "name" of a Date would be lost/],
    [new Map([['x', { 'odd key': Symbol() }]]), /: data\.k\.get\("x"\)\["odd key"\]: a symbol/],
    [Object.create({ constructor: null }), /an object with a prototype of its own/],
    [Object.create({ constructor: { name: 'Cart' } }), /an object with a prototype of its own/],
    [new Map([[{ a: 1 }, () => 1]]), /: data\.k\.get\(an object\): a function/],
    [new Map([[null, () => 1]]), /: data\.k\.get\(null\): a function/],
    [{ ['-'.repeat(60)]: () => 1 }, /: data\.k\["-{60}"\]: a function/],
    [{ ['-'.repeat(61)]: () => 1 }, /: data\.k\["-{60}…"\]: a function/],
    [new Map([[Symbol('s'), 1]]), /: data\.k \(the Map key a symbol\): a symbol/],
    [new Map([[() => 1, 1]]), /: data\.k \(the Map key a function\): a function/],
    [new Set([1, new Map([[7, /x/]])]), /: data\.k \(item 1 of the Set\)\.get\(7\): an instance of RegExp/],
  ]
  for (const [value, message] of refused) refuses(() => encodeValue(value, 'k'), message)
  refuses(() => encodeData({ 'a b': [() => 1] }), /: data\["a b"\]\[0\]: a function/)
  refuses(() => encodeData({ [Symbol('s')]: 1 }), /: data: Symbol\(s\) cannot be a key/)
})

test('an inherited toJSON is refused too, rather than obeyed', () => {
  withInherited('toJSON', { value: () => 'other' }, () => {
    refuses(() => encodeValue({ a: 1 }, 'k'), /a toJSON function/)
    refuses(() => encodeValue([1], 'k'), /a toJSON function/)
  })
  assert.equal(encodeValue({ toJSON: 'a text' }, 'k'), '{"toJSON":"a text"}')
})

test('a value that throws when it is read is named, and the cause is kept', () => {
  const cause = new Error('no')
  const fail = (): never => {
    throw cause
  }
  const revoked = Proxy.revocable({}, {})
  revoked.revoke()
  refuses(
    () =>
      encodeValue(
        {
          b: 1,
          a: {
            get x() {
              return fail()
            },
          },
        },
        'k',
      ),
    /: data\.k\.a\.x: cannot be read/,
    cause,
  )
  refuses(
    () =>
      encodeData({
        get x() {
          return fail()
        },
      }),
    /: data\.x: cannot be read/,
    cause,
  )
  refuses(() => encodeValue([1, new Proxy({}, { ownKeys: fail })], 'k'), /: data\.k\[1\]: cannot be read/, cause)
  refuses(() => encodeValue({ a: [revoked.proxy] }, 'k'), /: data\.k\.a\[0\]: cannot be read/)
  refuses(() => encodeValue(Object.create(Date.prototype), 'k'), /: data\.k: cannot be read/)
  refuses(() => encodeValue({ [Symbol.toStringTag]: 'Map' }, 'k'), /Symbol\(Symbol\.toStringTag\) cannot be a key/)
  const fickle = {
    reads: 0,
    get x() {
      return this.reads++ === 0 ? 1 : 2n
    },
  }
  refuses(() => encodeValue(fickle, 'k'), /: data\.k\.x: cannot be read/)
})

test('a value that refers to itself is refused with both ends of the cycle', () => {
  const cart: Record<string, unknown> = {}
  cart.items = [1, { cart }]
  refuses(
    () => encodeValue({ cart }, 'k'),
    /: data\.k\.cart\.items\[1\]\.cart: refers to itself at data\.k\.cart; store an id/,
  )
  const map = new Map<unknown, unknown>()
  map.set('me', map)
  refuses(() => encodeValue(map, 'k'), /: data\.k\.get\("me"\): refers to itself at data\.k;/)
  const set = new Set<unknown>()
  set.add(set)
  refuses(() => encodeValue({ set }, 'k'), /: data\.k\.set \(item 0 of the Set\): refers to itself at data\.k\.set;/)
})

test('the deepest nesting allowed comes back; one level more is refused in either direction', () => {
  const wraps: ((value: unknown) => unknown)[] = [
    (value) => [value],
    (value) => ({ a: value }),
    (value) => ({ $a: value }),
    (value) => new Map([[value, 1]]),
    (value) => new Map([[1, value]]),
    (value) => new Set([value]),
  ]
  for (const wrap of wraps) {
    const deepest = nest(wrap, MAX_DEPTH)
    const line = encodeValue(deepest, 'k')
    assert.equal(encodeValue(decodeValue(line), 'k'), line)
    refuses(() => encodeValue(wrap(deepest), 'k'), /nested deeper than 500 levels; store it flatter/)
    const around = encodeValue(wrap('here'), 'k').split('"here"')
    assert.throws(() => decodeValue(around.join(line)), SyntaxError)
  }
})

test('what grows without bound is refused before it takes the memory', () => {
  const doubles: ((value: unknown) => unknown)[] = [
    (value) => [value, value],
    (value) => ({ a: value, b: value }),
    (value) => new Map([[value, value]]),
    (value) => new Set([{ a: value }, { a: value }]),
  ]
  for (const double of doubles)
    refuses(() => encodeValue(nest(double, 60), 'k'), /: data\.k: holds more than 1000000 values/)
  refuses(() => encodeValue(new Set(Array(1_000_001).keys()), 'k'), /holds more than 1000000 values/)
  refuses(() => encodeValue(Array.from({ length: 1_000_001 }).fill(0), 'k'), /holds more than 1000000 values/)
  refuses(() => encodeValue(Array.from({ length: 4_000_000 }), 'k'), /holds more than 1000000 values/)
  assert.equal(encodeValue(Array.from({ length: 1_000_000 }).fill(0), 'k').length, 2_000_001)
  const text = 'x'.repeat(1_000_000)
  refuses(
    () =>
      encodeValue(
        Array.from({ length: 1000 }, () => text),
        'k',
      ),
    /: data\.k alone exceeds 16777216/,
    undefined,
    LARGE,
  )
  const bytes = new Uint8Array(1_000_000)
  refuses(
    () =>
      encodeValue(
        Array.from({ length: 1000 }, () => bytes),
        'k',
      ),
    /: data\.k alone exceeds/,
    undefined,
    LARGE,
  )
})

test('one key may fill a record but not more', () => {
  assert.equal(encodeValue(new Uint8Array(3_000_000), 'k').length, 4_000_000 + '{"$bytes":""}'.length)
  assert.equal(encodeValue('x'.repeat(MAX_PAYLOAD - 2), 'k').length, MAX_PAYLOAD)
  refuses(() => encodeValue('x'.repeat(MAX_PAYLOAD - 1), 'k'), /: data\.k alone exceeds/, undefined, LARGE)
  refuses(() => encodeValue('\0'.repeat(MAX_PAYLOAD / 4), 'k'), /: data\.k alone exceeds/, undefined, LARGE)
})

test('a long path is shown from both ends', () => {
  const deep = nest(
    (value) => ({ a: value }),
    100,
    () => 1,
  )
  refuses(() => encodeValue(deep, 'k'), /: data\.k(\.a){7} … (\.a){8}: a function/)
})

// --- malformed lines

test('a malformed line, an unknown tag and a malformed tag are syntax errors, at any depth', () => {
  const malformed = [
    '{',
    'undefined',
    '1\n2',
    '{"$later":1}',
    '{"$":1}',
    '{"$date":"yesterday"}',
    '{"$date":"2026-01-31"}',
    '{"$date":"2026-13-45T00:00:00.000Z"}',
    '{"$date":0}',
    '{"$map":{}}',
    '{"$map":[1]}',
    '{"$map":[[1]]}',
    '{"$map":[[1,2,3]]}',
    '{"$set":{}}',
    '{"$set":"abc"}',
    '{"$bigint":"0x10"}',
    '{"$bigint":""}',
    '{"$bigint":1}',
    '{"$bytes":"*"}',
    '{"$bytes":[1]}',
    '{"$number":"5"}',
    '{"$number":"constructor"}',
    '{"$number":0}',
    '{"$undefined":null}',
    '{"$literal":1}',
    '{"$literal":[]}',
    '{"$literal":{}}',
    '{"$literal":{"a":1}}',
    '{"$literal":{"$a":1,"$b":2}}',
  ]
  for (const line of malformed)
    for (const text of [
      line,
      `[${line}]`,
      `{"a":${line}}`,
      `{"$set":[${line}]}`,
      `{"$map":[[${line},1]]}`,
      `{"$literal":{"$a":${line}}}`,
    ]) {
      assert.throws(() => decodeValue(text), SyntaxError, text)
    }
  assert.throws(
    () =>
      decodeData(
        new Map([
          ['a', '1'],
          ['b', '{"$later":1}'],
        ]),
      ),
    SyntaxError,
  )
})

test('hostile lines neither exhaust the stack nor pollute', () => {
  for (const [open, close] of [
    ['[', ']'],
    ['{"a":', '}'],
    ['{"$set":[', ']}'],
    ['{"$literal":{"$a":', '}}'],
  ] as const)
    assert.throws(() => decodeValue(`${open.repeat(200_000)}1${close.repeat(200_000)}`), SyntaxError)
  const back = Object(
    decodeValue('{"__proto__":{"polluted":{"$bigint":"1"}},"constructor":{"prototype":{"polluted":1}}}'),
  )
  assert.equal(Object.getPrototypeOf(back), Object.prototype)
  assert.deepEqual(Object.keys(back), ['__proto__', 'constructor'])
  assert.equal(Reflect.get({}, 'polluted'), undefined)
  assert.equal(back.polluted, undefined)
})

test('any text is a value or a syntax error, and a value from it can be stored again', () => {
  const tags = [
    '$date',
    '$map',
    '$set',
    '$bigint',
    '$bytes',
    '$number',
    '$undefined',
    '$literal',
    '$x',
    'a',
    '__proto__',
  ]
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 5 },
      fc.constantFrom(null, 1, 'NaN', '-0', '1', 'AP8=', '2026-01-31T00:00:00.000Z'),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.array(fc.tuple(fc.constantFrom(...tags), tie('tree')), { minLength: 1, maxLength: 2 }).map(own),
    ),
  }))
  const read = (text: string): void => {
    let value: unknown
    try {
      value = decodeValue(text)
    } catch (error) {
      assert.ok(error instanceof SyntaxError)
      return
    }
    const line = encodeValue(value, 'k')
    assert.equal(encodeValue(decodeValue(line), 'k'), line)
  }
  fc.assert(fc.property(tree, (value) => read(JSON.stringify(value))))
  fc.assert(fc.property(fc.string(), read))
})

// --- helpers

const LARGE = 'record_too_large'

/** Assert that `run` throws a SessionError with the code, the message and, when given, the cause. */
function refuses(run: () => unknown, message: RegExp, cause?: unknown, code: SessionErrorCode = 'bad_value'): void {
  assert.throws(run, (error) => {
    assert.ok(error instanceof SessionError, String(error))
    assert.equal(error.code, code)
    assert.ok(error.message.startsWith(errorCodes[code]))
    assert.match(error.message, message)
    if (cause !== undefined) assert.equal(error.cause, cause)
    return true
  })
}

/** Run with one more property on `Object.prototype`, as old libraries leave it there. */
function withInherited(name: string, property: PropertyDescriptor, run: () => void): void {
  const prototype: object = Object.prototype
  Object.defineProperty(prototype, name, { ...property, configurable: true })
  try {
    run()
  } finally {
    Reflect.deleteProperty(prototype, name)
  }
}

/** An object with exactly these own properties, `__proto__` included. */
function own(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  const object: Record<string, unknown> = {}
  for (const [key, value] of entries)
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
  return object
}

function nest(wrap: (value: unknown) => unknown, levels: number, inner: unknown = 1): unknown {
  let value = inner
  for (let level = 0; level < levels; level++) value = wrap(value)
  return value
}

const texts = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 8 })
  .map((units) => String.fromCharCode(...units))
const names = fc.oneof(
  texts,
  fc.constantFrom('__proto__', 'constructor', 'hasOwnProperty', 'toString', '$', '$date', '$map', '$literal', '$x'),
  fc.nat(20).map(String),
)
const { values } = fc.letrec<{ values: unknown }>((tie) => ({
  values: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    fc.oneof(
      texts,
      fc.double(),
      fc.integer(),
      fc.boolean(),
      fc.bigInt(),
      fc.date({ noInvalidDate: true }),
      fc.uint8Array({ maxLength: 9 }),
      fc.constantFrom(null, undefined, -0, Number.NaN, '$date', '\ud800', '\0'),
    ),
    fc.array(tie('values'), { maxLength: 4 }),
    fc.array(fc.tuple(names, tie('values')), { maxLength: 4 }).map(own),
    fc.array(fc.tuple(tie('values'), tie('values')), { maxLength: 3 }).map((pairs) => new Map(pairs)),
    fc.array(tie('values'), { maxLength: 3 }).map((items) => new Set(items)),
  ),
}))
