import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { after, before, suite, test } from 'node:test'
import type { AxeResults } from 'axe-core'
import type { Browser, Page } from 'playwright-core'
import { temporaryFolder } from '../demo/demo-process.ts'
import { serve } from '../demo/serve.ts'
import type { Served } from '../demo/serve.ts'
import { launchChromium } from './chromium.ts'

const AXE = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8')
const FILE = fileURLToPath(import.meta.url)

/** Every page in every state that looks different, and the way there from the one before. */
const STATES: readonly (readonly [what: string, go: (page: Page, url: string) => Promise<unknown>])[] = [
  ['my data, none yet', (page, url) => page.goto(`${url}where`)],
  ['no such page', (page, url) => page.goto(`${url}nothing-here`)],
  ['a name, none yet', (page, url) => page.goto(`${url}name`)],
  ['an upload, none yet', (page, url) => page.goto(url)],
  ['an upload refused', (page) => click(page, 'Upload', page.getByRole('alert'))],
  ['the lines of a file', (page) => uploadFile(page)],
  ['an upload that is there', (page, url) => page.goto(url)],
  ['an empty cart', (page, url) => page.goto(`${url}cart`)],
  ['a cart', (page) => click(page, 'Add Coat', page.getByText('Coat × 1'))],
  ['visits', (page, url) => page.goto(`${url}visits`)],
  ['visits, with a notice', (page) => click(page, 'Start again', page.getByRole('status'))],
  ['a name, with a notice', (page, url) => logIn(page, url)],
  ['my data', (page, url) => page.goto(`${url}where`)],
  ['my data, and the record', (page) => page.locator('summary').click()],
]

suite('demo: accessible', { concurrency: true }, () => {
  const folder = temporaryFolder()
  let browser: Browser
  let demo: Served
  before(async () => {
    demo = await serve({ SESSION_STORE: `file:${join(folder.path, 'sessions')}` })
    browser = await launchChromium()
  })
  after(async () => {
    await browser?.close()
    await demo?.stop()
    folder.remove()
  })

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1280, 360]) {
      test(`axe finds nothing to complain about on any page, ${colorScheme}, ${width} pixels wide`, async () => {
        const context = await browser.newContext({ colorScheme, viewport: { width, height: 800 } })
        const page = await context.newPage()
        for (const [what, go] of STATES) {
          await go(page, demo.url)
          await page.locator(`html[data-bs-theme=${colorScheme}]`).waitFor()
          assert.deepEqual(await complaints(page), [], what)
          assert.ok(await fits(page), `${what}: nothing sticks out of the window`)
        }
        await context.close()
      })
    }
  }

  test('axe does complain when there is something', async () => {
    const page = await browser.newPage()
    await page.goto(demo.url)
    await page.evaluate(() => document.querySelector('label')?.remove())
    assert.match((await complaints(page)).join('\n'), /^label: .* at #file$/m)
    await page.close()
  })
})

/** What every rule of axe's says, a line for each place. */
async function complaints(page: Page): Promise<string[]> {
  // As Playwright's own code: the page's policy forbids scripts that are not the site's.
  await page.evaluate(AXE)
  const { violations } = await page.evaluate(async (): Promise<AxeResults> => {
    const axe: unknown = Reflect.get(globalThis, 'axe')
    return (axe as { run(): Promise<AxeResults> }).run()
  })
  return violations.flatMap(({ id, help, nodes }) => nodes.map(({ target }) => `${id}: ${help} at ${target.join(' ')}`))
}

function fits(page: Page): Promise<boolean> {
  return page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)
}

async function click(page: Page, button: string, until: ReturnType<Page['getByText']>): Promise<void> {
  await page.getByRole('button', { name: button }).click()
  await until.waitFor()
}

async function uploadFile(page: Page): Promise<void> {
  await page.getByLabel('Text file').setInputFiles(FILE)
  await click(page, 'Upload', page.locator('.lines'))
}

async function logIn(page: Page, url: string): Promise<void> {
  await page.goto(`${url}name`)
  await page.getByLabel('Name').fill('Ada')
  await click(page, 'Log in', page.getByRole('status'))
}
