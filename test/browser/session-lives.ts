/** What becomes of sessions in real browsers, on one store: run by a test file for each store. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { killDemos, startDemo, temporaryFolder } from '../demo/demo-process.ts'
import { serve } from '../demo/serve.ts'
import type { Served } from '../demo/serve.ts'
import { until } from '../servers/processes.ts'
import { launchChromium, launchProfile } from './chromium.ts'
import { recordOf } from './kept.ts'
import type { Kept } from './kept.ts'

/** All cases, two at a time: a part of it is waiting, and with all at once each takes longer than with none beside it. */
export function sessionLives(label: string, open: () => Promise<Kept>): void {
  suite(`demo: in browsers, sessions in ${label}`, { concurrency: 2 }, () => {
    const folder = temporaryFolder()
    const parts = new AsyncDisposableStack()
    let kept: Kept
    let browser: Browser
    /** The demo with its defaults. */
    let demo: Served
    before(async () => {
      kept = parts.use(await open())
      demo = parts.use(await serve({ SESSION_STORE: kept.url }))
      browser = await launchChromium()
    })
    after(async () => {
      await browser?.close()
      killDemos()
      await parts.disposeAsync()
      folder.remove()
    })

    test('two profiles never see each other’s data, after a restart of the server neither', async () => {
      const env = { SESSION_STORE: kept.url }
      let server = await startDemo(env)
      const [ada, bob] = [await browser.newContext(), await browser.newContext()]
      const [hers, his] = [await ada.newPage(), await bob.newPage()]
      await logIn(hers, server.url, 'Ada')
      await upload(hers, server.url, 'hers.txt')
      await upload(his, server.url, 'his.txt')
      assert.equal(await server.stop(), 0)
      server = await startDemo({ ...env, PORT: new URL(server.url).port })
      for (const [page, own, others] of [
        [hers, 'hers.txt', ['his.txt']],
        [his, 'his.txt', ['hers.txt', 'Ada']],
      ] as const) {
        await page.reload()
        assert.equal(await page.getByRole('heading', { level: 1 }).innerText(), own)
        for (const path of ['', 'upload', 'name', 'cart', 'where']) {
          await page.goto(server.url + path)
          const text = await page.content()
          for (const other of others) assert.ok(!text.includes(other), `${other} on /${path}`)
        }
        // The page about it names this profile's record, and it is there.
        const id = await recordIn(page)
        assert.ok((await page.content()).includes(id))
        assert.ok(((await kept.deadline(id)) ?? 0) > Date.now())
      }
      assert.notEqual(await recordIn(hers), await recordIn(his))
      await ada.close()
      await bob.close()
      await server.stop()
    })

    test('who deletes the cookie, and who stays away: a new session, and the old record gone by its deadline', async () => {
      await using brief = await serve({ SESSION_STORE: kept.url, SESSION_LIFETIME: '3s', SESSION_SWEEP_EVERY: '1s' })
      const [deleting, away] = [await browser.newContext(), await browser.newContext()]
      const [page, distant] = [await deleting.newPage(), await away.newPage()]
      const missed = await send(distant, brief.url, 'away.txt')
      const orphan = await send(page, brief.url, 'orphan.txt')
      await deleting.clearCookies()
      assert.equal((await page.goto(`${brief.url}upload`))?.status(), 404)
      const second = await send(page, brief.url, 'second.txt')
      assert.notEqual(second, orphan)

      // No visit moves the deadlines while the store alone is looked at.
      for (const cookie of [missed, orphan, second]) {
        const id = recordOf(cookie)
        await until('a deadline', async () => ((await kept.deadline(id)) ?? 0) <= Date.now(), 30_000)
        await kept.removed(id)
      }
      assert.equal((await distant.goto(`${brief.url}upload`))?.status(), 404)
      assert.equal((await page.goto(`${brief.url}upload`))?.status(), 404)

      // A browser forgets the cookie at the deadline, too. One that did not:
      await away.addCookies([{ name: 'id', value: missed, url: brief.url }])
      assert.equal((await distant.goto(`${brief.url}upload`))?.status(), 404)
      assert.notEqual(await send(distant, brief.url, 'new.txt'), missed, 'an expired ID is never used again')
      assert.ok(((await kept.deadline(recordOf(missed))) ?? 0) <= Date.now())
      await deleting.close()
      await away.close()
    })

    test('a session that is not permanent ends with the browser’s session, a permanent one does not', async () => {
      await using windowed = await serve({ SESSION_STORE: kept.url, SESSION_PERMANENT: 'false' })
      // Two names of this machine, because ports do not keep cookies apart.
      const permanent = demo.url.replace('127.0.0.1', 'localhost')
      const profile = join(folder.path, 'profile')
      const first = await launchProfile(profile)
      const page = await first.newPage()
      const id = recordOf(await send(page, windowed.url, 'window.txt'))
      await page.goto(`${windowed.url}where`)
      assert.match(await page.getByRole('table').innerText(), /until you close your browser/)
      await upload(page, permanent, 'permanent.txt')
      await first.close()

      const second = await launchProfile(profile)
      const again = await second.newPage()
      assert.equal((await again.goto(`${windowed.url}upload`))?.status(), 404)
      assert.equal((await again.goto(`${permanent}upload`))?.status(), 200)
      assert.equal(await again.getByRole('heading', { level: 1 }).innerText(), 'permanent.txt')
      assert.ok(((await kept.deadline(id)) ?? 0) > Date.now(), 'its record stays until its own deadline')
      await second.close()
    })

    test('a double click and several tabs lose nothing', async () => {
      const context = await browser.newContext()
      const page = await context.newPage()
      await page.goto(`${demo.url}cart`)
      await page.getByRole('button', { name: 'Add Hat' }).click()
      await page.getByText('Hat × 1').waitFor()

      // The first request of a double click is let go only when the second is there, so that both are under way at once.
      const clicks: (() => Promise<unknown>)[] = []
      const sent: Promise<unknown>[] = []
      await page.route('**/cart', (route) => {
        if (route.request().method() !== 'POST') return route.continue()
        clicks.push(() => route.fetch({ maxRedirects: 0 }))
        if (clicks.length === 2) sent.push(...clicks.map((go) => go()))
        return undefined
      })
      // By its place, because what looks for a button waits until a page that is on its way has come.
      const box = await page.getByRole('button', { name: 'Add Coat' }).boundingBox()
      assert.ok(box)
      await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2)
      await until('the first click', () => clicks.length === 1, 20_000)
      await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2)
      await until('the second click', () => sent.length === 2, 20_000)
      await Promise.all(sent)
      await page.close()

      const tabs = await Promise.all(Array.from({ length: 3 }, () => context.newPage()))
      const [one, two, three] = tabs
      assert.ok(one && two && three)
      for (const tab of [one, two]) await tab.goto(`${demo.url}cart`)
      await Promise.all([
        one.getByRole('button', { name: 'Add Coat' }).click(),
        two.getByRole('button', { name: 'Add Scarf' }).click(),
        upload(three, demo.url, 'meanwhile.txt'),
      ])
      await one.getByText(/Coat × 3/).waitFor()
      await two.getByText(/Scarf × 1/).waitFor()
      await one.reload()
      const cart = one.getByRole('region', { name: 'In your cart' }).getByRole('listitem').locator('span')
      assert.deepEqual(await cart.allInnerTexts(), ['Hat × 1', 'Coat × 3', 'Scarf × 1'])
      await Promise.all(tabs.map((tab) => tab.goto(`${demo.url}visits`)))
      await three.reload()
      assert.equal(await three.getByRole('heading', { level: 1 }).innerText(), '4 visits')
      assert.equal((await three.goto(`${demo.url}upload`))?.status(), 200)
      await context.close()
    })

    test('log out in one tab while a slow request runs in another, and stay logged out', async () => {
      const slowly = Promise.withResolvers<void>()
      const underWay = Promise.withResolvers<void>()
      await using server = await serve({ SESSION_STORE: kept.url }, () => {
        underWay.resolve()
        return slowly.promise
      })
      const context = await browser.newContext()
      const [slow, quick] = [await context.newPage(), await context.newPage()]
      await logIn(slow, server.url, 'Ada')
      const [cookie] = await context.cookies()
      assert.ok(cookie)
      await slow.goto(`${server.url}visits`)
      const answered = slow.waitForResponse('**/visits/slow')
      await slow.getByRole('button', { name: 'Count slowly' }).click({ noWaitAfter: true })
      await underWay.promise
      await quick.goto(`${server.url}name`)
      await quick.getByRole('button', { name: 'Log out' }).click()
      await quick.getByText('You are logged out.').waitFor()
      const loggedOut = await context.cookies()

      slowly.resolve()
      const answer = await answered
      assert.equal(answer.status(), 303)
      assert.equal(await answer.headerValue('set-cookie'), null, 'the slow answer brings no cookie')
      await slow.getByRole('heading', { name: '1 visit', exact: true }).waitFor()
      assert.equal((await context.cookies())[0]?.value, loggedOut[0]?.value)
      for (const tab of [slow, quick]) {
        await tab.goto(`${server.url}name`)
        assert.equal(await tab.getByRole('heading', { level: 1 }).innerText(), 'Who are you?')
      }
      // The cookie of before the logout opens nothing.
      await context.addCookies([cookie])
      await quick.goto(`${server.url}name`)
      assert.equal(await quick.getByRole('heading', { level: 1 }).innerText(), 'Who are you?')
      await context.close()
    })

    async function upload(page: Page, url: string, name: string): Promise<void> {
      await send(page, url, name)
      await page.getByRole('heading', { level: 1, name }).waitFor()
    }

    /** Resolves with the cookie that the answer sets; the session behind it may be so short that no page shows it. */
    async function send(page: Page, url: string, name: string): Promise<string> {
      const file = join(folder.path, name)
      writeFileSync(file, `${name}\n`)
      await page.goto(url)
      await page.getByLabel('Text file').setInputFiles(file)
      const answered = page.waitForResponse((response) => response.request().method() === 'POST')
      await page.getByRole('button', { name: 'Upload' }).click()
      const answer = await answered
      assert.equal(answer.status(), 303)
      return /^id=([\w-]+)/.exec((await answer.headerValue('set-cookie')) ?? '')?.[1] ?? ''
    }
  })
}

async function logIn(page: Page, url: string, name: string): Promise<void> {
  await page.goto(`${url}name`)
  await page.getByLabel('Name').fill(name)
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByRole('heading', { name: `Hello, ${name}` }).waitFor()
}

/** The name of the record that this profile's cookie opens. */
async function recordIn(page: Page): Promise<string> {
  const context: BrowserContext = page.context()
  const [cookie] = await context.cookies(page.url())
  assert.ok(cookie)
  return recordOf(cookie.value)
}
