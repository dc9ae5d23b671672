/**
 * Texts encrypted for one place: AES-256-GCM, with the place as additional authenticated data.
 *
 *     sealed1.KEYID.BASE64
 *
 * KEYID says which key to try; it is eight letters, digits, `-` and `_`. BASE64, in its one spelling, is a random nonce
 * of 12 bytes, the ciphertext and a tag of 16 bytes. Nothing in such a text is interpreted beyond the choice among our
 * own keys, so no other algorithm can be asked for: another one would be another first word.
 *
 * Its own form instead of JWE as in cookies: sealing 200 kB by jose took eight times as long, nearly all of it in the
 * letters of base64url, and a JWE's header adds fifty bytes to each record. What that costs is a format of our own.
 */
import { fromBase64, toBase64 } from '../record/codec-bytes.ts'
import { deriveKeys } from './seal-keys.ts'
import type { OpenedSeal, SealOptions } from './seal.ts'

/** Encryption of texts that belong somewhere: each opens only beside the place it was sealed for. */
export interface BoundSeal {
  /** Encrypt a well-formed text with the current key. `place` is not part of the result, but bound to it. */
  make(text: string, place: string): Promise<string>
  /**
   * What a sealed text holds; undefined when it was changed, belongs to another place or purpose, or when none of the
   * keys made it. Never rejects for any input.
   */
  open(sealed: string, place: string): Promise<OpenedSeal | undefined>
  /** Which key a text names, looking at nothing but its first letters; undefined when it is no text of such a seal. */
  keyOf(sealed: string): 'current' | 'older' | 'unknown' | undefined
}

const FORMAT = 'sealed1.'
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** One step a character: a sealed text may have millions, and a nested expression would need as much stack. */
const FOREIGN = /[^A-Za-z\d+/=]/

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** Encryption for one purpose: the first secret seals, all open. */
export async function createBoundSeal({ secrets, purpose }: Omit<SealOptions, 'encrypt'>): Promise<BoundSeal> {
  const { subtle } = crypto
  const keys = await deriveKeys({ secrets, purpose, encrypt: true })
  const [current] = keys
  const prefixed = keys.map((key) => ({ ...key, prefix: `${FORMAT}${key.id}.` }))
  const keyFor = (sealed: string) => prefixed.find(({ prefix }) => sealed.startsWith(prefix))

  return {
    async make(text, place) {
      const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES))
      const sealed = await subtle.encrypt(parameters(nonce, place), current.key, encoder.encode(text))
      const bytes = new Uint8Array(NONCE_BYTES + sealed.byteLength)
      bytes.set(nonce)
      bytes.set(new Uint8Array(sealed), NONCE_BYTES)
      return `${FORMAT}${current.id}.${toBase64(bytes)}`
    },

    async open(sealed, place) {
      const used = keyFor(sealed)
      const bytes = used && bytesOf(sealed.slice(used.prefix.length))
      if (!bytes || bytes.length < NONCE_BYTES + TAG_BYTES) return undefined
      try {
        const nonce = bytes.slice(0, NONCE_BYTES)
        const text = await subtle.decrypt(parameters(nonce, place), used.key, bytes.slice(NONCE_BYTES))
        return { text: decoder.decode(text), current: used.current }
      } catch (error) {
        // A forgery is a value, not an error; a runtime without cryptography is an error.
        if (error instanceof DOMException && error.name === 'OperationError') return undefined
        throw error
      }
    },

    keyOf(sealed) {
      const used = keyFor(sealed)
      if (used) return used.current ? 'current' : 'older'
      return sealed.startsWith(FORMAT) ? 'unknown' : undefined
    },
  }
}

function parameters(iv: Uint8Array<ArrayBuffer>, place: string): AesGcmParams {
  return { name: 'AES-GCM', iv, additionalData: encoder.encode(place), tagLength: TAG_BYTES * 8 }
}

/** Undefined for what is no base64, or not in its one spelling: decoders overlook the bits that a last letter has to spare. */
function bytesOf(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0 || FOREIGN.test(text)) return undefined
  try {
    const bytes = fromBase64(text)
    const lastThree = bytes.subarray(Math.floor((bytes.length - 1) / 3) * 3)
    return text.endsWith(toBase64(lastThree)) ? bytes : undefined
  } catch {
    return undefined
  }
}
