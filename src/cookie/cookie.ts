import { stringifySetCookie } from 'cookie'
import type { SetCookie } from 'cookie'
import { candidatesIn } from './cookie-header.ts'
import { cookieAttributes, MAX_COOKIE_BYTES, replacedAttributes } from './cookie-rules.ts'
import type { CookieAttributes, CookieOptions } from './cookie-rules.ts'
import { SessionError } from '../errors.ts'
import { isToken } from './token.ts'

/** Our one cookie: reading it from a request, issuing and deleting it. */
export interface SessionCookie {
  readonly name: string
  readonly secure: boolean
  /**
   * Stands for all attributes but how long it lasts; undefined for the default ones. A record notes the mark its cookie
   * was sent with, so that a change of the settings is noticed.
   */
  readonly mark: string | undefined
  /**
   * What a Cookie header holds under our name that could be ours: one value, usually. `malformed` when there are only
   * others, `too_many` when there are more than anybody could have come by; else undefined.
   */
  read(header: string | undefined): readonly string[] | 'malformed' | 'too_many' | undefined
  /** A Set-Cookie value. `maxAge` in ms makes it outlive the browser's window; without it, it ends with it. */
  issue(value: string, now: number, maxAge: number | undefined): string
  /** A Set-Cookie value that deletes it: same attributes, or browsers keep the old one (RFC 6265bis, 5.7). */
  clear(): string
  /** Set-Cookie values that delete what `replaces` names; they go in front of ours. */
  readonly clearReplaced: readonly string[]
}

/** Browsers cap cookies at 400 days (RFC 6265bis, 5.6.1); asking for more would only mislead. */
export const MAX_COOKIE_AGE: number = 400 * 86_400_000

/**
 * Resolve the options; anything a browser would silently refuse throws `bad_option` here. `accepts` tells what could be
 * a value of ours by its shape.
 */
export function sessionCookie(
  options: CookieOptions,
  production: boolean,
  accepts: (value: string) => boolean = isToken,
): SessionCookie {
  const ours = cookieAttributes(options, production)
  const { name, secure } = ours
  const attributes = written(ours)
  const cleared = deletion(ours)
  const clearReplaced = replacedAttributes(options, ours).map(deletion)

  return {
    name,
    secure,
    mark: isDefault(ours) && clearReplaced.length === 0 ? undefined : shortHash([cleared, ...clearReplaced].join('\n')),
    read: (header) => (header === undefined ? undefined : candidatesIn(header, name, accepts)),
    issue(value, now, maxAge) {
      checkSize(name, value)
      if (maxAge === undefined) return stringifySetCookie({ ...attributes, value })
      const kept = Math.min(Math.max(maxAge, 0), MAX_COOKIE_AGE)
      return stringifySetCookie({
        ...attributes,
        value,
        maxAge: Math.ceil(kept / 1000),
        expires: new Date(now + kept),
      })
    },
    clear: () => cleared,
    clearReplaced,
  }
}

function written({ domain, priority, ...others }: CookieAttributes): Omit<SetCookie, 'value'> {
  return { ...others, ...(domain === undefined ? {} : { domain }), ...(priority === undefined ? {} : { priority }) }
}

function deletion(cookie: CookieAttributes): string {
  return stringifySetCookie({ ...written(cookie), value: '', maxAge: 0, expires: new Date(0) })
}

function checkSize(name: string, value: string): void {
  const size = name.length + 1 + value.length
  if (size <= MAX_COOKIE_BYTES) return
  throw new SessionError('cookie_too_large', `${name} would take ${size} bytes of at most ${MAX_COOKIE_BYTES}`)
}

/** Records under the default settings note nothing, so that most records are no larger for it. */
function isDefault({ name, secure, path, domain, sameSite, partitioned, priority }: CookieAttributes): boolean {
  // Under any other name both settings of `secure` are possible, and changing it must be noticed.
  const usual = secure === name.startsWith('__Host-')
  return usual && path === '/' && sameSite === 'lax' && !partitioned && (domain ?? priority) === undefined
}

/** FNV-1a in 32 bits: it tells one set of settings from the one before, and guards nothing. */
function shortHash(text: string): string {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return (hash >>> 0).toString(36)
}
