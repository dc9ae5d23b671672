import { SessionError } from '../errors.ts'
import { shown } from './shown.ts'

/**
 * A length of time with its unit: `'90s'`, `'30m'`, `'12h'`, `'31d'`. Numbers are refused, because the field counts
 * both ways: Flask in seconds, Express in milliseconds.
 */
export type Duration = `${number}${Unit}`

type Unit = 'ms' | 's' | 'm' | 'h' | 'd' | 'w'

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

const SHAPE = /^(\d+(?:\.\d+)?)(ms|s|m|h|d|w)$/

/** Check text from outside (an environment variable) so that it can be used as an option. Throws `bad_option`. */
export function duration(text: string, name = 'duration'): Duration {
  milliseconds(text, name)
  // Checked in the line above: TypeScript cannot follow a regular expression into a template type.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return text as Duration
}

/** Milliseconds of an option called `name`; anything that is not a positive duration throws `bad_option`. */
export function milliseconds(value: unknown, name: string): number {
  const match = typeof value === 'string' ? SHAPE.exec(value) : null
  // Rounded before it is judged: a positive duration that rounds to none would end every session at its beginning.
  const amount = Math.round(Number(match?.[1]) * (UNIT_MS[match?.[2] ?? ''] ?? Number.NaN))
  // A thousand years: beyond it dates stop being dates, and some stores stop keeping them.
  if (amount > 0 && amount <= 1000 * 366 * 86_400_000) return amount
  const given = typeof value === 'number' ? `the number ${value}, which has no unit` : shown(value)
  throw new SessionError('bad_option', `${name} is ${given}; write a duration like '90s', '30m', '12h' or '31d'`)
}

/** A duration in words, in the largest unit that fits exactly: `31 days`. */
export function inWords(ms: number): string {
  const units: readonly [string, string][] = [
    ['d', 'day'],
    ['h', 'hour'],
    ['m', 'minute'],
    ['s', 'second'],
  ]
  for (const [unit, word] of units) {
    const count = ms / (UNIT_MS[unit] ?? 1)
    if (count >= 1 && Number.isInteger(count)) return `${count} ${word}${count === 1 ? '' : 's'}`
  }
  return `${ms} millisecond${ms === 1 ? '' : 's'}`
}
