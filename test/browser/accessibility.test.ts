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
  ['the lines of a file', (page) => uploadFile(page)],
  ['an upload refused, beside the last one', (page, url) => uploadNothing(page, url)],
  ['a cart', (page, url) => addCoat(page, url)],
  ['visits, with a notice', (page, url) => startAgain(page, url)],
  ['a name, with a notice', (page, url) => logIn(page, url)],
  ['my data, and the record', (page, url) => openRecord(page, url)],
]

suite('demo: accessible', { concurrency: 2 }, () => {
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

  // Colours are the same at every width.
  for (const [colorScheme, widths] of [
    ['light', [1280, 360]],
    ['dark', [360]],
  ] as const) {
    test(`axe finds nothing to complain about on any page, ${colorScheme}, ${widths.join(' and ')} pixels wide`, async () => {
      const context = await browser.newContext({ colorScheme })
      const page = await context.newPage()
      for (const [what, go] of STATES) {
        await go(page, demo.url)
        await page.locator(`html[data-bs-theme=${colorScheme}]`).waitFor()
        // As Playwright's own code: the page's policy forbids scripts that are not the site's.
        await page.evaluate(AXE)
        for (const width of widths) {
          await page.setViewportSize({ width, height: 800 })
          assert.deepEqual(await complaints(page), [], `${what}, ${width} pixels wide`)
          assert.ok(await fits(page), `${what}: nothing sticks out of a window ${width} pixels wide`)
        }
      }
      await context.close()
    })
  }

  test('axe does complain when there is something', async () => {
    const page = await browser.newPage()
    await page.goto(demo.url)
    await page.evaluate(() => document.querySelector('label')?.remove())
    await page.evaluate(AXE)
    assert.match((await complaints(page)).join('\n'), /^label: .* at #file$/m)
    await page.close()
  })
})

/** What every rule of axe's says, a line for each place. */
async function complaints(page: Page): Promise<string[]> {
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

async function uploadNothing(page: Page, url: string): Promise<void> {
  await page.goto(url)
  await click(page, 'Upload', page.getByRole('alert'))
}

async function addCoat(page: Page, url: string): Promise<void> {
  await page.goto(`${url}cart`)
  await click(page, 'Add Coat', page.getByText('Coat × 1'))
}

async function startAgain(page: Page, url: string): Promise<void> {
  await page.goto(`${url}visits`)
  await click(page, 'Start again', page.getByRole('status'))
}

async function openRecord(page: Page, url: string): Promise<void> {
  await page.goto(`${url}where`)
  await page.getByText('See the record').click()
}

async function logIn(page: Page, url: string): Promise<void> {
  await page.goto(`${url}name`)
  await page.getByLabel('Name').fill('Ada')
  await click(page, 'Log in', page.getByRole('status'))
}
