import { BACKEND } from '../backend/backend.ts'
import type { BackendSource } from '../backend/backend.ts'
import { cookieBackend } from '../backend/backend-cookie.ts'
import { SessionError } from '../errors.ts'
import { createSeal, isSealShaped } from '../sealing/seal.ts'
import type { Seal } from '../sealing/seal.ts'
import { secretsOf } from '../sealing/seal-keys.ts'
import type { Store } from '../store.ts'

/** How sessions are sealed into cookies. */
export interface CookieStoreOptions {
  /**
   * Secrets of at least 32 random bytes, as bytes or as text in base64, base64url or hex. The first seals, all open: put
   * a new one in front, and remove the old one when its sessions have had time to come back.
   */
  readonly keys: readonly (string | Uint8Array)[]
  /** Default true. False: signed only; visitors, and whoever reads their cookies, can then read what is in a session. */
  readonly encrypt?: boolean
}

/** The longest value that can fit beside a name. */
const LONGEST = 4094

/**
 * Sessions in the visitors' cookies, encrypted: nothing is kept on the server. Given to `createSessions({ store })`,
 * which recognises it; it is no {@link Store} by itself, and every verb of one rejects with `cannot`.
 *
 * What that costs: 4096 bytes, `cookie_too_large` beyond; no listing and no revoking (`cannot`), and a copied cookie
 * works until its deadline, logged out or not; of two requests at once the browser keeps the last response's session.
 *
 * @throws {@link SessionError} `bad_option` for keys that can be guessed. No message holds any part of a key.
 */
export function cookieStore(options: CookieStoreOptions): Store {
  const { keys, encrypt = true, ...others }: CookieStoreOptions & Readonly<Record<string, unknown>> = { ...options }
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) refuse(`there is no cookieStore option "${unknown}"; there are keys and encrypt`)
  if (typeof encrypt !== 'boolean') refuse(`encrypt is a ${typeof encrypt}; it is true or false`)
  const secrets = secretsOf(keys)

  const source: BackendSource = {
    accepts: (value) => value.length <= LONGEST && isSealShaped(value, encrypt),
    open(policy, emit) {
      if (policy.onConflict !== 'ours') {
        refuse('onConflict cannot work with cookies: the last response wins. Leave it out, or keep sessions in a store')
      }
      let sealing: Promise<Seal> | undefined
      const purpose = `cookie ${policy.cookie.name}`
      return cookieBackend(() => (sealing ??= createSeal({ secrets, encrypt, purpose })), policy, emit)
    },
  }
  const store: Required<Omit<Store, 'name' | 'close' | 'sweep'>> & { readonly [BACKEND]: BackendSource } = {
    [BACKEND]: source,
    read: cannot,
    create: cannot,
    update: cannot,
    touch: cannot,
    delete: cannot,
    async *list() {
      yield await cannot()
    },
  }
  return store
}

function cannot(): Promise<never> {
  return Promise.reject(
    new SessionError(
      'cannot',
      'sessions in cookies are with the visitors: nothing on the server can read, list or revoke them. Keep them in a ' +
        'store for that; and give cookieStore() to createSessions() as it is, without a wrapper',
    ),
  )
}

function refuse(detail: string): never {
  throw new SessionError('bad_option', detail)
}
