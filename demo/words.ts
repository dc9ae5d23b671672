/** How the pages put numbers and times. */

/** `1 line`, `2,000 lines`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString('en')} ${number === 1 ? one : many}`
}

const inUtc = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' })

/** `22 November 2026 at 09:30 UTC`; a number is Unix ms. */
export function moment(at: Date | number): string {
  return `${inUtc.format(at)} UTC`
}

/** For the `datetime` of a time element. */
export function machine(at: Date | number): string {
  return new Date(at).toISOString()
}

const STEPS = [
  [86_400_000, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
  [1000, 'second'],
] as const

/** How long it is from now until `at`, roughly: `31 days`, `1 minute`, `less than a second`. */
export function left(at: number, now: number = Date.now()): string {
  for (const [ms, unit] of STEPS) if (at - now >= ms) return count(Math.round((at - now) / ms), unit)
  return 'less than a second'
}
