/** What a tour over HTTP cannot see of the examples: that a browser's own forms get through, and the page's script. */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { Browser } from 'playwright-core'
import { launchChromium } from '../browser/chromium.ts'
import { folder, start } from './running.ts'

suite('examples: in Chromium', () => {
  let chromium: Browser
  before(async () => {
    chromium = await launchChromium()
  })
  after(() => chromium?.close())

  test('login: signs in and out by its forms', async (t) => {
    const { origin } = await start(t, folder(t), 'login.ts')
    const page = await chromium.newPage({ baseURL: origin })
    await page.goto('/')
    await page.getByRole('button', { name: 'One more' }).click()
    await page.getByLabel('Name').fill('ada')
    await page.getByLabel('Password').fill('difference engine')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('Signed in as ada').waitFor()
    assert.match(await page.innerText('body'), /In the basket: 1/)
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByText('Goodbye!').waitFor()
    await page.context().close()
  })

  test('websocket: counts what is said, goes on after a reload, and ends when another tab leaves', async (t) => {
    const { origin } = await start(t, folder(t), 'websocket.ts')
    const context = await chromium.newContext({ baseURL: origin })
    const page = await context.newPage()
    const say = page.getByRole('button', { name: 'Say something' })
    for (const said of [1, 2]) {
      await page.goto('/')
      await page.waitForFunction('socket.readyState === WebSocket.OPEN')
      await say.click()
      await page.getByText(`You have said ${said} things.`).waitFor()
    }
    const other = await context.newPage()
    await other.goto('/')
    await other.getByRole('button', { name: 'Leave' }).click()
    await other.getByText('Bye.').waitFor()
    await say.click()
    await page.getByText('No session.').waitFor()
    await context.close()
  })
})
