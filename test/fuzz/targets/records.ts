/** What is kept of a session: values, records, merging two of them, and schemas. */
/* oxlint-disable unicorn/no-useless-spread -- several words to a line: a list of one each would be all there is to see */
import { isDeepStrictEqual } from 'node:util'
import { decodeData, decodeValue, encodeData, encodeValue } from '../../../src/record/codec.ts'
import { changedKeys, mergeLines, sameLines } from '../../../src/record/merge.ts'
import { decodeRecord, encodeRecord } from '../../../src/record/record.ts'
import { validation } from '../../../src/request/validation.ts'
import { must, outcomeOf, settled } from '../target.ts'
import type { FuzzTarget } from '../target.ts'
import { SPECIAL, valueOf } from '../values.ts'

const TAGS = [
  ...[
    '{"$date":"2026-01-31T12:00:00.000Z"}',
    '{"$date":null}',
    '{"$map":[["a",1]]}',
    '{"$set":[1,"a"]}',
    '{"$bigint":"-12"}',
  ],
  ...[
    '{"$bytes":"AP8="}',
    '{"$number":"-0"}',
    '{"$number":"NaN"}',
    '{"$undefined":1}',
    '{"$literal":{"$date":1}}',
    '"$map"',
  ],
  ...[
    '"$set"',
    '"$literal"',
    '"$date"',
    '"__proto__"',
    '"constructor"',
    '+275760-09-13T00:00:00.000Z',
    '-000001',
    '\\u0024date',
  ],
]

/** Whether a line that can be read means the same once it is written and read again. */
function checkLine(line: string): void {
  let value: unknown
  try {
    value = decodeValue(line)
  } catch (error) {
    if (error instanceof SyntaxError) return
    throw error
  }
  const written = outcomeOf(() => encodeValue(value, 'key'))
  must(value === undefined || 'result' in written, 'what was read cannot be written')
  if (!('result' in written)) return
  must(!written.result.includes('\n'), 'a line of two lines')
  must(written.result.isWellFormed() && !written.result.includes('\0'), 'a line that no store takes')
  const again = decodeValue(written.result)
  must(encodeValue(again, 'key') === written.result, 'a line that changes each time')
  // Slow for what is large, and as true there.
  if (line.length < 2000) must(isDeepStrictEqual(again, value), 'it means something else once written')
}

/** Lines of a record. */
export function codecLine(): FuzzTarget {
  return {
    name: 'codec',
    covers: [
      'src/record/codec.ts',
      'src/record/codec-tags.ts',
      'src/record/codec-walk.ts',
      'src/record/codec-bytes.ts',
    ],
    form: 'json',
    words: TAGS,
    seeds: [
      ...TAGS,
      '{"a":[1,2,{"b":"c"}]}',
      '[[],{}]',
      '1e999',
      'null',
      '{"__proto__":{"polluted":1}}',
      '{"$map":[[{"$set":[]},{"$date":null}]]}',
    ],
    growing: {
      arrays: (size) => '['.repeat(size) + ']'.repeat(size),
      objects: (size) => '{"a":'.repeat(size) + '1' + '}'.repeat(size),
      tags: (size) => '{"$set":['.repeat(size) + ']}'.repeat(size),
      'many tags': (size) => `[${Array.from({ length: size / 4 }, () => '{"$date":null}').join()}]`,
      'a large map': (size) =>
        `{"$map":[${Array.from({ length: size / 8 }, (_, at) => `[${at},{"$undefined":1}]`).join()}]}`,
      'large bytes': (size) => `{"$bytes":"${'AAAA'.repeat(size)}"}`,
      'bytes that are none': (size) => `{"$bytes":"${'A '.repeat(size)}!"}`,
      dollars: (size) => `"${'$'.repeat(size)}"`,
      'a long date': (size) => `{"$date":"${'2'.repeat(size)}"}`,
      escapes: (size) => `"${'\\u0024'.repeat(size)}"`,
      'many keys': (size) => `{${Array.from({ length: size / 8 }, (_, at) => `"k${at}":{"$number":"-0"}`).join()}}`,
    },
    run: checkLine,
  }
}

