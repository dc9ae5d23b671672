import { refuse } from '../options/options-check.ts'
import { shown } from '../options/shown.ts'

/** How the browser keeps the token. Every default is the strict one; `docs/cookies.md` has each rule in a table. */
export interface CookieOptions {
  /**
   * Default `id`, a name that does not tell what runs here (OWASP Session Management, "Session ID Name
   * Fingerprinting"), with the strongest prefix that holds: `__Host-id` when secure, `__Secure-id` when there is a
   * domain or a path as well. Two instances on one site need two names.
   */
  readonly name?: string
  /** Send it over https only. Default: true when `NODE_ENV` is `production`. Resolved once, at construction. */
  readonly secure?: boolean
  /** Default `lax`. `none` needs `secure`. */
  readonly sameSite?: 'lax' | 'strict' | 'none'
  /** Default `/`. Percent-encoded as in a URL, at most 1024 bytes. */
  readonly path?: string
  /** Default none: the cookie stays with the host that set it. Not possible under a `__Host-` name. */
  readonly domain?: string
  /** Keep it apart for each site that embeds this one (CHIPS). Default false; needs `secure`. */
  readonly partitioned?: boolean
  /** Which cookies of a site Chromium drops last when there are too many. Default none, which is `medium`. */
  readonly priority?: 'low' | 'medium' | 'high'
  /**
   * Cookies that earlier settings left in the browsers. They are deleted with every response that sends ours, and
   * never read. Default none.
   */
  readonly replaces?: readonly ReplacedCookie[]
}

/** What tells one cookie of a browser from another. What is left out is as it is by default, the name as it is now. */
export interface ReplacedCookie {
  readonly name?: string
  readonly path?: string
  readonly domain?: string
  readonly partitioned?: boolean
}

/** Name and attributes, resolved and checked, in the terms of the `cookie` package. */
export interface CookieAttributes {
  readonly name: string
  readonly path: string
  readonly domain: string | undefined
  readonly secure: boolean
  readonly httpOnly: true
  readonly sameSite: 'lax' | 'strict' | 'none'
  readonly partitioned: boolean
  readonly priority: 'low' | 'medium' | 'high' | undefined
}

/** Name, `=` and value, in bytes (RFC 6265bis, 5.7). */
export const MAX_COOKIE_BYTES = 4096

/** Browsers ignore a longer attribute and use its default instead (RFC 6265bis, 5.6). */
const MAX_ATTRIBUTE_BYTES = 1024

/** The longest name that leaves room for `=` and a token. */
const MAX_NAME = MAX_COOKIE_BYTES - 1 - 43

