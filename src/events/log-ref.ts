import { refuse } from '../options/options-check.ts'
import { hmacSha256, randomBytes } from '../runtime/platform.ts'

/** 128 bits: enough that no two sessions share one, and half as long as an ID, so that neither passes for the other. */
const REF_DIGITS = 32

const LEAST_KEY = 16

/**
 * One for the whole process, so that two instances call one session by one name. Drawn when it is first needed: a
 * worker may not draw random bytes while it starts, which is when `createSessions()` is called.
 */
let ownKey: Uint8Array | undefined

/**
 * How IDs are called in logs: by HMAC-SHA-256 under `key`; without one under a random key of this process. The ID is
 * what the store files a session under, so a log that held it could be joined with a stolen store: who did what, when
 * and from where. Under a key it cannot (OWASP Session Management, "Logging Sessions Life Cycle").
 */
export function logRefs(key?: string | Uint8Array): (id: string) => string | Promise<string> {
  const given = key === undefined ? undefined : keyBytes(key)
  return (id) => {
    const bytes = given ?? (ownKey ??= randomBytes(32))
    const digest = hmacSha256(bytes, id)
    return typeof digest === 'string' ? digest.slice(0, REF_DIGITS) : digest.then((hex) => hex.slice(0, REF_DIGITS))
  }
}

/** Throws `bad_option`; the message holds no part of the key. */
function keyBytes(key: unknown): Uint8Array {
  const bytes = typeof key === 'string' ? new TextEncoder().encode(key) : key
  if (bytes instanceof Uint8Array && bytes.length >= LEAST_KEY) return bytes
  return refuse(`logKey is a secret of at least ${LEAST_KEY} bytes, as text or Uint8Array; or leave it out`)
}
