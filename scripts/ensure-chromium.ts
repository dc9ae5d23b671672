import { existsSync } from 'node:fs'
import { ensureCommand, findCommand } from './debian.ts'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'] as const
const PLACES = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
] as const

/**
 * The path of a Chromium or Chrome for playwright-core's `executablePath`: what `CHROMIUM_PATH` names, else one that
 * is already there, else Debian's, installed now. Throws with the command to run when none of these works.
 */
export function ensureChromium(): string {
  const named = process.env['CHROMIUM_PATH']
  if (named !== undefined && named !== '') {
    if (!existsSync(named)) throw new Error(`CHROMIUM_PATH names ${named}, which does not exist`)
    return named
  }
  const installed = NAMES.map(findCommand).find((path) => path !== null) ?? PLACES.find(existsSync)
  return installed ?? ensureCommand('chromium', ['chromium'])
}
