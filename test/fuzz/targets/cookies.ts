/** The Cookie header that comes in, the Set-Cookie that goes out, and the token in both. */
/* oxlint-disable unicorn/no-useless-spread -- several words to a line: a list of one each would be all there is to see */
import { isDeepStrictEqual } from 'node:util'
import { MAX_COOKIE_AGE, sessionCookie } from '../../../src/cookie/cookie.ts'
import type { CookieOptions } from '../../../src/cookie/cookie-rules.ts'
import { drawTicket, fromBase64url, isToken, ticketFor } from '../../../src/cookie/token.ts'
import { openGrace, sealGrace } from '../../../src/record/grace.ts'
import { createSessions } from '../../../src/sessions.ts'
import { memoryStore } from '../../../src/stores/memory.ts'
import { testClock } from '../../../src/testing/clock.ts'
import { must, outcomeOf } from '../target.ts'
import type { FuzzTarget } from '../target.ts'
import { SPECIAL, valueOf } from '../values.ts'

const NAME = 'id'
const [ALIVE, OTHER] = ['A'.repeat(43), `${'B'.repeat(42)}A`]
const UNKNOWN = 'C'.repeat(43)

/** Our cookies as RFC 6265 has them, taken from the header in the plainest way there is. */
function valuesByHand(header: string): readonly string[] {
  return header.split(';').flatMap((pair) => {
    const [, value] = /^[ \t]*id=[ \t]*(.*?)[ \t]*$/s.exec(pair) ?? []
    return value === undefined ? [] : [value]
  })
}

/** A request's Cookie header: what is read from it, and whose session it opens. */
export async function cookieHeader(): Promise<FuzzTarget> {
  const tokens = [ALIVE, OTHER]
  const clock = testClock()
  const randomBytes = (): Uint8Array => fromBase64url(tokens.shift() ?? UNKNOWN)
  const options = { store: memoryStore(), clock, cookie: { name: NAME, secure: false }, sweepEvery: false } as const
  const making = createSessions<{ who: string }>({ ...options, randomBytes })
  // The option is tried once when it is given.
  tokens.unshift(ALIVE)
  for (const who of [ALIVE, OTHER]) {
    const session = await making.open({ cookie: undefined, secure: false })
    session.data.who = who
    await making.commit(session)
  }
  const sessions = createSessions<{ who: string }>(options)
  const cookie = sessionCookie({ name: NAME }, false)

  return {
    name: 'cookie-header',
    covers: [
      'src/cookie/cookie-header.ts',
      'src/cookie/token.ts',
      'src/request/find-session.ts',
      'src/request/load.ts',
    ],
    form: 'text',
    words: [
      `${NAME}=`,
      `; ${NAME}=`,
      NAME,
      `${NAME}=${ALIVE}`,
      OTHER,
      UNKNOWN,
      '__Host-id=',
      '"',
      '; ',
      ';',
      '=',
      '\t',
      '%3D',
    ],
    seeds: [
      '',
      `${NAME}=${ALIVE}`,
      `a=b; ${NAME}=${OTHER}; c=d`,
      `${NAME}=x; ${NAME}=${ALIVE}`,
      `${NAME}=${UNKNOWN}; ${NAME}=${ALIVE}; ${NAME}=${OTHER}`,
    ],
    growing: {
      'cookies of our name': (size) => `${NAME}=; `.repeat(size),
      'the name and nothing else': (size) => NAME.repeat(size),
      'names without an end': (size) => `${NAME}=`.repeat(size),
      blanks: (size) => `${NAME}=${' '.repeat(size)}x`,
      'blanks before each': (size) => `;${' '.repeat(8)}x${NAME}=`.repeat(size / 8),
      'one long value': (size) => `${NAME}=${'A'.repeat(size)}`,
      'different tokens': (size) =>
        Array.from({ length: size / 8 }, (_, at) => `${NAME}=${String(at).padStart(43, 'z')}`).join(';'),
    },

    async run(header) {
      const read = cookie.read(header)
      const values = valuesByHand(header)
      const possible = [...new Set(values.filter((value) => /^[A-Za-z0-9_-]{43}$/.test(value)))]
      const expected =
        possible.length > 3 ? 'too_many' : possible.length > 0 ? possible : values.length > 0 ? 'malformed' : undefined
      must(isDeepStrictEqual(read, expected), `read ${JSON.stringify(read)}, and there is ${JSON.stringify(expected)}`)

      const session = await sessions.open({ cookie: header, secure: false })
      const alive = possible.filter((each) => each === ALIVE || each === OTHER)
      const who = possible.length <= 3 && alive.length === 1 ? alive[0] : undefined
      must(session.data.who === who, `opened the session of ${String(session.data.who)} instead of ${String(who)}`)
      const reply = await sessions.commit(session)
      must(reply.setCookie.length === 0, 'a request that only reads was sent a cookie')
    },
  }
}

