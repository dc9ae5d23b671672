/**
 * What a session's data costs to encode, to decode and to compare, in our codec and in five others.
 *
 * Every codec encodes one top-level key at a time into the same record, and must make text, as the payload of a
 * record is text: binary ones are measured with the base64 they then need. `unchanged` is what a request that only
 * read pays at its end: each key encoded afresh and compared with the stored line.
 *
 * The cells of one data set run in turn, round after round, in one process; a figure is the lower quartile of its
 * rounds, in brackets its ratio to plain JSON. The lower quartile and not the median, since on a busy machine half the
 * rounds may be interrupted: between repeated runs medians moved by half, these by a tenth.
 *
 *     node bench/codec.ts
 */
import { isDeepStrictEqual } from 'node:util'
import { deserialize, serialize } from 'node:v8'
import { Encoder } from 'cbor-x'
import * as devalue from 'devalue'
import { Packr } from 'msgpackr'
import * as superjson from 'superjson'
import { decodeValue, encodeValue } from '../src/record/codec.ts'
import { decodeRecord, encodeRecord, type Lines, type RecordHead } from '../src/record/record.ts'

interface Candidate {
  readonly name: string
  encode(value: unknown): string
  decode(line: string): unknown
}

const packr = new Packr({ moreTypes: true })
const cbor = new Encoder({ structuredClone: true, tagUint8Array: true })

const CANDIDATES: readonly Candidate[] = [
  { name: 'plain JSON', encode: (value) => JSON.stringify(value), decode: (line) => JSON.parse(line) },
  { name: 'coatcheck', encode: (value) => encodeValue(value, 'k'), decode: decodeValue },
  { name: 'devalue', encode: (value) => devalue.stringify(value), decode: (line) => devalue.parse(line) },
  { name: 'superjson', encode: (value) => superjson.stringify(value), decode: (line) => superjson.parse(line) },
  {
    name: 'msgpackr + base64',
    encode: (value) => packr.pack(value).toString('base64'),
    decode: (line) => packr.unpack(Buffer.from(line, 'base64')),
  },
  {
    name: 'cbor-x + base64',
    encode: (value) => cbor.encode(value).toString('base64'),
    decode: (line) => cbor.decode(Buffer.from(line, 'base64')),
  },
  {
    name: 'v8 + base64',
    encode: (value) => serialize(value).toString('base64'),
    decode: (line) => deserialize(Buffer.from(line, 'base64')),
  },
]

const WORDS = 'the browser holds a ticket and the server keeps the coat until its owner comes back'.split(' ')

/** `count` words that look random and are the same on every run. */
function prose(seed: number, count: number): string {
  return Array.from({ length: count }, (_, index) => WORDS[(seed * 7 + index * 5) % WORDS.length]).join(' ')
}

const SETS: Readonly<Record<string, Record<string, unknown>>> = {
  'small (0.1 kB)': {
    visits: 3,
    user: { id: 'u_81723', name: 'Ada', roles: ['admin'] },
    theme: 'dark',
    csrf: 'b2c1d0',
  },
  'plain (16 kB)': {
    visits: 3,
    user: { id: 'u_81723', name: 'Ada Lovelace', roles: ['admin', 'editor'] },
    cart: Array.from({ length: 60 }, (_, n) => ({
      id: n,
      sku: `SKU-${n}-${n * 31}`,
      title: prose(n, 6),
      price: n * 1.25,
      quantity: (n % 7) + 1,
      gift: n % 2 === 0,
      options: { colour: 'red', sizes: [n, n + 1] },
    })),
    lines: Array.from({ length: 90 }, (_, n) => prose(n, 11)),
  },
  'rich (16 kB)': {
    visits: 3,
    seen: new Date(1763722800000),
    cart: new Map(
      Array.from({ length: 60 }, (_, n) => [
        `SKU-${n}`,
        { id: BigInt(n), title: prose(n, 6), added: new Date(1763722800000 + n), tags: new Set([n, `t${n}`]) },
      ]),
    ),
    picture: Uint8Array.from({ length: 4096 }, (_, n) => (n * 37) & 255),
    lines: Array.from({ length: 20 }, (_, n) => ({ text: prose(n, 11), note: undefined })),
  },
}

const HEAD: RecordHead = { kind: 'live', createdAt: 1763722800000, permanent: true }
const ROUNDS = 101
const ROUND_MS = 1

interface Cell {
  readonly run: () => unknown
  repeats: number
  readonly times: number[]
}

/** Values a session must keep, and values it must refuse: nothing may be stored half. */
const PROBES: Readonly<Record<string, unknown>> = {
  'Date, Map, Set': [new Date(0), new Map([[{ a: 1 }, new Set([1])]])],
  'bigint, bytes': [1n, new Uint8Array([1])],
  'undefined inside': { a: undefined, b: [undefined] },
  'NaN, -0': [Number.NaN, -0],
  'lone surrogate': '\ud800',
  '`__proto__` key': JSON.parse('{"__proto__":{"a":1}}'),
  '`{ $date: 1 }`': { $date: 1 },
  function: { buy: () => 1 },
  'class instance': new (class Cart {
    items = [1]
  })(),
  'own toJSON': { a: 1, toJSON: () => 'other' },
  'array hole': Array.from([1, 2]).concat(Array(1)),
}

