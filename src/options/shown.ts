/**
 * A value for the message of an error: its JSON; for what has none (a bigint, what refers to itself), its kind. Never
 * throws, because the error is about the value, and not about how it is shown.
 */
export function shown(value: unknown): string {
  try {
    return JSON.stringify(value) ?? typeof value
  } catch {
    return typeof value === 'bigint' ? `${value}n` : `a ${typeof value} that has no JSON`
  }
}
