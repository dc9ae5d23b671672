/** The cookie and other sites in Chromium: SameSite, Partitioned, and cookies that others plant. */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { Page } from 'playwright-core'
import type { CookieOptions, SessionEvents } from '../../src/index.ts'
import { fetched, openSites, shown, shownIn } from './sites.ts'
import type { Shown, Site, Sites } from './sites.ts'

const ANN = { user: 'ann' }

suite('the cookie across sites in Chromium', () => {
  let sites: Sites
  before(async () => {
    sites = await openSites()
  })
  after(() => sites?.close())

  const sameSite: Readonly<Record<string, Readonly<Record<'link' | 'form' | 'frame' | 'sibling', object>>>> = {
    lax: { link: ANN, form: {}, frame: {}, sibling: ANN },
    strict: { link: {}, form: {}, frame: {}, sibling: ANN },
    none: { link: ANN, form: ANN, frame: ANN, sibling: ANN },
  }
  for (const [value, expected] of Object.entries(sameSite))
    test(`SameSite=${value}: a link, a form and a frame of another site, and a frame of a sibling domain`, async () => {
      const options = { secure: true, sameSite: value } as CookieOptions
      const [shop, other] = [await sites.serve('https', { cookie: options }), await sites.serve('https')]
      const context = value === 'none' ? await sites.openVisitor() : await sites.visitor()
      const page = await context.newPage()
      await shown(page, shop.url('www.shop.test', '/login?user=ann'))
      const to = shop.url('www.shop.test')
      assert.deepEqual((await follow(page, other.url('other.test', `/link?to=${to}`), 'a')).data, expected.link)
      assert.deepEqual((await follow(page, other.url('other.test', `/form?to=${to}`), 'button')).data, expected.form)
      assert.deepEqual((await framed(page, other.url('other.test'), to)).data, expected.frame)
      assert.deepEqual((await framed(page, other.url('shop.test'), to)).data, expected.sibling)
      assert.deepEqual((await shown(page, to)).data, ANN, 'none of it has touched the session')
      await context.close()
    })

  test('a cookie that is not sent across sites is not deleted across them either', async () => {
    const [shop, other] = [await sites.serve('https', { cookie: { secure: true } }), await sites.serve('https')]
    const context = await sites.visitor()
    const page = await context.newPage()
    await shown(page, shop.url('shop.test', '/login?user=ann'))
    await framed(page, other.url('other.test'), shop.url('shop.test', '/logout'))
    await framed(page, other.url('other.test'), shop.url('shop.test', '/login?user=mallory'))
    assert.deepEqual((await shown(page, shop.url('shop.test'))).data, ANN)
    await context.close()
  })

  test('Partitioned: a session for each site that embeds ours, and one of its own, each deleted alone', async () => {
    const cookie: CookieOptions = { secure: true, sameSite: 'none', partitioned: true }
    const [shop, other] = [await sites.serve('https', { cookie }), await sites.serve('https')]
    const context = await sites.visitor()
    const page = await context.newPage()
    const [here, login, logout] = ['/', '/login?user=ann', '/logout'].map((path) => shop.url('shop.test', path))
    const [one, two] = [other.url('one.test'), other.url('two.test')]
    await framed(page, one, login)
    assert.deepEqual((await framed(page, one, here)).data, ANN)
    assert.deepEqual((await framed(page, two, here)).data, {})
    assert.deepEqual((await shown(page, here ?? '')).data, {})
    await framed(page, two, login)
    assert.equal((await context.cookies()).length, 2)
    await framed(page, one, logout)
    assert.deepEqual((await framed(page, one, here)).data, {})
    assert.deepEqual((await framed(page, two, here)).data, ANN)
    const [{ partitionKey } = {}, ...others] = await context.cookies()
    assert.deepEqual([partitionKey, others], ['https://two.test', []])
    await context.close()
  })

  test('tossed from a sibling domain beside a plain name: shut out for a while, never in another’s session', async () => {
    const rejected: SessionEvents['rejected'][] = []
    const shop = await sites.serve('http', { cookie: { secure: false } })
    shop.sessions.on('rejected', (event) => rejected.push(event))
    const planted = await tokenOf(shop, 'mallory')
    for (const attributes of ['Path=/account', 'Path=/']) {
      const context = await sites.visitor()
      const page = await context.newPage()
      const [start, account] = ['/', '/account/page'].map((path) => shop.url('www.shop.test', path))
      await shown(page, shop.url('www.shop.test', '/login?user=ann'))
      await toss(page, shop, `id=${planted}; Domain=shop.test; ${attributes}`)
      rejected.length = 0
      const { data, ended, cookies } = await shown(page, account ?? '')
      assert.deepEqual([data, ended, cookies], [{}, 'ambiguous', ['id', 'id']])
      assert.deepEqual(
        rejected.map(({ reason }) => reason),
        ['ambiguous'],
      )
      // A login there holds neither, and does not reach mallory's session.
      await fetched(page, shop.url('www.shop.test', '/account/login?user=ann'))
      assert.deepEqual((await fetched(page, account ?? '')).data, {})
      const free = await fetched(page, start ?? '')
      assert.deepEqual(free.data, attributes === 'Path=/' ? {} : ANN)
      await toss(page, shop, `id=; Domain=shop.test; ${attributes}; Max-Age=0`)
      assert.deepEqual((await shown(page, account ?? '')).data, ANN, 'and all is as before once it is gone')
      await context.close()
    }
    const mallory = await sites.visitor()
    await mallory.addCookies([{ name: 'id', value: planted, url: shop.url('www.shop.test') }])
    const seen = await shown(await mallory.newPage(), shop.url('www.shop.test'))
    assert.deepEqual(seen.data, { user: 'mallory' })
    await mallory.close()
  })

  test('tossed at somebody without a session: a login ends it', async () => {
    const shop = await sites.serve('http', { cookie: { secure: false } })
    const context = await sites.visitor()
    const page = await context.newPage()
    await toss(page, shop, `id=${await tokenOf(shop, 'mallory')}; Domain=shop.test; Path=/`)
    await shown(page, shop.url('www.shop.test', '/login?user=ann'))
    assert.deepEqual((await shown(page, shop.url('www.shop.test'))).data, ANN, 'the planted session is superseded')
    await context.close()
  })

  test('junk, and cookies of other libraries, hide nothing', async () => {
    const shop = await sites.serve('http', { cookie: { secure: false } })
    const context = await sites.visitor()
    const page = await context.newPage()
    await shown(page, shop.url('www.shop.test', '/login?user=ann'))
    const domain = 'Domain=shop.test'
    await toss(
      page,
      shop,
      `id=${'B'.repeat(43)}; ${domain}; Path=/account/page`,
      `id=s%3Asigned.elsewhere; ${domain}; Path=/account`,
    )
    const { data, cookies } = await shown(page, shop.url('www.shop.test', '/account/page'))
    assert.deepEqual([data, cookies], [ANN, ['id', 'id', 'id']])
    await context.close()
  })

  test('a __Host- name cannot be tossed, whatever its spelling; a name without one before it is read as another', async () => {
    const [shop, plain] = [await sites.serve('https', { cookie: { secure: true } }), await sites.serve('http')]
    const planted = await tokenOf(shop, 'mallory')
    const context = await sites.visitor()
    const page = await context.newPage()
    await shown(page, shop.url('www.shop.test', '/login?user=ann'))
    const domain = 'Domain=shop.test; Path=/'
    const spellings = [
      `__Host-id=${planted}`,
      `__HOST-id=${planted}`,
      `=__Host-id=${planted}`,
      ` = __Host-id=${planted}`,
      ` __Host-id=${planted}`,
      `__Host-id =${planted}`,
      `\u00a0__Host-id=${planted}`,
      `\u0085__Host-id=${planted}`,
      `__Host-id%20=${planted}`,
      `a="; __Host-id=${planted}; b="`,
      `$Version=1, __Host-id=${planted}`,
    ]
    const lines = spellings.flatMap((spelling) => [`${spelling}; ${domain}`, `${spelling}; ${domain}; Secure`])
    for (const site of [shop, plain]) await toss(page, site, ...lines)
    const { data, ended, cookies } = await shown(page, shop.url('www.shop.test', '/page'))
    assert.deepEqual([data, ended], [ANN, undefined])
    assert.equal(cookies.filter((name) => name === '__Host-id').length, 1)
    assert.ok(cookies.length > 1, 'some were kept, as other names')
    await context.close()
  })
})

/** Open a page of another site that leads to ours, follow it, and read what ours shows. */
async function follow(page: Page, from: string, selector: string): Promise<Shown> {
  await page.goto(from)
  await page.locator(selector).click()
  return shownIn(page)
}

/** Have a page of `embedder` show `url` in a frame. */
async function framed(page: Page, embedder: string, url: string | undefined): Promise<Shown> {
  await page.goto(`${embedder}frame?to=${url}`)
  return shownIn(page.frameLocator('iframe'))
}

/** Let a page of a sibling domain set cookies. */
async function toss(page: Page, site: Site, ...lines: readonly string[]): Promise<void> {
  await page.goto(site.url('evil.shop.test', `/set?${new URLSearchParams(lines.map((line) => ['line', line]))}`))
}

/** The token of a session that somebody has in another browser. */
async function tokenOf(site: Site, user: string): Promise<string> {
  const session = await site.sessions.open({ cookie: undefined, secure: true })
  session.data['user'] = user
  const { setCookie } = await site.sessions.commit(session)
  return /=([^;]*)/.exec(setCookie[0] ?? '')?.[1] ?? ''
}
