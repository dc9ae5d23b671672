import type { Duration } from '../options/duration.ts'

/** Milliseconds of each argument of Python's `timedelta`. */
const PART_MS: Readonly<Record<string, number>> = {
  weeks: 604_800_000,
  days: 86_400_000,
  hours: 3_600_000,
  minutes: 60_000,
  seconds: 1000,
  milliseconds: 1,
}

const ISO =
  /^P(?:(?<weeks>\d+)W)?(?:(?<days>\d+)D)?(?:T(?:(?<hours>\d+)H)?(?:(?<minutes>\d+)M)?(?:(?<seconds>\d+(?:\.\d+)?)S)?)?$/i
const PRINTED = /^(?:(?<days>\d+) days?, )?(?<hours>\d{1,2}):(?<minutes>\d\d):(?<seconds>\d\d(?:\.\d+)?)$/
const SECONDS = /^(?<seconds>\d+)$/

/**
 * A length of time as Flask's configuration has it: a number of seconds, or a `timedelta` in one of the shapes it takes
 * outside Python: its arguments (`{ days: 31 }`), what `str()` prints (`31 days, 0:00:00`), or ISO 8601 (`P31D`,
 * `PT12H`). Undefined for anything else and for nothing or less.
 */
export function timedelta(value: unknown): Duration | undefined {
  const ms = typeof value === 'number' ? value * 1000 : millisecondsOf(partsOf(value))
  // Beyond a thousand years no option accepts it, and JavaScript would write it with an exponent.
  return ms >= 1 && ms <= 1000 * 366 * 86_400_000 ? `${Math.round(ms)}ms` : undefined
}

function partsOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'string') {
    const text = value.trim()
    return (ISO.exec(text) ?? PRINTED.exec(text) ?? SECONDS.exec(text))?.groups ?? {}
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

/** Not a number when a part has a name or a value that `timedelta` would not take. */
function millisecondsOf(parts: Readonly<Record<string, unknown>>): number {
  return Object.entries(parts)
    .filter(([, amount]) => amount !== undefined)
    .reduce((sum, [name, amount]) => {
      const unit = Object.hasOwn(PART_MS, name) ? PART_MS[name] : undefined
      // Of anything but a number and a text of one, Number() makes what nobody meant, or throws.
      const count = typeof amount === 'number' || typeof amount === 'string' ? Number(amount) : Number.NaN
      return sum + count * (unit ?? Number.NaN)
    }, 0)
}
