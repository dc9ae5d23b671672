/**
 * How clients say that a connection broke under a call: the operating system's codes; SQLSTATE 57P01 and 57P02
 * (PostgreSQL ends its connections for a restart, or after a crash); mysql2, postgres.js.
 */
const CODES: ReadonlySet<unknown> = new Set([
  'ECONNRESET',
  'EPIPE',
  '57P01',
  '57P02',
  'PROTOCOL_CONNECTION_LOST',
  'CONNECTION_CLOSED',
])

/** pg, and node-redis: they have a code or a name for others only. */
const MESSAGES = /^(?:Connection terminated|Socket closed) unexpectedly$/

/** A cause that is its own cause would never end. */
const DEEPEST = 5

/**
 * Whether an error, or what caused it, means that the connection broke while a call was under way: then a new
 * connection may well work at once. Nothing that takes its time (no answer), and nothing that would only happen again
 * (refused, not found, no right) counts.
 */
export function isBrokenConnection(error: unknown): boolean {
  let cause = error
  for (let depth = 0; depth < DEEPEST && cause instanceof Error; depth += 1) {
    if (MESSAGES.test(cause.message) || ('code' in cause && CODES.has(cause.code))) return true
    cause = cause.cause
  }
  return false
}
