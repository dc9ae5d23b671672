import { milliseconds } from '../options/duration.ts'
import type { Duration } from '../options/duration.ts'
import { SessionError } from '../errors.ts'
import { CLOCK_SKEW } from '../request/lifetime.ts'
import { checkedNote, checkedOwner } from './owner.ts'
import type { OwnerNote } from './owner.ts'
import { Session } from '../session.ts'

/** What {@link login} may be told. */
export interface LoginOptions {
  /**
   * What stays in `session.data`: nothing (`false`), all (`true`) or some keys. Default: nothing when somebody signs in,
   * all when the owner proves again who they are. When the session was another owner's, nothing stays whatever is said.
   */
  readonly keep?: boolean | readonly string[]
  /** For the list of the owner's devices, see `session.note`. Default: none; the former one when the owner stays. */
  readonly note?: OwnerNote
}

/**
 * Somebody has proved to be `owner`: move the session to a new ID, make it theirs, note the time, and save. Also for
 * the password asked for once more: that renews `authenticatedAt`, the ID (OWASP ASVS 5.0, 7.2.4), and the absolute
 * lifetime, which counts from here (NIST SP 800-63B, 7.2).
 *
 * It is done when this resolves, even if the response fails later. When it rejects, the session is what it was before:
 * `owner_limit` when the owner has no session left (option `ownerLimit`), `cookie_too_late` after the head,
 * `session_ended` when the session was ended meanwhile, `bad_option` for an owner that is no text. On a session that
 * another request has just moved, as by a second click on "sign in", it does nothing: that response has the cookie.
 */
export async function login<Data extends object>(
  session: Session<Data>,
  owner: string,
  options: LoginOptions = {},
): Promise<void> {
  const checked = checkedOwner(owner, 'the owner given to login()')
  if (checked === undefined || checked === '') {
    throw new SessionError('bad_option', 'login() needs an owner; give a string, such as String(user.id)')
  }
  const note = checkedNote(options.note)
  return Session.verbsOf(session).login(Session.stateOf(session), checked, { keep: options.keep, note })
}

/**
 * Sign out: the record is gone when this resolves, and the cookie is deleted with the response. The session begins
 * anew: empty, nobody's, with another ID. So a notice for the next page can be put into it, which then gets a cookie of
 * its own.
 */
export function logout<Data extends object>(session: Session<Data>): Promise<void> {
  return Session.verbsOf(session).logout(Session.stateOf(session))
}

/**
 * Whether the owner proved who they are within this time: ask before a sensitive act (OWASP ASVS 5.0, 7.5), and let
 * them `login()` again if not. False for whoever is not signed in, and when the session is nobody's any more.
 */
export function isFresh<Data extends object>(session: Session<Data>, within: Duration): boolean {
  const limit = milliseconds(within, 'the time given to isFresh()')
  const { authenticatedAt } = session
  if (authenticatedAt === undefined) return false
  const age = Session.verbsOf(session).now() - authenticatedAt
  // A moment in the future is another host's clock, or one that was set back: then nobody knows how old it is.
  return age < limit && age > -CLOCK_SKEW
}
