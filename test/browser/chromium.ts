import { chromium } from 'playwright-core'
import type { Browser, BrowserContext, LaunchOptions } from 'playwright-core'
import { ensureChromium } from '../../scripts/ensure-chromium.ts'

/** A real Chromium, without window. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch(options())
}

/**
 * The same with a profile on disk: what a person's browser keeps when it is closed and opened again. Close the context
 * to close the browser.
 */
export function launchProfile(folder: string): Promise<BrowserContext> {
  return chromium.launchPersistentContext(folder, options())
}

/**
 * Chromium's own sandbox refuses to work for root, whom tests in containers usually are; it loads pages of our own
 * alone. The other flags keep it from calling home, so that it needs no network.
 */
function options(): LaunchOptions {
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  return {
    executablePath: ensureChromium(),
    args: [
      ...sandbox,
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  }
}
