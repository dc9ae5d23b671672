/**
 * Every error Coatcheck raises, in one table. `docs/errors.md` has a row for each code, and a test compares the two.
 *
 * Misuse throws where it is written (at construction, at the call) with the mend in the message. Absent, expired
 * and forged sessions are values, not errors: the visitor gets a new, empty session.
 */
const SUMMARY = {
  bad_option: 'an option has a value that cannot work',
  bad_value: 'a value in session.data cannot be stored',
  invalid_data: 'session data does not fit the schema',
  record_too_large: 'the session is larger than a record may be',
  cookie_too_large: 'the cookie would exceed the 4096 bytes browsers keep',
  cookie_too_late: 'a cookie is needed, but the response head has already left',
  head_sent: 'the response head left before the session could be saved',
  session_ended: 'the session was destroyed, has expired or was replaced, so nothing can be saved in it',
  session_unavailable: 'the session could not be read, so this request has an anonymous one that is never saved',
  conflict: 'another request changed the same key, and onConflict is "error"',
  too_busy: 'other writers kept changing this session until the time limit',
  store_failed: 'the store reported a failure',
  store_timeout: 'the store did not answer within the time limit',
  store_unusable: 'the store cannot be used as it is set up',
  cannot: 'this store cannot do what was asked',
  switched_off: 'sessions are switched off, so none can be saved',
  owner_limit: 'the owner has as many sessions as they may have',
  closed: 'sessions.close() was called, so no session can be opened or saved',
  not_registered: 'the session middleware has not run for this request',
  not_loaded: 'the session of this request was not asked for yet',
  registered_twice: 'two session middlewares use the same property or cookie on one request',
  async_updater: 'the function given to update() returned a promise',
} as const

/** What went wrong, for `switch` and logs. Codes are public API: they are added, never renamed. */
export type SessionErrorCode = keyof typeof SUMMARY

/** The one error class. Test `error instanceof SessionError && error.code === 'store_timeout'`. */
export class SessionError extends Error {
  override readonly name = 'SessionError'
  readonly code: SessionErrorCode

  /** `detail` says what exactly, where, and how to mend it; `cause` keeps the error underneath. */
  constructor(code: SessionErrorCode, detail: string, options?: { cause?: unknown }) {
    super(`${SUMMARY[code]}: ${detail} [${code}]`, options)
    this.code = code
  }
}

/** Every code with its one-line meaning, for documentation and tests. */
export const errorCodes: Readonly<Record<SessionErrorCode, string>> = SUMMARY
