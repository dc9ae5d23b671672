import type { Reply } from '../request/reply.ts'

/** Where response headers are kept: a fetch `Headers` is one as it is, a Node response through `nodeHeaders`. */
export interface HeaderTarget {
  /** The value, several joined by commas; null when absent. */
  get(name: string): string | null
  set(name: string, value: string): void
  append(name: string, value: string): void
}

/** The part of a Node response (HTTP/1 or the HTTP/2 compatibility API) that keeps headers. */
export interface NodeHeaders {
  getHeader(name: string): number | string | readonly string[] | undefined
  setHeader(name: string, value: string | readonly string[]): unknown
}

/** Reads and writes the headers of a Node response whose head has not left. */
export function nodeHeaders(res: NodeHeaders): HeaderTarget {
  return new NodeHeaderTarget(res)
}

/** A class, since three functions of its own for every response showed in the profile. */
class NodeHeaderTarget implements HeaderTarget {
  readonly #res: NodeHeaders

  constructor(res: NodeHeaders) {
    this.#res = res
  }

  get(name: string): string | null {
    return this.#res.getHeader(name)?.toString() ?? null
  }

  set(name: string, value: string): void {
    this.#res.setHeader(name, value)
  }

  /**
   * Not by appendHeader: it adds to the very array the application gave, and where that is a constant, the next
   * visitor's response would carry this one's cookie.
   */
  append(name: string, value: string): void {
    this.#res.setHeader(name, [...[this.#res.getHeader(name) ?? []].flat().map(String), value])
  }
}

/**
 * Write what a committed session needs into the response's headers, and keep what the application put there: other
 * cookies stay, `Vary` gains `Cookie` once, and a response that sets a cookie is never left open to shared caches.
 */
export function applyReply(headers: HeaderTarget, reply: Reply): void {
  for (const cookie of reply.setCookie) headers.append('set-cookie', cookie)
  if (reply.varyCookie) headers.set('vary', withCookie(headers.get('vary')))
  if (reply.setCookie.length > 0) {
    headers.set('cache-control', withPrivate(headers.get('cache-control')))
    // Where there is one, the caches it is for no longer heed Cache-Control (RFC 9213, 2.2).
    if (headers.get('cdn-cache-control') !== null) headers.set('cdn-cache-control', 'no-store')
  }
  if (reply.headers === undefined) return
  for (const [name, value] of Object.entries(reply.headers)) {
    if (headers.get(name) === null) headers.set(name, value)
  }
}

/** RFC 9110, 12.5.5: a list of names in any case, or `*`, which already says that no cache may reuse it. */
function withCookie(vary: string | null): string {
  if (vary === null || vary.trim() === '') return 'Cookie'
  const names = vary.split(',').map((name) => name.trim().toLowerCase())
  return names.includes('*') || names.includes('cookie') ? vary : `${vary}, Cookie`
}

/**
 * A shared cache that keeps a Set-Cookie hands one visitor's session to the next (CVE-2023-30861 in Flask), and
 * RFC 9111, 7.3 leaves it to the response to forbid that: Set-Cookie alone does not. So `private` is the least;
 * `public` and `s-maxage`, which invite shared caches, go. An application that said nothing also gets `no-cache`,
 * because a browser's own heuristic freshness (RFC 9111, 4.2.2) would show the page of before the login after it.
 */
function withPrivate(cacheControl: string | null): string {
  const directives = cacheControl === null ? [] : directivesOf(cacheControl)
  if (directives.length === 0) return 'private, no-cache'
  const kept = directives.filter((directive) => !/^(?:public|s-maxage)\b/i.test(directive))
  // `private="field"` restricts that field only, so it does not count (RFC 9111, 5.2.2.7).
  return kept.some((directive) => /^(?:private|no-store)$/i.test(directive))
    ? kept.join(', ')
    : ['private', ...kept].join(', ')
}

/** Split at commas, except inside quotes: `private="a, b", max-age=5` is two directives. */
function directivesOf(value: string): string[] {
  const directives = value.match(/(?:"(?:\\.|[^"\\])*"|[^,])+/g) ?? []
  return directives.map((directive) => directive.trim()).filter((directive) => directive !== '')
}
