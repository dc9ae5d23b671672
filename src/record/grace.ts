/**
 * The way from a renewed token to its successor, for whoever holds the old token and for nobody else.
 *
 * The store gets the new token encrypted under a key that only the old token yields (HKDF, RFC 5869), and it never has
 * the old token, only its hash: what is stored opens nothing. WebCrypto answers later on every runtime; that is no loss,
 * because this runs when a token is renewed and while both are about, and in no other request.
 */
import { randomBytes } from '../runtime/platform.ts'
import type { Grace } from './succession.ts'
import { base64url, fromBase64url, ticketFor } from '../cookie/token.ts'
import type { Ticket } from '../cookie/token.ts'

/** What AES-GCM asks for (NIST SP 800-38D, 8.2). Random, because of two renewals at once both seal with one key. */
const NONCE_BYTES = 12

const encoder = new TextEncoder()

/** Seal the way from one ticket to the next; it leads there until `until`, Unix ms. */
export async function sealGrace(old: Ticket, next: Ticket, until: number): Promise<Grace> {
  const nonce = randomBytes(NONCE_BYTES)
  const sealed = await crypto.subtle.encrypt(
    { name: 'AES-GCM', iv: Uint8Array.from(nonce), additionalData: context(old.id, next.id, until) },
    await keyOf(old.token, 'encrypt'),
    encoder.encode(next.token),
  )
  return { until, sealed: base64url(Uint8Array.from([...nonce, ...new Uint8Array(sealed)])) }
}

/**
 * The ticket that a superseded record leads to; undefined when the grace is over, or was not sealed for this ticket.
 * Never rejects because of what is stored.
 */
export async function openGrace(
  old: Ticket,
  id: string,
  { until, sealed }: Grace,
  now: number,
): Promise<Ticket | undefined> {
  // An operator follows a session by its ID, without a token.
  if (now >= until || old.token === '') return undefined
  const token = await unsealed(old, id, until, sealed)
  return token === undefined ? undefined : ticketFor(token)
}

async function unsealed(old: Ticket, id: string, until: number, sealed: string): Promise<string | undefined> {
  const key = await keyOf(old.token, 'decrypt')
  try {
    const bytes = fromBase64url(sealed)
    const plain = await crypto.subtle.decrypt(
      { name: 'AES-GCM', iv: bytes.subarray(0, NONCE_BYTES), additionalData: context(old.id, id, until) },
      key,
      bytes.subarray(NONCE_BYTES),
    )
    return new TextDecoder().decode(plain)
  } catch {
    // Not sealed for this token, or altered: then there is no way, as after regenerate().
    return undefined
  }
}

async function keyOf(token: string, use: 'encrypt' | 'decrypt'): Promise<CryptoKey> {
  const material = await crypto.subtle.importKey('raw', encoder.encode(token), 'HKDF', false, ['deriveKey'])
  const hkdf = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: encoder.encode('coatcheck grace 1') }
  return crypto.subtle.deriveKey(hkdf, material, { name: 'AES-GCM', length: 256 }, false, [use])
}

/** What a seal is bound to: whoever can write to the store can neither lengthen the grace nor lead it elsewhere. */
function context(from: string, to: string, until: number): Uint8Array<ArrayBuffer> {
  return encoder.encode(JSON.stringify([from, to, until]))
}