/** Values that an application puts into `session.data`, storable or not. */
export function values(): FuzzTarget {
  return {
    name: 'values',
    covers: ['src/record/codec-walk.ts', 'src/record/codec-refusal.ts', 'src/record/codec-tags.ts'],
    form: 'json',
    words: [...SPECIAL, '$date', '$map', '$literal', 'a', 'constructor', '__proto__'],
    seeds: [
      ...SPECIAL.map((name) => JSON.stringify({ a: name, b: [name] })),
      '{"a":{"$date":"x"},"b":{"$literal":{"$set":[]}},"__proto__":1}',
    ],
    growing: {
      'many keys': (size) =>
        JSON.stringify(Object.fromEntries(Array.from({ length: size / 8 }, (_, at) => [`k${at}`, at]))),
      'a long text': (size) => JSON.stringify({ a: '\ud800'.repeat(size) }),
      'deep values': (size) => `{"a":${'['.repeat(size)}${']'.repeat(size)}}`,
    },
    run(input) {
      const value = valueOf(input)
      if (typeof value !== 'object' || value === null) return
      const encoded = outcomeOf(() => encodeData(value))
      if ('refused' in encoded) {
        return must(
          ['bad_value', 'record_too_large'].includes(encoded.refused.code),
          `refused by ${encoded.refused.code}`,
        )
      }
      const data = decodeData(encoded.result)
      must(Object.getPrototypeOf(data) === Object.prototype, 'the data has a prototype of its own')
      must(sameLines(encodeData(data), encoded.result), 'the data is another once it was stored')
    },
  }
}

const HEAD = { kind: 'live', createdAt: 978_307_200_000, permanent: true } as const
const RECORD = encodeRecord(
  HEAD,
  new Map([
    ['user', '{"name":"ada"}'],
    ['__proto__', '1'],
  ]),
)

/** Payloads, as text. */
export function record(): FuzzTarget {
  return {
    name: 'record',
    covers: ['src/record/record.ts'],
    form: 'text',
    words: [
      '{"v":1,',
      '"kind":"live"',
      '"superseded"',
      '"createdAt":',
      '"permanent":true',
      '"lifetime":',
      '"authAt":',
      '"note":{',
      '"meta":{',
      '"keys":[',
      '\n',
      '"user"',
      '"__proto__"',
      '\\n',
    ],
    seeds: [
      RECORD,
      encodeRecord({ ...HEAD, kind: 'superseded', meta: { to: 'a'.repeat(64), until: 5, sealed: 'AAAA' } }, new Map()),
      encodeRecord(
        { ...HEAD, lifetime: 5000, authAt: 978_307_200_000, note: { device: 'phone' } },
        new Map([['\n', 'null']]),
      ),
      RECORD.replace('1', '2'),
    ],
    growing: {
      'many keys': (size) => encodeRecord(HEAD, new Map(Array.from({ length: size / 4 }, (_, at) => [`k${at}`, '1']))),
      'keys without lines': (size) => `${RECORD.slice(0, RECORD.indexOf('['))}[${'"a",'.repeat(size)}"b"]}\n`,
      'nothing but line ends': (size) => RECORD + '\n'.repeat(size),
      'deep notes': (size) => RECORD.replace('"keys"', `"meta":{"a":${'['.repeat(size)}${']'.repeat(size)}},"keys"`),
      'a long beginning': (size) => '{"v":'.repeat(size),
    },
    run(payload) {
      const decoded = decodeRecord(payload)
      if ('unreadable' in decoded) return
      const { head, lines } = decoded
      must(Number.isFinite(head.createdAt) && typeof head.permanent === 'boolean', 'a head that is none')
      const lineEnds = payload.split('\n').length - 1
      must(lineEnds === lines.size + 1 && payload.endsWith('\n'), 'there is more in it than was read')
      const written = outcomeOf(() => encodeRecord(head, lines))
      must('result' in written, 'what was read cannot be written')
      const again = decodeRecord(written.result)
      must('lines' in again && sameLines(again.lines, lines), 'other lines once written')
      must(encodeRecord(again.head, again.lines) === written.result, 'a record that changes each time')
      for (const line of lines.values()) checkLine(line)
    },
  }
}

/** Three states of data of one session: ours laid over theirs. */
export function merge(): FuzzTarget {
  return {
    name: 'merge',
    covers: ['src/record/merge.ts'],
    form: 'json',
    words: ['a', 'b', '__proto__', 'constructor', '1', '2'],
    seeds: [
      '[{"a":"1","b":"1"},{"a":"2","b":"1"},{"a":"1","c":"3"}]',
      '[{"__proto__":"1"},{},{"__proto__":"2"}]',
      '[{"a":"1"},{"a":"2"},{"a":"3"}]',
    ],
    growing: {
      'many keys': (size) =>
        JSON.stringify(
          [1, 2, 3].map((side) =>
            Object.fromEntries(Array.from({ length: size / 16 }, (_, at) => [`k${at}`, `${side}`])),
          ),
        ),
    },
    run(input) {
      const given = valueOf(input)
      const [base, ours, theirs] = [0, 1, 2].map((at) => {
        const side: unknown = Array.isArray(given) ? given[at] : undefined
        return new Map(
          Object.entries(Object(side)).map(([key, value]) => [key, typeof value === 'string' ? value : typeof value]),
        )
      })
      if (!base || !ours || !theirs) return
      const asked: string[] = []
      const { lines, clashes } = mergeLines(base, ours, theirs, ({ key, ours: mine }) => {
        asked.push(key)
        return mine
      })
      for (const key of new Set([...base.keys(), ...ours.keys(), ...theirs.keys(), ...lines.keys()])) {
        const [b, o, t] = [base.get(key), ours.get(key), theirs.get(key)]
        // Said once more, the other way round: who changed nothing has no say; a deletion wins; else ours, as asked.
        const expected = o === b || o === t ? t : t === b ? o : o === undefined || t === undefined ? undefined : o
        must(lines.get(key) === expected, `data.${key} is ${String(lines.get(key))}, not ${String(expected)}`)
        const clashed = o !== b && t !== b && o !== t
        must(clashes.some((clash) => clash.key === key) === clashed, `data.${key}: a clash too many, or one too few`)
        must(
          asked.includes(key) === (clashed && o !== undefined && t !== undefined),
          `data.${key}: asked in vain, or not`,
        )
      }
      must(changedKeys(lines, lines).length === 0, 'what is the same has changed')
    },
  }
}

