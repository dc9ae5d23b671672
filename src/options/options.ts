import { backendOf } from '../backend/backend.ts'
import { systemClock } from '../runtime/clock.ts'
import { clearSiteDataHeader } from '../cookie/clear-site-data.ts'
import type { SiteData } from '../cookie/clear-site-data.ts'
import type { Clock } from '../runtime/clock.ts'
import { sessionCookie } from '../cookie/cookie.ts'
import type { SessionCookie } from '../cookie/cookie.ts'
import type { CookieOptions } from '../cookie/cookie-rules.ts'
import { milliseconds } from './duration.ts'
import type { Duration } from './duration.ts'
import { checkStore, checkTypes, refuse } from './options-check.ts'
import { absoluteLifetime, idleLifetimes, renewal } from './options-lifetime.ts'
import { logRefs } from '../events/log-ref.ts'
import { ownerLimit } from './options-owner.ts'
import type { OwnerLimit } from '../owners/owner-limit.ts'
import { environment } from '../runtime/platform.ts'
import type { SchemaOptions } from '../request/schema.ts'
import type { Store } from '../store.ts'
import { drawTicket } from '../cookie/token.ts'
import type { RandomBytes } from '../cookie/token.ts'
import { validation } from '../request/validation.ts'
import type { Validation } from '../request/validation.ts'
import { shown } from './shown.ts'

/** A key that two requests changed, offered to an `onConflict` function. Values are copies. */
export interface Conflict {
  readonly key: string
  /** What this request loaded; undefined when the key was not there. */
  readonly base: unknown
  /** What this request wants to save. */
  readonly ours: unknown
  /** What another request saved meanwhile. */
  readonly theirs: unknown
}

/** Everything `createSessions` takes. All of it is optional, and the defaults are safe ones. */
export interface SessionsOptions {
  /**
   * Where records are kept. Default: files in `.sessions` of the working directory. `cookieStore()` keeps the sessions
   * in the browsers instead, and `nullStore()` switches them off.
   */
  readonly store?: Store
  /**
   * Idle lifetime: how long a session lives after its last visit. One duration, or one for sessions whose cookie
   * outlives the browser window and one for those whose cookie ends with it.
   * Default `{ permanent: '31d', browser: '1d' }`. At most 400 days, as long as browsers keep a cookie; more is that.
   */
  readonly lifetime?: Duration | { readonly permanent: Duration; readonly browser: Duration }
  /**
   * A session ends this long after it began, or after its owner's last `login()`, whatever happens; `false` for never.
   * Default `'90d'`.
   */
  readonly absoluteLifetime?: Duration | false
  /**
   * Give a busy session a new ID when it has had its ID for this long (OWASP Session Management, "Renewal Timeout"), so
   * that a stolen cookie is not good for as long as the session lives. It is done by visits alone, and never instead of
   * `regenerate()`. Default `false`: see `docs/deadlines.md` for what it costs.
   */
  readonly renewAfter?: Duration | false
  /** How long a renewed ID still leads to its session, for requests under way and lost answers. Default `'60s'`. */
  readonly renewGrace?: Duration
  /** Whether the cookie of a new session outlives the browser window. Default true. */
  readonly permanent?: boolean
  /**
   * How many sessions one owner may have: `{ sessions: 5, policy: 'end-oldest' }`, or `'refuse'`, by which a further
   * `login()` rejects with `owner_limit`. Needs a store that can list. Default: no limit. See `docs/owners.md`.
   */
  readonly ownerLimit?: OwnerLimit
  /** Name and attributes of the cookie. */
  readonly cookie?: CookieOptions
  /**
   * What the browser shall forget when `session.destroy()` ends its session, besides the cookie (ASVS 5.0, 14.3.1): the
   * header Clear-Site-Data, on https only. `true` is `['cache', 'storage']`. `'cookies'` deletes those of all
   * applications on the domain. Default false.
   */
  readonly clearSiteData?: boolean | readonly SiteData[]
  /**
   * Who wins when two requests changed one key and neither deleted it (a deletion always wins): `'ours'` (the
   * request that saves later, default), `'theirs'`, `'error'`, or a function that returns the value to keep.
   */
  readonly onConflict?: 'ours' | 'theirs' | 'error' | ((conflict: Conflict) => unknown)
  /**
   * What a request gets whose session cannot be read, because the store fails or does not answer: `'error'` (default),
   * or `'anonymous'`: an empty session that cannot be saved (`session.unavailable`), with the visitor's cookie left
   * alone. A write that fails is an error in both.
   */
  readonly onStoreError?: 'error' | 'anonymous'
  /**
   * What events say of the request they are about, as `info`: `(req) => ({ path: req.path })`. Called for events that
   * somebody listens to, with the framework's own request object.
   */
  // A method, so that it may name the request type of its framework.
  requestInfo?(request: object): unknown
  /**
   * The secret under which IDs are hashed in events, 16 bytes at least; the same in every process whose logs are read
   * together. Default: a random one of this process.
   */
  readonly logKey?: string | Uint8Array | undefined
  /** How long one store call may take before it counts as failed. Default `'5s'`. */
  readonly storeTimeout?: Duration
  /** Drop data changes when the response is an error of 500 or above. Default true. */
  readonly dropChangesOnError?: boolean
  /** How often dead records are swept, on average; `false` leaves it to `sessions.sweep()`. Default `'5m'`. */
  readonly sweepEvery?: Duration | false
  /** Time, for tests. Default: the machine's. */
  readonly clock?: Clock
  /** The generator of tokens, for tests. Default: the runtime's cryptographic one. */
  readonly randomBytes?: RandomBytes
}

