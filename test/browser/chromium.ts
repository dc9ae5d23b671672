import { chromium } from 'playwright-core'
import type { Browser } from 'playwright-core'
import { ensureChromium } from '../../scripts/ensure-chromium.ts'

/**
 * A real Chromium, without window. Its own sandbox refuses to work for root, whom tests in containers usually are;
 * it loads pages of our own alone. The other flags keep it from calling home, so that it needs no network.
 */
export function launchChromium(): Promise<Browser> {
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  return chromium.launch({
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
  })
}
