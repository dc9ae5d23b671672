/**
 * What is inside a sealed cookie: a line of its own, then the record as a store would keep it (`record.ts`).
 *
 *     ["TOKEN",1763722800000,"owner"]
 *     {"v":1,"kind":"live",…}
 *     …
 *
 * TOKEN is random and only makes the session's `id`: it opens nothing. The number is the deadline in Unix
 * milliseconds. Without an owner there are two items.
 */
import type { Draft } from './compare-and-set.ts'
import { MAX_COOKIE_BYTES } from '../cookie/cookie-rules.ts'
import { SessionError } from '../errors.ts'
import { decodeRecord, encodeRecord } from '../record/record.ts'
import type { Lines } from '../record/record.ts'
import { isToken } from '../cookie/token.ts'

/** The text to seal. */
export function sealedText(token: string, { head, lines, expiresAt, owner }: Draft): string {
  const front = owner === undefined ? [token, expiresAt] : [token, expiresAt, owner]
  return `${JSON.stringify(front)}\n${encodeRecord(head, lines)}`
}

/**
 * What such a text holds. One that opened was made with our keys, so this finds what a later release makes, not what
 * an attacker makes.
 */
export function unsealedText(text: string): (Draft & { readonly token: string }) | { readonly unreadable: string } {
  const end = text.indexOf('\n')
  const front = frontOf(text.slice(0, end === -1 ? 0 : end))
  if (!front) return { unreadable: 'not_a_record' }
  const record = decodeRecord(text.slice(end + 1))
  if ('unreadable' in record) return record
  return { ...front, ...record }
}

function frontOf(line: string): (Pick<Draft, 'expiresAt' | 'owner'> & { readonly token: string }) | undefined {
  try {
    const front: unknown = JSON.parse(line)
    if (!Array.isArray(front)) return undefined
    const [token, expiresAt, owner]: unknown[] = front
    if (typeof token !== 'string' || !isToken(token) || typeof expiresAt !== 'number') return undefined
    return owner === undefined || typeof owner === 'string' ? { token, expiresAt, owner } : undefined
  } catch {
    return undefined
  }
}

/** How many keys an error names: the ones that are worth looking at. */
const NAMED = 3

/** Throws `cookie_too_large` for what browsers would drop in silence, naming the size and the largest keys. */
export function checkSize(name: string, value: string, lines: Lines): void {
  const size = name.length + 1 + value.length
  if (size <= MAX_COOKIE_BYTES) return
  const largest = [...lines]
    .map(([key, line]) => ({ key, bytes: new TextEncoder().encode(line).length }))
    .toSorted((a, b) => b.bytes - a.bytes)
    .slice(0, NAMED)
    .map(({ key, bytes }) => `data[${JSON.stringify(key.slice(0, 80))}] with ${bytes}`)
  throw new SessionError(
    'cookie_too_large',
    `${name} would take ${size} bytes of at most ${MAX_COOKIE_BYTES}. The largest keys before sealing: ` +
      `${largest.join(', ')}; store less, or keep sessions in a store`,
  )
}