/** The cookie's options, and what browsers are then sent. */
export function setCookie(): FuzzTarget {
  return {
    name: 'set-cookie',
    covers: ['src/cookie/cookie.ts', 'src/cookie/cookie-rules.ts'],
    form: 'json',
    words: [
      ...[
        'name',
        'secure',
        'sameSite',
        'path',
        'domain',
        'partitioned',
        'priority',
        'replaces',
        'id',
        '__Host-id',
        '__host-x',
      ],
      ...[
        '__Secure-id',
        '__Http-a',
        'lax',
        'strict',
        'none',
        'low',
        'high',
        '/',
        '/app',
        '/a b',
        '/ä',
        '/%',
        '/..',
        '/a?b',
      ],
      ...[
        '.example.org',
        'example.org',
        'localhost',
        '127.0.0.1',
        'a..b',
        '; Secure',
        '\r\nSet-Cookie: a=b',
        ...SPECIAL,
      ],
    ],
    seeds: [
      '[{},60000]',
      '[{"name":"__Host-id","secure":true,"sameSite":"none","partitioned":true,"priority":"high"},null]',
      '[{"name":"sid","path":"/app","domain":".Example.org","replaces":[{"name":"old"},{"path":"/x"}]},1]',
    ],
    growing: {
      'a long name': (size) => JSON.stringify([{ name: 'a'.repeat(size) }]),
      'a long path': (size) => JSON.stringify([{ path: `/${'a/'.repeat(size)}` }]),
      'a path of dots': (size) => JSON.stringify([{ path: `/${'../'.repeat(size)}` }]),
      'a long domain': (size) => JSON.stringify([{ domain: `${'a.'.repeat(size)}a` }]),
      'a domain of hyphens': (size) => JSON.stringify([{ domain: `a${'-'.repeat(size)}.` }]),
      'many replaced': (size) =>
        JSON.stringify([{ replaces: Array.from({ length: size / 64 }, (_, at) => ({ name: `a${at}` })) }]),
    },

    run(input) {
      const given = valueOf(input)
      const [options, maxAge]: unknown[] = Array.isArray(given) ? given : [given]
      if (typeof options !== 'object' || options === null) return
      const made = outcomeOf(() => sessionCookie(options as CookieOptions, false))
      if ('refused' in made) return must(made.refused.code === 'bad_option', `refused by ${made.refused.code}`)
      const { result: cookie } = made
      // What it is given comes from deadlines, which are numbers.
      const age = typeof maxAge === 'number' && !Number.isNaN(maxAge) ? maxAge : undefined
      const issued = cookie.issue(ALIVE, 1e12, age)
      for (const header of [issued, cookie.clear(), ...cookie.clearReplaced]) checkHeader(header)
      const { pair, attributes } = parsed(issued)
      must(pair === `${cookie.name}=${ALIVE}`, `the cookie is ${pair}`)
      must(isDeepStrictEqual(cookie.read(`a=b; ${pair}`), [ALIVE]), 'it cannot be read again')
      must(attributes.has('secure') === cookie.secure, 'secure is not what it says')
      must(attributes.has('max-age') === (age !== undefined), 'it is as persistent as it was not asked to be')
      if (age === undefined) return
      const seconds = Number(attributes.get('max-age'))
      must(seconds >= 0 && seconds <= MAX_COOKIE_AGE / 1000, `Max-Age is ${seconds}`)
      must(!Number.isNaN(Date.parse(attributes.get('expires') ?? '')), 'Expires is no date')
    },
  }
}