/** Answers of a schema: what they name, drop and turn data into. */
export function schema(): FuzzTarget {
  return {
    name: 'schema',
    covers: ['src/request/validation.ts'],
    form: 'json',
    words: ['value', 'issues', 'message', 'path', 'key', 'drop', 'error', '!function', 'a', ...SPECIAL],
    seeds: [
      '{"data":{"a":1},"answers":[{"value":{"a":2}}],"onInvalid":"drop"}',
      '{"data":{"a":1,"b":2},"answers":[{"issues":[{"message":"m","path":["a"]}]},{"value":{}}],"onInvalid":"drop"}',
      '{"data":{"a":1},"answers":[{"issues":[{"message":"m","path":[{"key":"a"},0]}]},{"value":{"b":1}}],"onInvalid":"error"}',
      '{"data":{"a":1},"answers":[{"issues":[{"message":"m"}]},{"issues":[]}],"migrated":{"c":1}}',
    ],
    growing: {
      'many issues': (size) =>
        JSON.stringify({
          data: { a: 1 },
          answers: [{ issues: Array.from({ length: size / 8 }, (_, at) => ({ message: 'm', path: [`k${at}`, at] })) }],
          onInvalid: 'drop',
        }),
    },
    async run(input) {
      const given = valueOf(input)
      if (typeof given !== 'object' || given === null) return
      const { data, answers, onInvalid, migrated } = given as Record<string, unknown>
      const lines = outcomeOf(() => encodeData(Object(data)))
      if ('refused' in lines) return
      const left: unknown[] = Array.isArray(answers) ? [...answers] : []
      // The first answer is for the empty session, and one that breaks the contract of schemas is no schema's.
      let isFirst = true
      const validate = (value: unknown): { value: unknown } => {
        const answer: unknown = isFirst ? { value: {} } : left.shift()
        isFirst = false
        return isAnswer(answer) ? answer : { value }
      }
      const standard = { '~standard': { version: 1 as const, vendor: 'fuzz', validate } }
      const migrate = () => (isThenable(migrated) ? {} : migrated)
      const options = { schema: standard, onInvalid: typeof onInvalid === 'string' ? onInvalid : migrate }
      const made = outcomeOf(() => validation(options as Parameters<typeof validation>[0]))
      if ('refused' in made) return must(made.refused.code === 'bad_option', `refused by ${made.refused.code}`)
      const fitted = await settled(async () => made.result?.fit(lines.result))
      if ('refused' in fitted) return
      for (const line of fitted.result?.values() ?? []) checkLine(line)
      await settled(async () => made.result?.check(lines.result))
    },
  }
}

/** Who answers with a promise that never settles is waited for. */
function isThenable(answer: unknown): boolean {
  return typeof Object(answer).then === 'function'
}

/** Whether an answer is one by Standard Schema: what else one may answer is nobody's to catch. */
function isAnswer(answer: unknown): answer is { value: unknown } {
  if (typeof answer !== 'object' || answer === null) return false
  const { issues }: { issues?: unknown } = answer
  if (isThenable(answer)) return false
  if (issues === undefined) return 'value' in answer
  return Array.isArray(issues) && issues.length > 0 && issues.every(isIssue)
}

function isIssue(issue: unknown): boolean {
  if (typeof issue !== 'object' || issue === null) return false
  const { path }: { path?: unknown } = issue
  return path === undefined || (Array.isArray(path) && path.every(isKey))
}

function isKey(part: unknown): boolean {
  if (['string', 'number', 'symbol'].includes(typeof part)) return true
  return typeof part === 'object' && part !== null && 'key' in part && isKey(part.key) && typeof part.key !== 'object'
}
