/**
 * What a response must carry once its session is committed. `adapters/headers.ts` is the one place that applies it.
 */
export interface Reply {
  /** Set-Cookie values to append, in order; none when the browser's cookie stays as it is. */
  readonly setCookie: readonly string[]
  /** The response was made from the session: caches must keep it apart per cookie (`Vary: Cookie`). */
  readonly varyCookie: boolean
  /** Further headers, in small letters, beside a cookie; set where the application did not. Default none. */
  readonly headers?: Readonly<Record<string, string>>
}

/** Nothing to send: the answer for a request that never asked for its session. */
export const EMPTY_REPLY: Reply = { setCookie: [], varyCookie: false }
