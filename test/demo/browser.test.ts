import assert from 'node:assert/strict'
import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import type { Browser, BrowserContext, FileChooser, Page } from 'playwright-core'
import { launchChromium } from '../browser/chromium.ts'
import { killDemos, startDemo, temporaryFolder } from './demo-process.ts'
import type { Demo } from './demo-process.ts'

const LINES = [
  'def coat():',
  '\treturn "<b>&amp;</b>"  ',
  '',
  '',
  '    # four blanks, 日本 🧥',
  `${'long '.repeat(200)}end`,
  '',
]
const FILE = `\uFEFF${LINES.join('\r\n')}\r\n`

suite('demo: in Chromium', () => {
  const folder = temporaryFolder()
  const file = join(folder.path, 'coat <i>&amp;.py')
  writeFileSync(file, FILE)
  const store = { SESSION_STORE: `file:${join(folder.path, 'sessions')}` }
  let browser: Browser
  let demo: Demo
  before(async () => {
    demo = await startDemo(store)
    browser = await launchChromium()
  })
  after(async () => {
    await browser?.close()
    await demo?.stop()
    killDemos()
    folder.remove()
  })

  test('upload, see the lines, go back, restart the server, still see them; another browser sees nothing', async () => {
    const someone = await browser.newContext()
    const { page, complaints } = await openPage(someone)
    // Asked for before the page is there: Chromium takes a moment to hand its file choosers over, and cancels what comes
    // before that.
    const chooser = page.waitForEvent('filechooser')
    await page.goto(demo.url)
    await uploadWithTheKeyboard(page, chooser, file)
    assert.equal(page.url(), `${demo.url}upload`)
    await seesTheLines(page)

    const reloaded = await page.reload()
    assert.equal(reloaded?.request().method(), 'GET', 'reloading uploads nothing again')

    await page.goBack()
    assert.equal(new URL(page.url()).pathname, '/')
    const last = page.getByRole('region', { name: 'Your last upload' })
    assert.match(await last.innerText(), /coat <i>&amp;\.py \(7 lines, /)

    assert.equal(await demo.stop(), 0, 'an open browser does not keep the server from stopping')
    demo = await startDemo({ ...store, PORT: new URL(demo.url).port })
    await page.reload()
    await last.getByRole('link', { name: 'coat <i>&amp;.py' }).click()
    await seesTheLines(page)

    const someoneElse = await browser.newContext()
    const other = await openPage(someoneElse)
    await other.page.goto(demo.url)
    assert.equal(await other.page.getByRole('region', { name: 'Your last upload' }).count(), 0)
    const answer = await other.page.goto(`${demo.url}upload`)
    assert.equal(answer?.status(), 404)
    assert.deepEqual(await someoneElse.cookies(), [])

    // The browser itself reports a page's status of 400 and above; nothing else may be in its console.
    assert.deepEqual(complaints, [])
    assert.deepEqual(
      other.complaints.filter((text) => !text.includes('status of 404')),
      [],
    )
    await someone.close()
    await someoneElse.close()
  })

  test('the cookie: kept for 31 days, out of reach of scripts, not sent across sites', async () => {
    const context = await browser.newContext()
    const { page } = await openPage(context)
    await page.goto(demo.url)
    assert.deepEqual(await context.cookies(), [], 'looking costs no cookie')
    await upload(page, file)
    const [cookie, ...others] = await context.cookies()
    assert.deepEqual(others, [])
    const { name, httpOnly, secure, sameSite, path, domain, expires = 0 } = cookie ?? {}
    assert.deepEqual(
      { name, httpOnly, secure, sameSite, path, domain },
      { name: 'id', httpOnly: true, secure: false, sameSite: 'Lax', path: '/', domain: '127.0.0.1' },
    )
    const days = (expires - Date.now() / 1000) / 86_400
    assert.ok(days > 30.9 && days <= 31, `${days} days`)
    assert.equal(await page.evaluate(() => document.cookie), '')
    await context.close()
  })

  test('what is refused is said on the page, for a file of 20 MB too, and the last upload stays', async () => {
    const context = await browser.newContext()
    const { page } = await openPage(context)
    await page.goto(demo.url)
    await upload(page, file)
    const huge = join(folder.path, 'huge.iso')
    writeFileSync(huge, '')
    truncateSync(huge, 20_000_000)
    const nul = join(folder.path, 'nul.bin')
    writeFileSync(nul, 'a\0b')
    const refused: readonly (readonly [string | undefined, number, RegExp])[] = [
      [undefined, 400, /^No file was chosen/],
      [nul, 415, /^nul\.bin is not a text file/],
      [huge, 413, /^The file is larger than 256 kB/],
    ]
    for (const [path, status, message] of refused) {
      await page.goto(demo.url)
      const answered = page.waitForResponse((response) => response.request().method() === 'POST')
      await upload(page, path)
      assert.equal((await answered).status(), status)
      assert.match(await page.getByRole('alert').innerText(), message)
      const described = await page.getByLabel('Text file').getAttribute('aria-describedby')
      assert.ok(described?.split(' ').includes((await page.getByRole('alert').getAttribute('id')) ?? ''))
      await page.getByRole('region', { name: 'Your last upload' }).getByRole('link').click()
      await seesTheLines(page)
    }
    await context.close()
  })

  for (const width of [1280, 360]) {
    test(`nothing sticks out of a window ${width} pixels wide, and dark is dark`, async () => {
      const context = await browser.newContext({ viewport: { width, height: 800 } })
      const { page } = await openPage(context)
      await page.goto(demo.url)
      await upload(page, undefined)
      assert.ok(await fits(page), 'the form with a message')
      const long = join(folder.path, `${'long-name-'.repeat(20)}.txt`)
      writeFileSync(long, `${'x'.repeat(5000)}\n${'word '.repeat(1000)}\n`)
      await upload(page, long)
      assert.ok(await fits(page), 'the lines')
      const light = await brightness(page)
      await page.emulateMedia({ colorScheme: 'dark' })
      await page.locator('html[data-bs-theme=dark]').waitFor()
      const dark = await brightness(page)
      assert.ok(light.page > 0.8 && light.text < 0.3, JSON.stringify(light))
      assert.ok(dark.page < 0.2 && dark.text > 0.7, JSON.stringify(dark))
      await page.goto(demo.url)
      assert.ok(await fits(page), 'the form with a last upload')
      await context.close()
    })
  }
})

/** A page, and what its console complains about: a blocked style, a script error, a missing file. */
async function openPage(context: BrowserContext): Promise<{ page: Page; complaints: string[] }> {
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  return { page, complaints }
}

async function upload(page: Page, file: string | undefined): Promise<void> {
  if (file !== undefined) await page.getByLabel('Text file').setInputFiles(file)
  await page.getByRole('button', { name: 'Upload' }).click()
  await page.waitForURL('**/upload')
}

async function uploadWithTheKeyboard(page: Page, chooser: Promise<FileChooser>, file: string): Promise<void> {
  await page.keyboard.press('Tab')
  assert.ok(await hasFocus(page, 'a[href="#main"]'), 'the first Tab reaches the way past the navigation')
  await page.keyboard.press('Enter')
  await page.keyboard.press('Tab')
  assert.ok(await hasFocus(page, 'input'), 'the next one reaches the file')
  await page.keyboard.press('Enter')
  await (await chooser).setFiles(file)
  await page.keyboard.press('Tab')
  assert.ok(await hasFocus(page, 'button'), 'the next one reaches the button')
  await page.keyboard.press('Enter')
  await page.waitForURL('**/upload')
}

function hasFocus(page: Page, selector: string): Promise<boolean> {
  return page.evaluate((wanted) => document.activeElement?.matches(`${wanted}:focus-visible`) ?? false, selector)
}

/** The lines are there character by character, look like it, and can be copied without their numbers. */
async function seesTheLines(page: Page): Promise<void> {
  const items = page.locator('ol > li')
  // A click does not wait for the page it leads to, and reading all of none would not either.
  await items.first().waitFor()
  assert.deepEqual(
    await items.allTextContents(),
    LINES.map((line) => `${line}\n`),
  )
  assert.equal(await page.getByRole('heading', { level: 1 }).innerText(), 'coat <i>&amp;.py')

  const seen = await items.evaluateAll((elements) =>
    elements.map((item) => {
      const range = document.createRange()
      range.selectNodeContents(item)
      const first = item.textContent?.search(/\S/) ?? -1
      if (item.firstChild && first >= 0) range.setStart(item.firstChild, first)
      const { height } = item.getBoundingClientRect()
      return { left: Math.round(range.getClientRects()[0]?.left ?? 0), height: Math.round(height) }
    }),
  )
  const [plain, tab, empty, , blanks, long] = seen
  assert.ok(plain && tab && empty && blanks && long)
  assert.ok(empty.height === plain.height, 'an empty line is as high as another')
  assert.ok(blanks.left > plain.left + 20 && tab.left > blanks.left, `indented: ${JSON.stringify(seen)}`)
  assert.ok(long.height > 2 * plain.height, 'a long line wraps')

  const copied = await page.evaluate(() => {
    const list = document.querySelector('ol')
    if (list) getSelection()?.selectAllChildren(list)
    return getSelection()?.toString()
  })
  assert.equal(copied?.trim(), LINES.join('\n').trim())
}

function fits(page: Page): Promise<boolean> {
  return page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)
}

/** Relative brightness of page and text, 0 black to 1 white. */
function brightness(page: Page): Promise<{ page: number; text: number }> {
  return page.evaluate(() => {
    const { backgroundColor, color } = getComputedStyle(document.body)
    const of = (text: string): number => {
      const [red = 0, green = 0, blue = 0] = (text.match(/[\d.]+/g) ?? []).map(Number)
      return (red + green + blue) / (3 * 255)
    }
    return { page: of(backgroundColor), text: of(color) }
  })
}
