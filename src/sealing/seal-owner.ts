import { base64url } from './seal-keys.ts'

/** Stand-ins for owners: the same text for the same owner, which tells nothing about the owner without the key. */
export interface OwnerSeal {
  /** What stands for an owner now. 43 letters, digits, `-` and `_`. */
  current(owner: string): Promise<string>
  /** What stood for an owner under older keys. */
  older(owner: string): Promise<readonly string[]>
}

const encoder = new TextEncoder()

/**
 * HMAC-SHA-256 under keys that are derived for this purpose alone. Keyed, because owners are few and can be guessed:
 * a plain hash of every user ID is made in seconds.
 */
export async function createOwnerSeal(
  secrets: readonly Uint8Array<ArrayBuffer>[],
  purpose: string,
): Promise<OwnerSeal> {
  const [first, ...others] = await Promise.all(secrets.map((secret) => deriveOwnerKey(secret, purpose)))
  if (!first) throw new TypeError('an owner seal needs a key')
  return {
    current: (owner) => standIn(first, owner),
    older: (owner) => Promise.all(others.map((key) => standIn(key, owner))),
  }
}

async function standIn(key: CryptoKey, owner: string): Promise<string> {
  return base64url(new Uint8Array(await crypto.subtle.sign('HMAC', key, encoder.encode(owner))))
}

async function deriveOwnerKey(secret: Uint8Array<ArrayBuffer>, purpose: string): Promise<CryptoKey> {
  const { subtle } = crypto
  const material = await subtle.importKey('raw', secret, 'HKDF', false, ['deriveKey'])
  const info = encoder.encode(['coatcheck owner 1', purpose].join('\0'))
  return subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info },
    material,
    { name: 'HMAC', hash: 'SHA-256', length: 256 },
    false,
    ['sign'],
  )
}