/** What every Set-Cookie value of ours is, whatever the options: RFC 6265bis, 4.1 and 5.7. */
function checkHeader(header: string): void {
  must(/^[\x20-\x7e]+$/.test(header), `the header has characters that none may have: ${JSON.stringify(header)}`)
  const { pair, attributes } = parsed(header)
  const known = ['path', 'domain', 'max-age', 'expires', 'httponly', 'secure', 'samesite', 'partitioned', 'priority']
  const strange = [...attributes.keys()].find((name) => !known.includes(name))
  must(strange === undefined, `there is an attribute ${String(strange)}`)
  must(attributes.has('httponly'), 'scripts can read it')
  must(pair.indexOf('=') > 0 && pair.length <= 4096, 'browsers would drop it')
  const secure = attributes.has('secure')
  if (/^__(host|secure|http)-/i.test(pair)) must(secure, 'a prefixed name without Secure')
  if (/^__host-/i.test(pair))
    must(attributes.get('path') === '/' && !attributes.has('domain'), 'a __Host- name with a place')
  if (attributes.has('partitioned') || attributes.get('samesite')?.toLowerCase() === 'none')
    must(secure, 'it needs Secure')
}

function parsed(header: string): { readonly pair: string; readonly attributes: ReadonlyMap<string, string> } {
  const [pair = '', ...rest] = header.split('; ')
  const attributes = rest.map((text) => {
    const [, name = '', value = ''] = /^([^=]*)=?(.*)$/s.exec(text) ?? []
    return [name.toLowerCase(), value] as const
  })
  must(new Set(attributes.map(([name]) => name)).size === attributes.length, 'an attribute is there twice')
  return { pair, attributes: new Map(attributes) }
}

/** Tokens: what could be one, what it is filed under, and the way on from a renewed one, which nobody can forge. */
export async function token(): Promise<FuzzTarget> {
  const [old, next] = [await ticketFor(ALIVE), await ticketFor(OTHER)]
  const { sealed } = await sealGrace(old, next, 5000)
  return {
    name: 'token',
    covers: ['src/cookie/token.ts', 'src/record/grace.ts'],
    form: 'json',
    words: [sealed, ALIVE, next.id, '5000', '-', '_', '=', '+', '/', 'é'],
    seeds: [JSON.stringify([ALIVE, next.id, 5000, sealed]), JSON.stringify([OTHER, next.id, 5000, 'AAAA'])],
    growing: {
      'a long token': (size) => JSON.stringify(['A'.repeat(size)]),
      'a long way on': (size) => JSON.stringify([ALIVE, next.id, 5000, 'A'.repeat(size)]),
    },

    async run(input) {
      const given = valueOf(input)
      const [text = input, id, until, way]: unknown[] = Array.isArray(given) ? given : []
      const asText = typeof text === 'string' ? text : input
      must(isToken(asText) === /^[A-Za-z0-9_-]{43}$/.test(asText), 'isToken() is wrong')
      const ticket = await ticketFor(asText)
      must(/^[\da-f]{64}$/.test(ticket.id), `filed under ${ticket.id}`)
      const drawn = outcomeOf(() => drawTicket(() => new TextEncoder().encode(asText).subarray(0, 40)))
      if ('result' in drawn) must(isToken((await drawn.result).token), 'drew what is no token')

      if (typeof id !== 'string' || typeof until !== 'number' || typeof way !== 'string') return
      const opened = await openGrace(ticket, id, { until, sealed: way }, 1)
      const isOurs = asText === ALIVE && id === next.id && until === 5000 && sameBytes(way, sealed)
      must((opened !== undefined) === isOurs, isOurs ? 'what was sealed does not open' : 'what was forged opens')
      must(opened === undefined || opened.token === OTHER, 'it leads elsewhere')
    },
  }
}

/** A seal may be spelt in more ways than one where nothing depends on it: only its holder ever has it. */
function sameBytes(a: string, b: string): boolean {
  try {
    return Buffer.from(fromBase64url(a)).equals(Buffer.from(fromBase64url(b)))
  } catch {
    return false
  }
}