/** The options, resolved once. The core reads nothing else. */
export interface Policy {
  readonly lifetime: { readonly permanent: number; readonly browser: number }
  readonly absolute: number
  /** Undefined: an ID is kept until `regenerate()`. */
  readonly renewal: { readonly after: number; readonly grace: number } | undefined
  readonly permanent: boolean
  readonly ownerLimit: OwnerLimit | undefined
  readonly cookie: SessionCookie
  /** The value of the header; undefined for none. */
  readonly clearSiteData: string | undefined
  readonly onConflict: NonNullable<SessionsOptions['onConflict']>
  readonly onStoreError: 'error' | 'anonymous'
  readonly requestInfo: ((request: object) => unknown) | undefined
  readonly logKey: string | Uint8Array | undefined
  readonly storeTimeout: number
  readonly dropChangesOnError: boolean
  readonly sweepEvery: number | false
  readonly clock: Clock
  readonly randomBytes: RandomBytes | undefined
  /** Undefined without a schema. */
  readonly validation: Validation | undefined
}

const KNOWN: ReadonlySet<string> = new Set<keyof SessionsOptions | keyof SchemaOptions>([
  'store',
  'lifetime',
  'absoluteLifetime',
  'renewAfter',
  'renewGrace',
  'permanent',
  'ownerLimit',
  'cookie',
  'clearSiteData',
  'onConflict',
  'onStoreError',
  'requestInfo',
  'logKey',
  'storeTimeout',
  'dropChangesOnError',
  'sweepEvery',
  'clock',
  'randomBytes',
  'schema',
  'onInvalid',
])

/** Check and resolve. Throws `bad_option`, naming the option and what it may be. */
export function resolvePolicy(options: SessionsOptions & Partial<SchemaOptions>): Policy {
  const given: unknown = options
  if (typeof given !== 'object' || given === null) refuse(`createSessions() takes { store: … }, not ${shown(given)}`)
  for (const name of Object.keys(options)) {
    if (!KNOWN.has(name)) refuse(`there is no option "${name}"; there are ${[...KNOWN].join(', ')}`)
  }
  checkStore(options.store)
  checkTypes(options)
  const lifetime = idleLifetimes(options.lifetime ?? { permanent: '31d', browser: '1d' })
  const onConflict = options.onConflict ?? 'ours'
  if (typeof onConflict !== 'function' && !['ours', 'theirs', 'error'].includes(onConflict)) {
    refuse(`onConflict is ${shown(onConflict)}; it is 'ours', 'theirs', 'error' or a function`)
  }
  void logRefs(options.logKey)
  // A generator that cannot work is found now, not at the first visitor.
  if (options.randomBytes) void drawTicket(options.randomBytes)
  return Object.freeze({
    lifetime,
    absolute: absoluteLifetime(options.absoluteLifetime, lifetime),
    renewal: renewal(options),
    permanent: options.permanent ?? true,
    ownerLimit: ownerLimit(options),
    cookie: sessionCookie(
      options.cookie ?? {},
      environment('NODE_ENV') === 'production',
      backendOf(options.store)?.accepts,
    ),
    clearSiteData: clearSiteDataHeader(options.clearSiteData),
    onConflict,
    onStoreError: options.onStoreError ?? 'error',
    requestInfo: options.requestInfo?.bind(options),
    logKey: options.logKey,
    storeTimeout: milliseconds(options.storeTimeout ?? '5s', 'storeTimeout'),
    dropChangesOnError: options.dropChangesOnError ?? true,
    sweepEvery: options.sweepEvery === false ? false : milliseconds(options.sweepEvery ?? '5m', 'sweepEvery'),
    clock: options.clock ?? systemClock,
    randomBytes: options.randomBytes,
    validation: validation(options),
  })
}
