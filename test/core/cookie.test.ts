/** Our one cookie: its rules, its reading, its attributes. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { sessionCookie } from '../../src/cookie/cookie.ts'
import type { CookieOptions } from '../../src/cookie/cookie-rules.ts'
import { refusal } from './refusal.ts'

const DAY = 86_400_000
const NOW = Date.UTC(2030, 0, 1)
const TOKEN = 'A'.repeat(43)
const OTHER = 'b_-9'.repeat(10) + 'xyz'
const THIRD = 'C'.repeat(43)

const cookie = (options: CookieOptions = {}) => sessionCookie(options, false)

suite('cookie names and rules', () => {
  test('the default name says whether it is secure, and NODE_ENV=production decides when nothing is said', () => {
    const cases: readonly (readonly [CookieOptions, boolean, string, boolean])[] = [
      [{}, false, 'id', false],
      [{}, true, '__Host-id', true],
      [{ secure: true }, false, '__Host-id', true],
      [{ secure: false }, true, 'id', false],
      [{ name: 'sid' }, true, 'sid', true],
      [{ domain: 'example.org' }, true, '__Secure-id', true],
      [{ path: '/app' }, true, '__Secure-id', true],
      [{ domain: 'example.org', path: '/app' }, false, 'id', false],
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
      [{ name: '__Http-id', secure: false }, '__Http-id', 'cookie.secure: true'],
      [{ name: '__Host-id', secure: true, domain: 'example.org' }, '__Host-id', '__Secure-'],
      [{ name: '__Host-id', secure: true, path: '/app' }, '__Host-id', '__Secure-'],
      [{ name: '__Host-Http-id', secure: true, path: '/app' }, '__Host-Http-id', '__Secure-'],
      [{ partitioned: true }, 'cookie.partitioned', 'cookie.secure: true'],
      [{ partitioned: 'yes' }, 'cookie.partitioned', 'boolean'],
      [{ priority: 'highest' }, 'cookie.priority', "'high'"],
      [{ priority: 'High' }, 'cookie.priority', "'high'"],
      [{ path: `/${'a'.repeat(1_024)}` }, 'cookie.path', '1024'],
      ...['/a b', '/a?b', '/a#b', '/a/../b', '/a\\b', '/"', '/{a}'].map(
        (path) => [{ path }, 'cookie.path', 'the path of no URL'] as const,
      ),
      [{ path: '/a b' }, '"/a%20b"'],
      [{ domain: `${'a.'.repeat(126)}org` }, 'cookie.domain', 'host name'],
      [{ replaces: { path: '/app' } }, 'cookie.replaces is a list'],
      [{ replaces: [{}] }, 'cookie.replaces[0]', 'the cookie in use'],
      [{ domain: 'a.org', replaces: [{}, { domain: '.A.org' }] }, 'cookie.replaces[1]', 'the cookie in use'],
      [{ replaces: [null] }, 'cookie.replaces[0] is null', '{ path: "/app" }'],
      [{ replaces: [{ path: '/app' }, '/app'] }, 'cookie.replaces[1] is "/app"', '{ path: "/app" }'],
      [{ replaces: [{ path: 'app' }] }, 'cookie.replaces[0].path'],
      [{ replaces: [{ domain: 'a b' }] }, 'cookie.replaces[0].domain'],
      [{ replaces: [{ name: 'a;b' }] }, 'cookie.replaces[0].name'],
      [{ replaces: [{ name: '__Host-x' }] }, '__Host-x', 'cookie.secure: true'],
      [{ replaces: [{ sameSite: 'lax' }] }, 'cookie.replaces[0].sameSite', 'name, path, domain, partitioned'],
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
      [{ httpOnly: false }, 'cookie.httpOnly', 'name, secure, sameSite, path, domain, partitioned, priority, replaces'],
    ]
    for (const [options, ...parts] of cases)
      assert.throws(() => cookie(options as CookieOptions), refusal('bad_option', ...parts), JSON.stringify(options))
  })

  test('whatever is accepted can be issued and cleared', () => {
    const good: readonly CookieOptions[] = [
      { name: '__Secure-id', secure: true, domain: 'example.org', path: '/app', sameSite: 'none' },
      { name: '__Host-x', secure: true },
      { name: "!#$%&'*+-.^_`|~", path: "/a%20b/%C3%BC=@:!$&'()*+," },
      { name: '__proto__', domain: '.example.org' },
      { name: 'n'.repeat(4_052), domain: 'localhost' },
      { domain: '127.0.0.1', sameSite: 'strict' },
      { secure: true, partitioned: true, priority: 'high' },
      { name: '__Host-Http-id', secure: true },
      { path: `/${'a'.repeat(1_023)}` },
      { domain: `${'a.'.repeat(125)}org` },
      { priority: 'medium' },
      { replaces: [{ name: 'connect.sid' }, { path: '/app' }, { domain: 'example.org' }] },
    ]
    for (const options of good) {
      const made = cookie(options)
      assert.ok(made.issue(TOKEN, NOW, DAY).startsWith(`${made.name}=${TOKEN}; `))
      assert.ok(made.clear().startsWith(`${made.name}=; Max-Age=0`))
      assert.deepEqual(made.read(`${made.name}=${TOKEN}`), [TOKEN])
    }
  })
})

test('an option that plain JavaScript sets to undefined is left out', () => {
  const nothing = { name: undefined, secure: undefined, sameSite: undefined, path: undefined, domain: undefined }
  const made = Reflect.apply(cookie, undefined, [{ ...nothing, priority: undefined, replaces: undefined }])
  assert.equal(made.issue(TOKEN, NOW, DAY), cookie().issue(TOKEN, NOW, DAY))
})

suite('reading the cookie', () => {
  const good = [TOKEN]
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
    'a nameless cookie that reads like ours, as browsers send it': [`=id=${OTHER}; id=${TOKEN}`, good],
    'our name behind what only looks like a blank': [
      ['\u00a0', '\u0085', '\u000b', '\u000c', '\u2000', '\ufeff'].map((blank) => `${blank}id=${OTHER}`).join('; '),
      undefined,
    ],
    'our name before a blank': [`id =${TOKEN}; id\t=${TOKEN}`, undefined],
    'an old-style version and path': [`$Version=1; id=${TOKEN}; $Path=/; $id=${OTHER}`, good],
    'a longer name, and ours in a value': ['id2=x; a=id=', undefined],
    'another case': [`ID=${TOKEN}; Id=${TOKEN}`, undefined],
    'our name as a value': [`a=id=${TOKEN}`, undefined],
    'our name inside a quoted value': [`a="; id=${OTHER}"; id=${TOKEN}`, good],
    'a foreign cookie of our name before ours': [`id=foreign; id=${TOKEN}`, good],
    'a foreign cookie of our name after ours': [`id=${TOKEN}; id=foreign`, good],
    'two that could be ours, in the order sent': [`id=${OTHER}; a=1; id=${TOKEN}`, [OTHER, TOKEN]],
    'three that could be ours, and others': [`id=${TOKEN}; id=x; id=${OTHER}; id=${THIRD}; id=`, [TOKEN, OTHER, THIRD]],
    'one several times over': [`id=${TOKEN}; id=${TOKEN}; id=${TOKEN}; id=${TOKEN}; id=${TOKEN}`, good],
    'more than anybody has': [`id=${TOKEN}; id=${OTHER}; id=${THIRD}; id=${'D'.repeat(43)}`, 'too_many'],
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
      { secure: true, partitioned: true, priority: 'high', sameSite: 'none' },
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

suite('cookies of earlier settings', () => {
  test('are deleted with the attributes that tell one cookie from another; the rest is as ours is', () => {
    const made = cookie({
      name: '__Secure-id',
      secure: true,
      domain: 'example.org',
      sameSite: 'strict',
      priority: 'high',
      replaces: [{ domain: '.Example.org', path: '/app' }, { name: '__Host-id' }, { partitioned: true }],
    })
    const gone = 'Max-Age=0;'
    const rest = 'Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure;'
    assert.deepEqual(made.clearReplaced, [
      `__Secure-id=; ${gone} Domain=example.org; Path=/app; ${rest} SameSite=Strict`,
      `__Host-id=; ${gone} Path=/; ${rest} SameSite=Strict`,
      `__Secure-id=; ${gone} Path=/; ${rest} Partitioned; SameSite=Strict`,
    ])
    assert.deepEqual(cookie().clearReplaced, [])
  })
})

suite('the mark of the settings', () => {
  test('the default ones have none, whatever is spelt out', () => {
    const usual: readonly CookieOptions[] = [
      {},
      { secure: true },
      { name: 'sid' },
      { name: '__Host-sid', secure: true },
      { path: '/', sameSite: 'lax', partitioned: false, replaces: [] },
    ]
    for (const options of usual) assert.equal(cookie(options).mark, undefined, JSON.stringify(options))
  })

  test('any two that a browser would tell apart have two', () => {
    const others: readonly CookieOptions[] = [
      { name: 'sid', secure: true },
      { path: '/app' },
      { path: '/app', secure: true },
      { domain: 'example.org' },
      { domain: 'example.com' },
      { domain: 'example.org', sameSite: 'strict' },
      { sameSite: 'strict' },
      { secure: true, sameSite: 'none' },
      { secure: true, sameSite: 'none', partitioned: true },
      { priority: 'high' },
      { priority: 'low' },
      { replaces: [{ path: '/app' }] },
      { replaces: [{ path: '/old' }] },
    ]
    const marks = others.map((options) => cookie(options).mark)
    assert.equal(new Set([undefined, ...marks]).size, others.length + 1)
    for (const mark of marks) assert.match(mark ?? '', /^[a-z\d]{1,7}$/)
    // Records hold it: another way to work it out would write every session anew.
    assert.equal(cookie({ path: '/app' }).mark, '100js5l')
    assert.equal(cookie({ replaces: [{ path: '/app' }, { name: 'connect.sid' }] }).mark, '19k3fuo')
    assert.equal(cookie({ domain: '.Example.org' }).mark, cookie({ domain: 'example.org' }).mark)
  })
})

/** Everything but the value and how long it lasts. */
function attributes(line: string): string[] {
  return line
    .split('; ')
    .slice(1)
    .filter((part) => !/^(Max-Age|Expires)=/.test(part))
}
