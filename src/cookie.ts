import { parseCookie, stringifySetCookie } from 'cookie'
import type { SetCookie } from 'cookie'
import { SessionError } from './errors.ts'
import { isToken } from './token.ts'

/** How the browser keeps the token. Every default is the strict one. */
export interface CookieOptions {
  /**
   * Default `__Host-id` when secure, `id` when not: a name that does not tell what runs here (OWASP Session
   * Management, "Session ID Name Fingerprinting"). Two instances on one site need two names.
   */
  readonly name?: string
  /** Send it over https only. Default: true when `NODE_ENV` is `production`. Resolved once, at construction. */
  readonly secure?: boolean
  /** Default `lax`. `none` needs `secure`. */
  readonly sameSite?: 'lax' | 'strict' | 'none'
  /** Default `/`. */
  readonly path?: string
  /** Default none: the cookie stays with the host that set it. Not possible under a `__Host-` name. */
  readonly domain?: string
}

/** Our one cookie: reading it from a request, issuing and deleting it. */
export interface SessionCookie {
  readonly name: string
  readonly secure: boolean
  /** The token in a Cookie header; `malformed` when ours is there in a shape we never issue; else undefined. */
  read(header: string | undefined): { readonly token: string } | 'malformed' | undefined
  /** A Set-Cookie value. `maxAge` in ms makes it outlive the browser's window; without it, it ends with it. */
  issue(token: string, now: number, maxAge: number | undefined): string
  /** A Set-Cookie value that deletes it: same attributes, or browsers keep the old one (RFC 6265bis, 5.7). */
  clear(): string
}

/** Browsers cap cookies at 400 days (RFC 6265bis, 5.6.1); asking for more would only mislead. */
const MAX_AGE_CAP = 400 * 86_400_000

/** Name, `=` and value, in bytes (RFC 6265bis, 5.7). */
export const MAX_COOKIE_BYTES = 4096

/** RFC 9110 token characters: what a cookie name may hold. */
const NAME_SHAPE = /^[!#$%&'*+\-.^_`|~\w]+$/

/** What the `cookie` package writes into a header; beyond it, it throws, and that would be at the first visitor. */
const PATH_SHAPE = /^\/[\u0020-\u003a\u003d-\u007e]*$/
const DOMAIN_SHAPE = /^\.?[a-z\d]([a-z\d-]{0,61}[a-z\d])?(\.[a-z\d]([a-z\d-]{0,61}[a-z\d])?)*$/i

/** The longest name that leaves room for `=` and a token. */
const MAX_NAME = MAX_COOKIE_BYTES - 1 - 43

const KNOWN: ReadonlySet<string> = new Set<keyof CookieOptions>(['name', 'secure', 'sameSite', 'path', 'domain'])

/**
 * Resolve the options; anything a browser would silently refuse throws `bad_option` here. `accepts` tells what could be
 * a value of ours by its shape.
 */
export function sessionCookie(
  options: CookieOptions,
  production: boolean,
  accepts: (value: string) => boolean = isToken,
): SessionCookie {
  checkShape(options)
  const secure = options.secure ?? production
  const name = options.name ?? (secure ? '__Host-id' : 'id')
  const { domain, path = '/', sameSite = 'lax' } = options
  checkRules({ name, secure, sameSite, path, domain })
  const attributes = { name, path, httpOnly: true, secure, sameSite, ...(domain === undefined ? {} : { domain }) }
  const marker = `${name}=`
  const cleared = written({ ...attributes, value: '', maxAge: 0, expires: new Date(0) })

  return {
    name,
    secure,
    read(header) {
      if (header === undefined || !header.includes(marker)) return undefined
      // A value that cannot be ours is skipped, so that a foreign cookie of the same name (another path, a parent
      // domain) cannot hide the real one behind it.
      const cookies = parseCookie(header, { decode: (value) => (accepts(value) ? value : undefined) })
      const token = cookies[name]
      if (token !== undefined) return { token }
      return carries(header, name) ? 'malformed' : undefined
    },
    issue(token, now, maxAge) {
      if (maxAge === undefined) return written({ ...attributes, value: token })
      const kept = Math.min(Math.max(maxAge, 0), MAX_AGE_CAP)
      return written({
        ...attributes,
        value: token,
        maxAge: Math.ceil(kept / 1000),
        expires: new Date(now + kept),
      })
    },
    clear: () => cleared,
  }
}

function carries(header: string, name: string): boolean {
  return header.split(';').some((pair) => pair.trimStart().startsWith(`${name}=`))
}

function written(cookie: SetCookie): string {
  const size = cookie.name.length + 1 + (cookie.value?.length ?? 0)
  if (size > MAX_COOKIE_BYTES) {
    throw new SessionError('cookie_too_large', `${cookie.name} would take ${size} bytes of at most ${MAX_COOKIE_BYTES}`)
  }
  return stringifySetCookie(cookie)
}

/** What another library's settings, or plain JavaScript, would slip past the types: it must not pass in silence. */
function checkShape(options: CookieOptions): void {
  for (const [option, value] of Object.entries(options)) {
    if (!KNOWN.has(option)) {
      refuse(`there is no cookie.${option}; there are ${[...KNOWN].join(', ')}. How long it lasts is set by lifetime`)
    }
    const wanted = option === 'secure' ? 'boolean' : 'string'
    if (value !== undefined && typeof value !== wanted) {
      refuse(`cookie.${option} is ${JSON.stringify(value)}; it is a ${wanted}, or left out`)
    }
  }
}

interface Rules {
  readonly name: string
  readonly secure: boolean
  readonly sameSite: string
  readonly path: string
  readonly domain: string | undefined
}

function checkRules({ name, secure, sameSite, path, domain }: Rules): void {
  if (!NAME_SHAPE.test(name)) refuse(`cookie.name ${JSON.stringify(name)} has characters a cookie name cannot have`)
  if (!['lax', 'strict', 'none'].includes(sameSite)) {
    refuse(`cookie.sameSite is ${JSON.stringify(sameSite)}; it is one of 'lax', 'strict', 'none'`)
  }
  if (!PATH_SHAPE.test(path)) {
    refuse(`cookie.path ${JSON.stringify(path)} must begin with "/" and hold only ASCII without ";" and "<"`)
  }
  if (domain !== undefined && !DOMAIN_SHAPE.test(domain)) {
    refuse(`cookie.domain ${JSON.stringify(domain)} is no host name; write one like "example.org"`)
  }
  if (name.length > MAX_NAME)
    refuse(`cookie.name has ${name.length} characters; at most ${MAX_NAME} leave room for a token`)
  if (sameSite === 'none' && !secure) refuse(`cookie.sameSite 'none' needs cookie.secure: true, or browsers drop it`)
  const lower = name.toLowerCase()
  if ((lower.startsWith('__host-') || lower.startsWith('__secure-')) && !secure) {
    refuse(`the name ${name} needs cookie.secure: true, or browsers drop it; without https use another name`)
  }
  if (lower.startsWith('__host-') && (path !== '/' || domain !== undefined)) {
    refuse(`the name ${name} allows neither a path nor a domain; use a __Secure- name instead`)
  }
}

function refuse(detail: string): never {
  throw new SessionError('bad_option', detail)
}
