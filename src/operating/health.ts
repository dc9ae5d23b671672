import { SessionError } from '../errors.ts'
import type { SessionErrorCode } from '../errors.ts'
import type { Policy } from '../options/options.ts'
import type { Store } from '../store.ts'

/** Whether sessions can be read just now. */
export interface Health {
  readonly ok: boolean
  /** How long the answer took, ms. */
  readonly latency: number
  /** Why it is not `ok`: the code that a request would get. */
  readonly code?: SessionErrorCode
  /** The error itself, for the operator's eyes: it may name hosts and folders. */
  readonly error?: unknown
}

/** No token hashes to this, as far as anybody knows or will: the preimage of a chosen SHA-256. */
const NOBODY = '0'.repeat(64)

/**
 * Ask for a session that cannot exist: one command, no right that requests do not need, and no record that could get
 * in the way. Never throws; bounded by `storeTimeout`. Once closed it is not `ok` and the store is left alone, so that
 * a load balancer looks elsewhere while the last requests are answered. Without a store (`undefined`) it is `ok`.
 */
export async function checkHealth(store: Store | undefined, policy: Policy, isClosed: () => boolean): Promise<Health> {
  if (isClosed()) return { ok: false, latency: 0, code: 'closed' }
  if (!store) return { ok: true, latency: 0 }
  const began = policy.clock.now()
  const latency = (): number => Math.max(0, policy.clock.now() - began)
  try {
    await store.read(NOBODY, began)
    return { ok: true, latency: latency() }
  } catch (error) {
    const code = error instanceof SessionError ? error.code : 'store_failed'
    return { ok: false, latency: latency(), code, error }
  }
}