/** RFC 9110 token characters: what a cookie name may hold. */
const NAME_SHAPE = /^[!#$%&'*+\-.^_`|~\w]+$/

/** What the `cookie` package writes into a header; beyond it, it throws, and that would be at the first visitor. */
const PATH_SHAPE = /^\/[\u0020-\u003a\u003d-\u007e]*$/
const DOMAIN_SHAPE = /^\.?[a-z\d]([a-z\d-]{0,61}[a-z\d])?(\.[a-z\d]([a-z\d-]{0,61}[a-z\d])?)*$/i

/** RFC 1035, 2.3.4, without the two bytes that only the wire has. */
const MAX_DOMAIN = 253

/** Browsers compare prefixes in any case, so that a server that ignores case cannot be misled (RFC 6265bis, 5.7). */
const SECURE_PREFIX = /^__(?:host|secure|http)-/i
const HOST_PREFIX = /^__host-/i

const TYPES: Readonly<Record<keyof CookieOptions, string>> = {
  name: 'string',
  secure: 'boolean',
  sameSite: 'string',
  path: 'string',
  domain: 'string',
  partitioned: 'boolean',
  priority: 'string',
  replaces: 'object',
}

const REPLACED_TYPES: Readonly<Record<keyof ReplacedCookie, string>> = {
  name: 'string',
  path: 'string',
  domain: 'string',
  partitioned: 'boolean',
}

/** Resolve the options; anything a browser would silently refuse, or never send, throws `bad_option`. */
export function cookieAttributes(options: CookieOptions, production: boolean): CookieAttributes {
  checkShape('cookie', options, TYPES)
  const { path = '/', sameSite = 'lax', partitioned = false, priority } = options
  const secure = options.secure ?? production
  const domain = options.domain === undefined ? undefined : hostName(options.domain)
  const name = options.name ?? defaultName(secure, path, domain)
  const attributes: CookieAttributes = {
    name,
    path,
    domain,
    secure,
    httpOnly: true,
    sameSite,
    partitioned,
    priority,
  }
  checkRules('cookie', attributes)
  among('cookie.sameSite', sameSite, ['lax', 'strict', 'none'])
  if (priority !== undefined) among('cookie.priority', priority, ['low', 'medium', 'high'])
  if (sameSite === 'none' && !secure) refuse("cookie.sameSite 'none' needs cookie.secure: true, or browsers drop it")
  return attributes
}

/** The cookies that `options.replaces` names, with the attributes that a deletion of them must have. */
export function replacedAttributes(options: CookieOptions, ours: CookieAttributes): CookieAttributes[] {
  const { replaces = [] } = options
  if (!Array.isArray(replaces)) refuse('cookie.replaces is a list, such as [{ path: "/app" }]')
  return replaces.map((replaced: ReplacedCookie, at) => {
    const label = `cookie.replaces[${at}]`
    if (typeof replaced !== 'object' || replaced === null)
      refuse(`${label} is ${shown(replaced)}; write { path: "/app" }`)
    checkShape(label, replaced, REPLACED_TYPES)
    const { name = ours.name, path = '/', partitioned = false } = replaced
    const domain = replaced.domain === undefined ? undefined : hostName(replaced.domain, label)
    const former = { ...ours, name, path, domain, partitioned, priority: undefined }
    checkRules(label, former)
    if (placeOf(former) === placeOf(ours)) refuse(`${label} is the cookie in use; name the one of before`)
    return former
  })
}

/** Two cookies of one place are one cookie to a browser (RFC 6265bis, 5.7; partitions as in CHIPS). */
function placeOf({ name, path, domain, partitioned }: CookieAttributes): string {
  return JSON.stringify([name, path, domain, partitioned])
}

function defaultName(secure: boolean, path: string, domain: string | undefined): string {
  if (!secure) return 'id'
  return path === '/' && domain === undefined ? '__Host-id' : '__Secure-id'
}

/** What another library's settings, or plain JavaScript, would slip past the types: it must not pass in silence. */
function checkShape(label: string, given: object, types: Readonly<Record<string, string>>): void {
  for (const [option, value] of Object.entries(given)) {
    const wanted = Object.hasOwn(types, option) ? types[option] : undefined
    if (wanted === undefined) {
      const known = Object.keys(types).join(', ')
      refuse(`there is no ${label}.${option}; there are ${known}. How long it lasts is set by lifetime`)
    }
    // oxlint-disable-next-line valid-typeof -- the names of types are in the table
    if (value !== undefined && typeof value !== wanted) {
      refuse(`${label}.${option} is ${shown(value)}; it is a ${wanted}, or left out`)
    }
  }
}

function among(label: string, value: string, known: readonly string[]): void {
  if (known.includes(value)) return
  refuse(`${label} is ${shown(value)}; it is one of ${known.map((each) => `'${each}'`).join(', ')}`)
}

/** As browsers store it: they ignore a dot in front, and case. */
function hostName(domain: string, label = 'cookie'): string {
  if (!DOMAIN_SHAPE.test(domain) || domain.length > MAX_DOMAIN) {
    refuse(`${label}.domain ${shown(domain)} is no host name; write one like "example.org"`)
  }
  return domain.replace(/^\./, '').toLowerCase()
}

function checkRules(label: string, { name, secure, path, domain, partitioned }: CookieAttributes): void {
  if (!NAME_SHAPE.test(name)) refuse(`${label}.name ${shown(name)} has characters a cookie name cannot have`)
  if (name.length > MAX_NAME)
    refuse(`${label}.name has ${name.length} characters; at most ${MAX_NAME} leave room for a token`)
  checkPath(label, path)
  if (SECURE_PREFIX.test(name) && !secure) {
    refuse(`the name ${name} needs cookie.secure: true, or browsers drop it; without https use another name`)
  }
  if (HOST_PREFIX.test(name) && (path !== '/' || domain !== undefined)) {
    refuse(`the name ${name} allows neither a path nor a domain; use a __Secure- name instead, or leave the name out`)
  }
  if (partitioned && !secure) refuse(`${label}.partitioned needs cookie.secure: true, or browsers drop the cookie`)
}

function checkPath(label: string, path: string): void {
  if (!PATH_SHAPE.test(path)) {
    refuse(`${label}.path ${shown(path)} must begin with "/" and hold only ASCII without ";" and "<"`)
  }
  if (path.length > MAX_ATTRIBUTE_BYTES) {
    refuse(`${label}.path has ${path.length} bytes; browsers ignore a path of more than ${MAX_ATTRIBUTE_BYTES}`)
  }
  // A browser would keep the cookie and never send it: it compares with the path of a URL as URLs are written.
  const { pathname } = new URL(`http://host${path}`)
  if (pathname !== path) {
    refuse(`${label}.path ${shown(path)} is the path of no URL; write it as ${shown(pathname)}`)
  }
}
