/** Our one cookie: its rules, its reading, its attributes. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { sessionCookie } from '../../src/cookie.ts'
import type { CookieOptions } from '../../src/cookie.ts'
import { refusal } from './refusal.ts'

const DAY = 86_400_000
const NOW = Date.UTC(2030, 0, 1)
const TOKEN = 'A'.repeat(43)
const OTHER = 'b_-9'.repeat(10) + 'xyz'

const cookie = (options: CookieOptions = {}) => sessionCookie(options, false)

suite('cookie names and rules', () => {
  test('the default name says whether it is secure, and NODE_ENV=production decides when nothing is said', () => {
    const cases: readonly (readonly [CookieOptions, boolean, string, boolean])[] = [
      [{}, false, 'id', false],
      [{}, true, '__Host-id', true],
      [{ secure: true }, false, '__Host-id', true],
      [{ secure: false }, true, 'id', false],
      [{ name: 'sid' }, true, 'sid', true],
    ]
    for (const [options, production, name, secure] of cases) {
      const made = sessionCookie(options, production)
      assert.deepEqual([made.name, made.secure], [name, secure], JSON.stringify({ options, production }))
    }
  })

  test('what browsers would drop without a word is refused, naming the option and the mend', () => {
    const cases: readonly (readonly [unknown, ...(string | RegExp)[]])[] = [
      [{ sameSite: 'none' }, 'cookie.sameSite', 'cookie.secure: true'],
      [{ sameSite: 'None', secure: true }, 'cookie.sameSite', "'none'"],
      [{ sameSite: 'loose' }, 'cookie.sameSite', "'lax'"],
      [{ name: '__Host-id', secure: false }, '__Host-id', 'cookie.secure: true'],
      [{ name: '__HOST-id', secure: false }, '__HOST-id', 'cookie.secure: true'],
      [{ name: '__Secure-id', secure: false }, '__Secure-id', 'cookie.secure: true'],
      [{ secure: true, domain: 'example.org' }, '__Host-id', '__Secure-'],
      [{ secure: true, path: '/app' }, '__Host-id', '__Secure-'],
      [{ name: '__host-x', secure: true, domain: 'example.org' }, '__host-x', '__Secure-'],
      ...['', ' ', 'a b', 'a;b', 'a=b', 'a,b', 'é', 'a\n', '"a"', 'a\0'].map(
        (name) => [{ name }, 'cookie.name'] as const,
      ),
      [{ name: 'n'.repeat(4_053) }, 'cookie.name', '4052'],
      ...['', 'app', '/a;b', '/a\nb', '/a\0', '/ü', '/a<b', '/€'].map((path) => [{ path }, 'cookie.path'] as const),
      ...[
        '',
        ' ',
        'a b',
        'a..b',
        '-',
        'ä.org',
        'a.org;Secure',
        'a.org/x',
        'a_b.org',
        'http://a.org',
        `${'a'.repeat(64)}.org`,
      ].map((domain) => [{ domain }, 'cookie.domain'] as const),
      [{ secure: 'auto' }, 'cookie.secure', 'boolean'],
      [{ name: 5 }, 'cookie.name', 'string'],
      [{ path: null }, 'cookie.path', 'string'],
      [{ maxAge: 1_000 }, 'cookie.maxAge', 'lifetime'],
      [{ httpOnly: false }, 'cookie.httpOnly', 'name, secure, sameSite, path, domain'],
    ]
    for (const [options, ...parts] of cases)
      assert.throws(() => cookie(options as CookieOptions), refusal('bad_option', ...parts), JSON.stringify(options))
  })

  test('whatever is accepted can be issued and cleared', () => {
    const good: readonly CookieOptions[] = [
      { name: '__Secure-id', secure: true, domain: 'example.org', path: '/app', sameSite: 'none' },
      { name: '__Host-x', secure: true },
      { name: "!#$%&'*+-.^_`|~", path: '/a b/%20?=' },
      { name: '__proto__', domain: '.example.org' },
      { name: 'n'.repeat(4_052), domain: 'localhost' },
      { domain: '127.0.0.1', sameSite: 'strict' },
    ]
    for (const options of good) {
      const made = cookie(options)
      assert.ok(made.issue(TOKEN, NOW, DAY).startsWith(`${made.name}=${TOKEN}; `))
      assert.ok(made.clear().startsWith(`${made.name}=; Max-Age=0`))
      assert.deepEqual(made.read(`${made.name}=${TOKEN}`), { token: TOKEN })
    }
  })
})

suite('reading the cookie', () => {
  const good = { token: TOKEN }
  const cases: Readonly<Record<string, readonly [header: string | undefined, found: unknown]>> = {
    'no header': [undefined, undefined],
    'an empty header': ['', undefined],
    'ours alone': [`id=${TOKEN}`, good],
    'ours between others': [`a=1; id=${TOKEN}; b=2`, good],
    'without spaces': [`a=1;id=${TOKEN};b=2`, good],
    'with many spaces and tabs': [`a=1;  \t id=  ${TOKEN} \t ;b`, good],
    'a broken pair before and after': [`;;=x; novalue; id=${TOKEN}; =; ;`, good],
    'a name that ends like ours': [`xid=${TOKEN}`, undefined],
    'a name that begins like ours': [`id2=${TOKEN}`, undefined],
    'a longer name, and ours in a value': ['id2=x; a=id=', undefined],
    'another case': [`ID=${TOKEN}; Id=${TOKEN}`, undefined],
    'our name as a value': [`a=id=${TOKEN}`, undefined],
    'our name inside a quoted value': [`a="; id=${OTHER}"; id=${TOKEN}`, good],
    'a foreign cookie of our name before ours': [`id=foreign; id=${TOKEN}`, good],
    'a foreign cookie of our name after ours': [`id=${TOKEN}; id=foreign`, good],
    'two that could be ours: the first is of the longer path': [`id=${TOKEN}; id=${OTHER}`, good],
    'an empty value': ['id=', 'malformed'],
    'a foreign value alone': ['id=foreign', 'malformed'],
    'the wrong length': [`id=${TOKEN}A`, 'malformed'],
    quotes: [`id="${TOKEN}"`, 'malformed'],
    'percent escapes': [`id=%41${TOKEN.slice(1)}`, 'malformed'],
    'a broken escape': ['id=%zz%', 'malformed'],
    'a signed value of another library': [`id=s%3A${TOKEN}.sig`, 'malformed'],
    'a path': ['id=../../etc/passwd', 'malformed'],
    '__proto__ beside ours': [`__proto__=x; constructor=y; id=${TOKEN}`, good],
    'only what objects inherit': ['__proto__=x; constructor=y; toString=z', undefined],
  }
  for (const [name, [header, found]] of Object.entries(cases))
    test(name, () => assert.deepEqual(cookie().read(header), found))

  test('a cookie called as something that every object has', () => {
    for (const name of ['__proto__', 'constructor', 'toString']) {
      assert.equal(cookie({ name }).read('a=1'), undefined)
      assert.equal(cookie({ name }).read(`${name}=x`), 'malformed')
      assert.deepEqual(cookie({ name }).read(`${name}=${TOKEN}`), good)
    }
    assert.equal(Object.getPrototypeOf({}), Object.prototype)
  })

  test('a name with the characters of patterns is no pattern', () => {
    const starred = cookie({ name: 'a.b*' })
    assert.equal(starred.read(`aXb*=${TOKEN}`), undefined)
    assert.deepEqual(starred.read(`a.b*=${TOKEN}`), good)
  })

  test('neither name is a fallback for the other', () => {
    assert.equal(cookie({ secure: true }).read(`id=${TOKEN}`), undefined)
    assert.equal(cookie({ secure: false }).read(`__Host-id=${TOKEN}`), undefined)
  })

  // Were any of it quadratic, this would take hours.
  test('a header of a megabyte is read at once', () => {
    for (const filler of ['id=x; ', 'a=1; ', '; ', 'id=', '='.repeat(9)]) {
      const long = filler.repeat(Math.ceil(1_000_000 / filler.length))
      assert.deepEqual(cookie().read(`${long}; id=${TOKEN}`), good)
      assert.notDeepEqual(cookie().read(long), good)
    }
  })
})

suite('writing the cookie', () => {
  test('one that outlives the window has Max-Age and Expires, one that does not has neither', () => {
    assert.equal(
      cookie().issue(TOKEN, NOW, DAY),
      `id=${TOKEN}; Max-Age=86400; Path=/; Expires=Wed, 02 Jan 2030 00:00:00 GMT; HttpOnly; SameSite=Lax`,
    )
    assert.equal(cookie().issue(TOKEN, NOW, undefined), `id=${TOKEN}; Path=/; HttpOnly; SameSite=Lax`)
    assert.equal(
      cookie({ secure: true }).issue(TOKEN, NOW, undefined),
      `__Host-id=${TOKEN}; Path=/; HttpOnly; Secure; SameSite=Lax`,
    )
  })

  test('issued and cleared with the same attributes, or browsers would keep the old one', () => {
    const every: readonly CookieOptions[] = [
      {},
      { secure: true },
      { name: '__Secure-x', secure: true, domain: 'example.org', path: '/app', sameSite: 'none' },
      { domain: 'example.org', sameSite: 'strict', path: '/a/b' },
    ]
    for (const options of every) {
      const made = cookie(options)
      assert.deepEqual(attributes(made.clear()), attributes(made.issue(TOKEN, NOW, DAY)))
      assert.deepEqual(attributes(made.issue(TOKEN, NOW, undefined)), attributes(made.issue(TOKEN, NOW, DAY)))
      assert.match(made.clear(), /=; Max-Age=0; .*Expires=Thu, 01 Jan 1970 00:00:00 GMT/)
    }
  })

  test('Max-Age is whole seconds, rounded up: never gone from the browser before it is from the server', () => {
    const cases = { 0: 0, 1: 1, 999: 1, 1000: 1, 1001: 2, 86_399_001: 86_400 }
    for (const [ms, seconds] of Object.entries(cases))
      assert.match(cookie().issue(TOKEN, NOW, Number(ms)), new RegExp(`; Max-Age=${seconds};`))
    assert.match(cookie().issue(TOKEN, NOW, -5_000), /; Max-Age=0;/)
  })

  test('400 days is what browsers keep at most, so it is what is asked for at most', () => {
    const atMost = cookie().issue(TOKEN, NOW, 400 * DAY)
    assert.match(atMost, /; Max-Age=34560000;/)
    assert.equal(cookie().issue(TOKEN, NOW, 400 * DAY + 1), atMost)
    assert.equal(cookie().issue(TOKEN, NOW, 365_000 * DAY), atMost)
  })

  test('a value that does not fit is an error before anything is sent', () => {
    const ours = cookie()
    assert.ok(ours.issue('x'.repeat(4_093), NOW, undefined))
    assert.throws(() => ours.issue('x'.repeat(4_094), NOW, undefined), refusal('cookie_too_large', '4097', '4096'))
  })
})

/** Everything but the value and how long it lasts. */
function attributes(line: string): string[] {
  return line
    .split('; ')
    .slice(1)
    .filter((part) => !/^(Max-Age|Expires)=/.test(part))
}
