/** The rules of cookies as Chromium has them: what it keeps, sends and deletes of what we set. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, suite, test } from 'node:test'
import type { BrowserContext, Page } from 'playwright-core'
import type { CookieOptions } from '../../src/cookie/cookie-rules.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { cookiesOf, fetched, openSites, shown } from './sites.ts'
import type { Sites } from './sites.ts'

const DAY = 86_400

suite('cookies in Chromium', () => {
  let sites: Sites
  // One jar and one page for all, emptied in between: opening them takes longer than what is tested.
  let context: BrowserContext
  let page: Page
  before(async () => {
    sites = await openSites()
    context = await sites.visitor()
    page = await context.newPage()
  })
  beforeEach(() => context.clearCookies())
  after(() => sites?.close())

  const kinds: Readonly<
    Record<string, { readonly options: CookieOptions; readonly name: string; readonly scheme?: 'http' }>
  > = {
    'the default over https': { options: { secure: true }, name: '__Host-id' },
    'the default over http': { options: {}, name: 'id', scheme: 'http' },
    'a __Host-Http- name': { options: { secure: true, name: '__Host-Http-id' }, name: '__Host-Http-id' },
    'an __Http- name and a path': { options: { secure: true, name: '__Http-id', path: '/app' }, name: '__Http-id' },
    'a domain': { options: { secure: true, domain: 'shop.test' }, name: '__Secure-id' },
    'a path': { options: { secure: true, path: '/app' }, name: '__Secure-id' },
    'a path that is percent-encoded': { options: { path: '/app/%C3%BC%20ber' }, name: 'id', scheme: 'http' },
    'a domain and a path': { options: { domain: '.Shop.test', path: '/app/' }, name: 'id', scheme: 'http' },
    'SameSite=Strict': { options: { secure: true, sameSite: 'strict' }, name: '__Host-id' },
    'SameSite=None': { options: { secure: true, sameSite: 'none' }, name: '__Host-id' },
    Partitioned: { options: { secure: true, sameSite: 'none', partitioned: true }, name: '__Host-id' },
    Priority: { options: { secure: true, priority: 'high' }, name: '__Host-id' },
  }
  for (const [label, { options, name, scheme = 'https' }] of Object.entries(kinds))
    test(`${label}: kept, sent back, out of reach of scripts, deleted`, async () => {
      const site = await sites.serve(scheme, { cookie: { secure: false, ...options } })
      const at = (path: string): string => site.url('www.shop.test', `/app/%C3%BC%20ber/${path}`)
      await shown(page, at('login?user=ann'))
      const [cookie, ...others] = await cookiesOf(context)
      assert.deepEqual(others, [])
      assert.equal(cookie?.name, name)
      assert.equal(cookie?.secure, options.secure ?? false)
      assert.equal(cookie?.sameSite.toLowerCase(), options.sameSite ?? 'lax')
      assert.equal(cookie?.path, options.path ?? '/')
      assert.equal(cookie?.domain, options.domain === undefined ? 'www.shop.test' : '.shop.test')
      assert.equal(cookie?.httpOnly, true)
      assert.deepEqual(await fetched(page, at('page')), { data: { user: 'ann' }, cookies: [name] })
      assert.equal(await page.evaluate(() => document.cookie), '')
      await fetched(page, at('logout'))
      assert.deepEqual(await context.cookies(), [])
    })

  test('it lasts as long as the session, 400 days at most, or as long as the window', async () => {
    for (const [options, days] of [
      [{}, 31],
      [{ lifetime: '2000d' }, 400],
      [{ permanent: false }, undefined],
    ] as const) {
      const site = await sites.serve('http', { cookie: { secure: false }, ...options })
      await shown(page, site.url('shop.test', '/login?user=ann'))
      const [cookie] = await context.cookies()
      assert.ok(cookie)
      const { expires } = cookie
      if (days === undefined) assert.equal(expires, -1)
      else assert.ok(Math.abs(expires - Date.now() / 1000 - days * DAY) < 60, `${expires}`)
    }
  })

  test('a domain shares the session between subdomains; without one, each host has its own', async () => {
    const shared = await sites.serve('https', { cookie: { secure: true, domain: 'shop.test' } })
    await shown(page, shared.url('www.shop.test', '/login?user=ann'))
    assert.deepEqual((await shown(page, shared.url('api.shop.test'))).data, { user: 'ann' })
    assert.deepEqual((await shown(page, shared.url('shop.test'))).data, { user: 'ann' })
    assert.deepEqual((await shown(page, shared.url('other.test'))).cookies, [''])
    await shown(page, shared.url('api.shop.test', '/logout'))
    assert.deepEqual(await context.cookies(), [])

    const apart = await sites.serve('https', { cookie: { secure: true } })
    await shown(page, apart.url('www.shop.test', '/login?user=ann'))
    assert.deepEqual((await shown(page, apart.url('api.shop.test'))).data, {})
    assert.deepEqual((await shown(page, apart.url('www.shop.test'))).data, { user: 'ann' })
  })

  test('what is refused at construction is what Chromium drops without a word', async () => {
    const [http, https] = [await sites.serve('http'), await sites.serve('https')]
    const dropped = {
      http: [
        '__Host-a=1; Path=/',
        '__Secure-a=1; Secure',
        'a=1; SameSite=None',
        'b=1; Partitioned',
        '__Http-a=1; HttpOnly',
      ],
      https: [
        '__Host-b=1; Secure; Path=/app',
        '__Host-c=1; Secure; Path=/; Domain=shop.test',
        '__HOST-d=1; Path=/',
        'e=1; SameSite=None',
        'f=1; Path=/; Partitioned',
        'g=1; Domain=test',
        `${'h'.repeat(4_096)}=1`,
      ],
    }
    await page.goto(http.url('shop.test', setting(...dropped.http)))
    await page.goto(https.url('shop.test', setting(...dropped.https)))
    assert.deepEqual(await context.cookies(), [])
    // Kept, and never sent: the other kind of setting that is refused.
    await page.goto(http.url('shop.test', setting('never=1; Path=/a b')))
    assert.equal((await context.cookies()).length, 1)
    assert.deepEqual((await shown(page, http.url('shop.test', '/a b/page'))).cookies, [''])
  })

  test('a Secure cookie stays at home on plain http, and nothing is stored for nobody', async () => {
    const store = memoryStore()
    const plain = await sites.serve('http', { store, cookie: { name: 'sid', secure: true } })
    const https = await sites.serve('https', { store, cookie: { name: 'sid', secure: true } })
    let withheld = 0
    plain.sessions.on('withheld', () => (withheld += 1))
    await shown(page, plain.url('shop.test', '/login?user=ann'))
    assert.equal(withheld, 1)
    assert.deepEqual(await context.cookies(), [])
    assert.equal(await count(store), 0)
    await shown(page, https.url('shop.test', '/login?user=ann'))
    assert.equal((await context.cookies()).length, 1)
    assert.deepEqual((await shown(page, plain.url('shop.test'))).cookies, [''])
    assert.deepEqual((await shown(page, https.url('shop.test'))).data, { user: 'ann' })
  })

  test('changed settings replace the cookie with the next page, and cookies of before go', async () => {
    const store = memoryStore()
    const changes: readonly (readonly [CookieOptions, Partial<Awaited<ReturnType<typeof cookiesOf>>[number]>])[] = [
      [{ path: '/app' }, { path: '/app', sameSite: 'Lax' }],
      [
        { path: '/app', sameSite: 'strict' },
        { path: '/app', sameSite: 'Strict' },
      ],
      [{ replaces: [{ path: '/app' }] }, { path: '/', domain: 'www.shop.test' }],
      [
        { domain: 'shop.test', replaces: [{}] },
        { path: '/', domain: '.shop.test' },
      ],
      [
        { sameSite: 'none', partitioned: true, replaces: [{ domain: 'shop.test' }] },
        { sameSite: 'None', domain: 'www.shop.test' },
      ],
      [{ replaces: [{ partitioned: true }] }, { sameSite: 'Lax' }],
    ]
    for (const [index, [options, expected]] of changes.entries()) {
      const site = await sites.serve('https', { store, cookie: { name: 'sid', secure: true, ...options } })
      await shown(page, site.url('www.shop.test', index === 0 ? '/app/login?user=ann' : '/app/page'))
      const all = await cookiesOf(context)
      assert.equal(all.length, 1, JSON.stringify([options, all]))
      assert.partialDeepStrictEqual(all[0], expected)
      assert.deepEqual((await fetched(page, site.url('www.shop.test', '/app/page'))).data, { user: 'ann' })
    }
  })

  test('a logout makes the browser forget its storage over https, and only where that is asked for', async () => {
    for (const [clearSiteData, kept] of [
      [true, null],
      [false, 'here'],
    ] as const) {
      const site = await sites.serve('https', { cookie: { secure: true }, clearSiteData })
      await shown(page, site.url('shop.test', '/login?user=ann'))
      await page.evaluate(() => localStorage.setItem('draft', 'here'))
      await shown(page, site.url('shop.test', '/logout'))
      await shown(page, site.url('shop.test'))
      assert.equal(await page.evaluate(() => localStorage.getItem('draft')), kept)
      assert.deepEqual(await context.cookies(), [])
    }
  })
})

/** The path of a page that sets cookies of its own. */
function setting(...lines: readonly string[]): string {
  return `/set?${new URLSearchParams(lines.map((line) => ['line', line]))}`
}

async function count(store: ReturnType<typeof memoryStore>): Promise<number> {
  let records = 0
  for await (const _ of store.list?.() ?? []) records += 1
  return records
}
