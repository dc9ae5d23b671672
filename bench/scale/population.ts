/**
 * The same million visitors for every store: visitor n has a token that can be made again from n, so that a request of
 * any of them can be sent without a list of cookies, and a record as the core writes it.
 */
import { createHash } from 'node:crypto'
import type { RecordInput } from '../../src/store.ts'
import { encodeRecord } from '../../src/record/record.ts'

/** What every session has in `data`: about 100 bytes of JSON, as in the other benches. */
const CART = JSON.stringify(Array.from({ length: 4 }, (_, n) => `item-${n}-of-the-cart`))

/** A population by the name it is asked for with: `1k`, `100k`, `1M`. */
export interface Population {
  readonly name: string
  readonly sessions: number
}

/** Reads `1k`, `100k`, `1M` or a plain number. */
export function populationOf(name: string): Population {
  const [, digits, unit = ''] = /^(\d+)([kM]?)$/.exec(name) ?? []
  const sessions = Number(digits) * { '': 1, k: 1000, M: 1_000_000 }[unit === 'k' || unit === 'M' ? unit : '']
  if (!(sessions >= 1)) throw new Error(`--sessions ${name}: write 1k, 100k or 1M`)
  return { name, sessions }
}

function tokenOf(n: number): string {
  return createHash('sha256').update(`visitor ${n}`).digest('base64url')
}

/** What the store files visitor n under. */
export function idOf(n: number): string {
  return createHash('sha256').update(tokenOf(n)).digest('hex')
}

/** What visitor n's browser sends. */
export function cookieOf(n: number): string {
  return `id=${tokenOf(n)}`
}

/** The record of visitor n, each with texts of its own, as sessions have them. */
export function recordOf(n: number, expiresAt: number, createdAt: number): RecordInput {
  const payload = encodeRecord(
    { kind: 'live', createdAt, permanent: true },
    new Map([
      ['user', `"visitor-${n}"`],
      ['visits', '0'],
      ['cart', CART],
    ]),
  )
  return { payload, expiresAt }
}

/** Visitors from `from` to `to`, in portions that a bulk insert takes at once. */
export function* portions(to: number, size: number): Generator<readonly number[]> {
  for (let start = 0; start < to; start += size)
    yield Array.from({ length: Math.min(size, to - start) }, (_, n) => start + n)
}
