import { SessionError } from '../errors.ts'
import { login } from '../owners/login.ts'
import type { OwnerNote } from '../owners/owner.ts'
import type { Session } from '../session.ts'
import type { Sessions } from '../sessions.ts'

/** Who comes with the cookie. */
export interface SessionCookieOptions {
  /** Somebody who has just signed in, as by `login()`: `isFresh()` is true until the clock moves. Default: nobody. */
  readonly owner?: string
  /** As `session.note`. Default none. */
  readonly note?: OwnerNote
  /** As `session.permanent`. Default: what the option `permanent` of `createSessions` says. */
  readonly permanent?: boolean
}

/**
 * The value of a Cookie header, for tests of an application: of a visitor whose session holds `data`, saved as by a
 * request of theirs. Rejects with `bad_option` when nothing is given to save, since such a visitor has no cookie; and
 * with whatever `login()` and the commit reject with.
 */
export async function sessionCookie<Data extends object>(
  sessions: Sessions<Data>,
  data: Partial<Data>,
  { owner, note, permanent }: SessionCookieOptions = {},
): Promise<string> {
  // As over https, or a cookie that is `secure` would not be given out.
  const session: Session<Data> = await sessions.open({ cookie: undefined, secure: true })
  Object.assign(session.data, data)
  if (permanent !== undefined) session.permanent = permanent
  if (note !== undefined) session.note = note
  if (owner !== undefined) await login(session, owner, { keep: true, ...(note === undefined ? {} : { note }) })

  const { setCookie } = await sessions.commit(session)
  // Deletions of cookies of earlier settings come first, and may be of the same name.
  const line = setCookie.findLast((each) => each.startsWith(`${sessions.cookieName}=`))
  if (line !== undefined) return line.slice(0, line.indexOf(';'))
  throw new SessionError(
    'bad_option',
    'sessionCookie() got neither data nor an owner, and who has neither has no cookie; send none in that test',
  )
}