for (const [name, data] of Object.entries(SETS)) report(name, data)
reportProbes()

function reportProbes(): void {
  console.log(`\n| | ${Object.keys(PROBES).join(' | ')} | stable text |`)
  console.log(`|---|${'---|'.repeat(Object.keys(PROBES).length + 1)}`)
  for (const candidate of CANDIDATES) {
    const cells = Object.values(PROBES).map((value) => probe(candidate, value))
    console.log(`| ${candidate.name} | ${cells.join(' | ')} | ${isStable(candidate) ? 'yes' : 'no'} |`)
  }
}

function probe(candidate: Candidate, value: unknown): string {
  let line: string
  try {
    line = candidate.encode({ value })
  } catch {
    return 'refused'
  }
  try {
    return isDeepStrictEqual(candidate.decode(line), { value }) ? 'kept' : '**changed**'
  } catch {
    return '**unreadable**'
  }
}

/** Whether what was read and not touched is encoded to the stored text again: else readers become writers. */
function isStable(candidate: Candidate): boolean {
  return Object.values(SETS).every((data) => {
    const payload = write(candidate, data)
    return write(candidate, read(candidate, payload)) === payload
  })
}

function report(set: string, data: Record<string, unknown>): void {
  const rows = CANDIDATES.map((candidate) => rowOf(candidate, data))
  const cells = rows.flatMap((row) => row.cells)
  for (const cell of cells) warmUp(cell)
  for (let round = 0; round < ROUNDS; round++)
    // Every other round runs backwards, so that no cell always follows the same one.
    for (const cell of round % 2 === 0 ? cells : cells.toReversed()) cell.times.push(time(cell))
  const floor = rows[0]?.cells ?? []
  console.log(`\n| ${set} | bytes | encode µs | decode µs | unchanged µs | comes back |`)
  console.log('|---|---:|---:|---:|---:|---|')
  for (const row of rows) {
    const figures = row.cells.map((cell, index) => figure(cell, floor[index] ?? cell))
    console.log(`| ${row.name} | ${row.bytes} | ${figures.join(' | ')} | ${row.kept ? 'yes' : 'no'} |`)
  }
}

function rowOf(
  candidate: Candidate,
  data: Record<string, unknown>,
): { name: string; bytes: number; kept: boolean; cells: Cell[] } {
  const payload = write(candidate, data)
  const stored = linesOf(payload)
  const cell = (run: () => unknown): Cell => ({ run, repeats: 1, times: [] })
  return {
    name: candidate.name,
    bytes: Buffer.byteLength(payload),
    kept: isDeepStrictEqual(read(candidate, payload), data),
    cells: [
      cell(() => write(candidate, data)),
      cell(() => read(candidate, payload)),
      cell(() => isUnchanged(candidate, data, stored)),
    ],
  }
}

function write(candidate: Candidate, data: Record<string, unknown>): string {
  const lines = new Map<string, string>()
  for (const key of Object.keys(data)) lines.set(key, candidate.encode(data[key]))
  return encodeRecord(HEAD, lines)
}

function read(candidate: Candidate, payload: string): Record<string, unknown> {
  const data: Record<string, unknown> = {}
  for (const [key, line] of linesOf(payload)) data[key] = candidate.decode(line)
  return data
}

function linesOf(payload: string): Lines {
  const decoded = decodeRecord(payload)
  if ('unreadable' in decoded) throw new Error(`a record of the bench is ${decoded.unreadable}`)
  return decoded.lines
}

function isUnchanged(candidate: Candidate, data: Record<string, unknown>, stored: Lines): boolean {
  const keys = Object.keys(data)
  return keys.length === stored.size && keys.every((key) => candidate.encode(data[key]) === stored.get(key))
}

/** Run until compiled, and find how many runs fill a round. */
function warmUp(cell: Cell): void {
  for (let spent = 0, started = performance.now(); spent < 10 * ROUND_MS; spent = performance.now() - started)
    cell.run()
  while (time(cell) * cell.repeats < ROUND_MS) cell.repeats *= 2
}

/** Milliseconds of one run. */
function time(cell: Cell): number {
  const started = performance.now()
  for (let repeat = 0; repeat < cell.repeats; repeat++) cell.run()
  return (performance.now() - started) / cell.repeats
}

function figure(cell: Cell, floor: Cell): string {
  const ms = lowerQuartile(cell.times)
  return `${(ms * 1000).toFixed(1)} (${(ms / lowerQuartile(floor.times)).toFixed(2)}×)`
}

function lowerQuartile(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 4)] ?? Number.NaN
}
