import { systemClock } from '../runtime/clock.ts'
import type { Clock } from '../runtime/clock.ts'
import { SessionError } from '../errors.ts'
import { warnOnce } from '../runtime/platform.ts'
import { secretsOf } from '../sealing/seal-keys.ts'

/** How records are encrypted. */
export interface EncryptedStoreOptions {
  /**
   * Secrets of at least 32 random bytes, as bytes or as text in base64, base64url or hex. The first encrypts, all
   * decrypt: put a new one in front, and remove the old one after `reseal()`.
   */
  readonly keys: readonly (string | Uint8Array)[]
  /**
   * Secrets of the same kind, under which owners are hashed before the store sees them. Apart from `keys`, because
   * these need to change less often: each one in the list costs `list({ owner })` a query. Default: owners in clear.
   */
  readonly ownerKeys?: readonly (string | Uint8Array)[]
  /** What is encrypted for one purpose decrypts for no other: a name for each store that shares keys. Default `''`. */
  readonly purpose?: string
  /**
   * For the move of a store that holds records in clear: until this moment (a date like `'2027-01-31'`, in UTC, or a
   * `Date`), records in clear are accepted and encrypted as they are used. Whoever can write to the store can make
   * sessions until then. At most 400 days ahead. Default: they are refused.
   */
  readonly acceptClearUntil?: string | Date
  /** Time, for {@link EncryptedStoreOptions.acceptClearUntil} and `reseal()`. Default: the machine's. */
  readonly clock?: Clock
}

/** No migration lasts longer than the longest cookie (RFC 6265bis: 400 days). */
const LONGEST_WINDOW_MS = 400 * 86_400_000

const OPTIONS: ReadonlySet<string> = new Set<keyof EncryptedStoreOptions>([
  'keys',
  'ownerKeys',
  'purpose',
  'acceptClearUntil',
  'clock',
])

/** The options, resolved. */
interface Encryption {
  readonly payloads: ReturnType<typeof secretsOf>
  readonly owners: ReturnType<typeof secretsOf> | undefined
  readonly purpose: string
  /** Unix ms. */
  readonly clearUntil: number
  readonly clock: Clock
}

/** Check and resolve. Throws `bad_option`, naming the option; no message holds any part of a key. */
export function checkEncryption(options: EncryptedStoreOptions): Encryption {
  if (typeof options !== 'object' || options === null) refuse('encryptedStore() takes keys: { keys: […] }')
  const unknown = Object.keys(options).find((name) => !OPTIONS.has(name))
  if (unknown !== undefined) {
    refuse(`there is no encryptedStore option "${unknown}"; there are ${[...OPTIONS].join(', ')}`)
  }
  const { keys, ownerKeys, purpose = '', acceptClearUntil, clock = systemClock } = options
  if (typeof purpose !== 'string') refuse('purpose is no text; it is a name for what is encrypted')
  return {
    payloads: secretsOf(keys),
    owners: ownerKeys === undefined ? undefined : secretsOf(ownerKeys, 'ownerKeys'),
    purpose,
    clearUntil: endOfWindow(acceptClearUntil, clock),
    clock,
  }
}

function endOfWindow(option: string | Date | undefined, clock: Clock): number {
  if (option === undefined) return Number.NEGATIVE_INFINITY
  const end = typeof option === 'string' || option instanceof Date ? new Date(option).getTime() : Number.NaN
  if (Number.isNaN(end)) refuse("acceptClearUntil is no date; write one like '2027-01-31'")
  if (end > clock.now() + LONGEST_WINDOW_MS)
    refuse('acceptClearUntil is more than 400 days ahead; reseal() ends it today')
  if (clock.now() < end) {
    warnOnce(
      'COATCHECK_CLEAR_RECORDS',
      `records in clear are accepted until ${new Date(end).toISOString()}; call reseal() and take acceptClearUntil out`,
    )
  }
  return end
}

function refuse(detail: string): never {
  throw new SessionError('bad_option', detail)
}
