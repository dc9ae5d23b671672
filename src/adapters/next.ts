import { parseSetCookie } from 'cookie'
import type { SetCookie } from 'cookie'
import type { Session } from '../session.ts'
import type { Sessions } from '../sessions.ts'

/** What is used of `await cookies()`. */
export interface NextCookies {
  get(name: string): { readonly value: string } | undefined
  set(cookie: SetCookie & { value: string }): unknown
}

/** `cookies` and `headers` of `next/headers`. */
export interface NextHeaders {
  readonly cookies: () => Promise<NextCookies>
  readonly headers: () => Promise<{ get(name: string): string | null }>
}

/** All of it is optional. */
export interface NextOptions {
  /** Whether the visitor came by https. Default: what `x-forwarded-proto` says, which Next itself sets if no proxy does. */
  readonly secure?: (headers: { get(name: string): string | null }) => boolean
}

/** A session as a component may see it: nothing in it can be changed, since a component can neither save nor send. */
export interface ReadonlySession<Data extends object, Held extends object = Partial<Data>> extends Pick<
  Session<Data, Held>,
  'id' | 'isNew' | 'ended' | 'unavailable' | 'createdAt' | 'expiresAt' | 'authenticatedAt'
> {
  readonly owner: string | undefined
  /** Frozen, nested values included. */
  readonly data: Readonly<Held>
}

/** Sessions where Next gives no Request: in server components and server actions. */
export interface NextSessions<Data extends object, Held extends object = Partial<Data>> {
  /**
   * The visitor's session, to be read in a server component. It is no visit, since nothing is saved: `withSession` in
   * `proxy.ts` keeps the session alive. Rejects as `sessions.open` does.
   */
  readonly readSession: () => Promise<ReadonlySession<Data, Held>>
  /**
   * Run `change` on the visitor's session, save it, and hand its cookie to Next: in server actions and route handlers.
   * Resolves with what `change` returned once that is done. `redirect()`, `notFound()` and their like inside it are
   * answers, so what was changed is saved; after any other error only `destroy`, `regenerate`, `login` and `logout`
   * stand. Both are passed on. Rejects as `sessions.commit` does, then without a cookie.
   */
  readonly changeSession: <Result>(
    change: (session: Session<Data, Held>) => Result | Promise<Result>,
  ) => Promise<Result>
}

/**
 * Sessions for the App Router of Next: `nextSessions(sessions, { cookies, headers })`, with both from `next/headers`.
 * Route handlers and `proxy.ts` have a Request, and take `withSession` of `coatcheck/fetch`.
 */
export function nextSessions<Data extends object, Held extends object>(
  sessions: Sessions<Data, Held>,
  { cookies, headers }: NextHeaders,
  { secure = isHttps }: NextOptions = {},
): NextSessions<Data, Held> {
  async function open(): Promise<Session<Data, Held>> {
    const [jar, given] = await Promise.all([cookies(), headers()])
    const cookie = cookieHeader(given.get('cookie') ?? '', sessions.cookieName, jar)
    return sessions.open({ cookie, secure: secure(given) })
  }

  async function save(session: Session<Data, Held>, failed: boolean): Promise<void> {
    const { setCookie } = await sessions.commit(session, { failed })
    if (setCookie.length === 0) return
    const jar = await cookies()
    for (const line of setCookie) {
      const { value = '', ...cookie } = parseSetCookie(line)
      jar.set({ ...cookie, value })
    }
  }

  return {
    async readSession() {
      const session = await open()
      freeze(session.data)
      return session
    },

    async changeSession(change) {
      const session = await open()
      let result
      try {
        result = await change(session)
      } catch (error) {
        // After a real error it is the one to tell; that the store failed too, an event says.
        const saved = isAnswer(error) ? save(session, false) : save(session, true).catch(() => undefined)
        await saved
        throw error
      }
      await save(session, false)
      return result
    },
  }
}

/**
 * The Cookie header as the browser sent it, because Next's jar hides all but one of several cookies of our name. Where
 * the jar has another value, this response has set it: a page rendered by an action that signed somebody in is theirs.
 */
function cookieHeader(sent: string, name: string, jar: NextCookies): string | undefined {
  const value = jar.get(name)?.value
  if (value === undefined || value === '') return undefined
  const pair = `${name}=${value}`
  return sent.split(/; */).includes(pair) ? sent : pair
}

/** Next throws `redirect()` and its like as errors with such a digest; its own `unstable_rethrow` knows them by it. */
function isAnswer(error: unknown): boolean {
  if (!(error instanceof Error && 'digest' in error && typeof error.digest === 'string')) return false
  return /^NEXT_(?:REDIRECT|HTTP_ERROR_FALLBACK);/.test(error.digest)
}

function isHttps(headers: { get(name: string): string | null }): boolean {
  return /^\s*https\b/i.test(headers.get('x-forwarded-proto') ?? '')
}

/** Plain objects and arrays; what is in a Map or a Date stays as it is. */
function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || Object.isFrozen(value)) return
  Object.freeze(value)
  for (const nested of Object.values(value)) freeze(nested)
}
