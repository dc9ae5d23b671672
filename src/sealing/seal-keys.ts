// Not the global type: Node's own types have none without those of the DOM, and users may have only these.
import type { CryptoKey } from 'jose'
import { fromBase64, toBase64 } from '../record/codec-bytes.ts'
import { SessionError } from '../errors.ts'

/** ASVS 5.0, 11.2.3 asks for 128 bits of security; 256 bits of secret leave nothing to argue about. */
const LEAST_BYTES = 32

/** Random bytes repeat themselves: 32 of them have 30 different values on average, and 16 or fewer once in 10^13. */
const LEAST_DIFFERENT = 17

const HEX = /^(?:[\da-f]{2})+$/i
const BASE64 = /^[\w+/-]+={0,2}$/

/**
 * The bytes of secrets given as bytes, or as text in hex, base64 or base64url. Throws `bad_option` for what cannot be
 * 32 random bytes, naming a key by its option (default `keys`) and place, and never by its content.
 */
export function secretsOf(keys: unknown, option: string = 'keys'): readonly Uint8Array<ArrayBuffer>[] {
  if (!Array.isArray(keys) || keys.length === 0) {
    throw new SessionError('bad_option', `${option} is a list of secrets, the current one first; ${HOW}`)
  }
  return keys.map((key: unknown, index) => secretOf(key, `${option}[${index}]`))
}

const HOW = 'make one with: openssl rand -base64 32'

function secretOf(key: unknown, where: string): Uint8Array<ArrayBuffer> {
  const bytes = typeof key === 'string' ? decoded(key) : key instanceof Uint8Array ? Uint8Array.from(key) : undefined
  if (!bytes) throw new SessionError('bad_option', `${where} ${problemOf(key)}; ${HOW}`)
  if (bytes.length < LEAST_BYTES) {
    throw new SessionError('bad_option', `${where} has ${bytes.length} bytes of at least ${LEAST_BYTES}; ${HOW}`)
  }
  if (new Set(bytes).size < LEAST_DIFFERENT) {
    throw new SessionError('bad_option', `${where} repeats itself and can be guessed; ${HOW}`)
  }
  return bytes
}

function problemOf(key: unknown): string {
  if (key === '') return 'is empty'
  return typeof key === 'string' ? 'is not random bytes in base64 or hex: it reads like a passphrase' : 'is no text'
}

/**
 * Undefined for what reads like a passphrase. Base64 of 32 random bytes lacks capitals, or small letters, once in 10^9:
 * such a text was typed by somebody, and whoever can type it can guess it.
 */
function decoded(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (HEX.test(text)) return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
  if (!BASE64.test(text) || !/[a-z]/.test(text) || !/[A-Z]/.test(text)) return undefined
  const standard = text.replace(/=+$/, '').replaceAll('-', '+').replaceAll('_', '/')
  // One character cannot be a byte; whatever follows a whole number of bytes is cut off by nobody but a typing error.
  if (standard.length % 4 === 1) return undefined
  return Uint8Array.from(fromBase64(standard.padEnd(Math.ceil(standard.length / 4) * 4, '=')))
}

/** What one secret makes for one purpose. */
export interface SealKey {
  /** Tells the keys of one list apart, and nothing else about them. */
  readonly id: string
  readonly key: CryptoKey
  /** The first of its list. */
  readonly current: boolean
}

/** Six bytes tell the keys of one list apart, and cost a cookie eleven characters of its 4096. */
const KEY_ID_BITS = 48

const encoder = new TextEncoder()

/**
 * Keys for one purpose and one algorithm, the current one first, of which none tells anything about another
 * (RFC 5869, 3.2): AES-GCM with 256 bits to encrypt, HMAC-SHA-256 to sign.
 */
export async function deriveKeys(options: {
  readonly secrets: readonly Uint8Array<ArrayBuffer>[]
  readonly encrypt: boolean
  readonly purpose: string
}): Promise<[SealKey, ...SealKey[]]> {
  const { secrets, encrypt, purpose } = options
  const [first, ...others] = await Promise.all(
    secrets.map((secret, index) => derive(secret, encrypt, purpose, index === 0)),
  )
  if (!first) throw new TypeError('a seal needs a key')
  return [first, ...others]
}

async function derive(
  secret: Uint8Array<ArrayBuffer>,
  encrypt: boolean,
  purpose: string,
  current: boolean,
): Promise<SealKey> {
  const { subtle } = crypto
  const material = await subtle.importKey('raw', secret, 'HKDF', false, ['deriveKey', 'deriveBits'])
  const hkdf = (use: string): HkdfParams => ({
    name: 'HKDF',
    hash: 'SHA-256',
    salt: new Uint8Array(),
    info: encoder.encode(['coatcheck seal 1', encrypt ? 'A256GCM' : 'HS256', use, purpose].join('\0')),
  })
  const algorithm = encrypt ? { name: 'AES-GCM', length: 256 } : { name: 'HMAC', hash: 'SHA-256', length: 256 }
  const [id, key] = await Promise.all([
    subtle.deriveBits(hkdf('key id'), material, KEY_ID_BITS),
    subtle.deriveKey(hkdf('key'), material, algorithm, false, encrypt ? ['encrypt', 'decrypt'] : ['sign', 'verify']),
  ])
  return { id: base64url(new Uint8Array(id)), key, current }
}

/** Base64 in the letters of URLs, without padding. */
export function base64url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}
