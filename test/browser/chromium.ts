import { chromium } from 'playwright-core'
import type { Browser, BrowserContext, BrowserContextOptions, LaunchOptions } from 'playwright-core'
import { ensureChromium } from '../../scripts/ensure-chromium.ts'

/** A real Chromium, without window; `args` are further flags. */
export function launchChromium(args: readonly string[] = []): Promise<Browser> {
  return chromium.launch(options(args))
}

/**
 * The same with a profile on disk: what a person's browser keeps when it is closed and opened again, where
 * `newContext()` gives a private window. Close the context to close the browser.
 */
export function launchProfile(
  folder: string,
  args: readonly string[] = [],
  context: BrowserContextOptions = {},
): Promise<BrowserContext> {
  return chromium.launchPersistentContext(folder, { ...options(args), ...context })
}

/**
 * Chromium's own sandbox refuses to work for root, whom tests in containers usually are; it loads pages of our own
 * alone. The other flags keep it from calling home, so that it needs no network.
 */
function options(args: readonly string[]): LaunchOptions {
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
      ...args,
    ],
  }
}
