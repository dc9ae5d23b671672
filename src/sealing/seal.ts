import { CompactEncrypt, CompactSign, compactDecrypt, compactVerify, errors } from 'jose'
import { deriveKeys } from './seal-keys.ts'
import type { SealKey } from './seal-keys.ts'

/** Text that only the holders of the keys can make, and, where it is encrypted, only they can read. */
export interface Seal {
  /** Seal a well-formed text with the current key. The result has letters, digits, `-`, `_` and `.`. */
  make(text: string): Promise<string>
  /** What a sealed text holds; undefined when none of the keys made it for this purpose. Never rejects for any input. */
  open(sealed: string): Promise<OpenedSeal | undefined>
}

/** What a seal was around. */
export interface OpenedSeal {
  readonly text: string
  /** False when an older key made it: time to seal it anew. */
  readonly current: boolean
}

/** How to seal. */
export interface SealOptions {
  /** At least 32 random bytes each. The first seals, all open. */
  readonly secrets: readonly Uint8Array<ArrayBuffer>[]
  /** False: signed only, for everybody to read. */
  readonly encrypt: boolean
  /** What is sealed for one purpose opens for no other. */
  readonly purpose: string
}

/**
 * Base64url in its one spelling: the bits that a last character has to spare are zero. Decoders overlook them, and then
 * sixteen values would open one seal.
 */
const PART = '(?=[^.])(?:[\\w-]{4})*(?:[\\w-][AQgw]|[\\w-]{2}[AEIMQUYcgkosw048])?'

const ENCRYPTED = new RegExp(`^${PART}\\.\\.${PART}\\.${PART}\\.${PART}$`)
const SIGNED = new RegExp(`^${PART}\\.${PART}\\.${PART}$`)

/** Whether a text could be what {@link createSeal} makes, before any key is touched. */
export function isSealShaped(text: string, encrypt: boolean): boolean {
  return (encrypt ? ENCRYPTED : SIGNED).test(text)
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/**
 * Seals as compact JWE (`dir`, A256GCM) or, without encryption, as compact JWS (HS256). There is one algorithm for each
 * and no way from one to the other: what a header asks for beside it is refused before any key is touched.
 */
export async function createSeal({ secrets, encrypt, purpose }: SealOptions): Promise<Seal> {
  const keys = await deriveKeys({ secrets, encrypt, purpose })
  const { id: kid, key: currentKey } = keys[0]

  function keyFor(header: { readonly kid?: string | undefined }): SealKey {
    const found = keys.find(({ id }) => id === header.kid)
    if (!found) throw new errors.JOSEError('no key of this name')
    return found
  }

  async function decrypt(sealed: string): Promise<OpenedSeal> {
    let used: SealKey | undefined
    const { plaintext } = await compactDecrypt(sealed, (header) => (used = keyFor(header)).key, {
      keyManagementAlgorithms: ['dir'],
      contentEncryptionAlgorithms: ['A256GCM'],
    })
    return { text: decoder.decode(plaintext), current: used?.current ?? false }
  }

  async function verify(sealed: string): Promise<OpenedSeal> {
    let used: SealKey | undefined
    const { payload } = await compactVerify(sealed, (header) => (used = keyFor(header)).key, { algorithms: ['HS256'] })
    return { text: decoder.decode(payload), current: used?.current ?? false }
  }

  return {
    make(text) {
      const bytes = encoder.encode(text)
      return encrypt
        ? new CompactEncrypt(bytes).setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid }).encrypt(currentKey)
        : new CompactSign(bytes).setProtectedHeader({ alg: 'HS256', kid }).sign(currentKey)
    },
    async open(sealed) {
      try {
        return await (encrypt ? decrypt(sealed) : verify(sealed))
      } catch (error) {
        // A forgery is a value, not an error; a runtime without cryptography is an error.
        if (error instanceof errors.JOSEError) return undefined
        throw error
      }
    },
  }
}
