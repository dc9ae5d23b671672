import { duration, SessionError } from 'coatcheck'
import type { Duration } from 'coatcheck'

/** Variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>

/** What the environment says about the demo. */
export interface Config {
  /** For `openStore`; or, when `SESSION_TYPE` is set and `SESSION_STORE` is not, keys for `fromFlaskConfig`. */
  readonly store: { readonly url: string } | { readonly flask: Environment }
  /** Idle lifetime; undefined leaves it to Flask's keys. */
  readonly lifetime: Duration | undefined
  /** How often dead records are swept. */
  readonly sweepEvery: Duration
  /** Whether the cookie outlives the browser window. */
  readonly permanent: boolean
  /** 0 for any free one. */
  readonly port: number
}

/** The demo cannot start as it is set up. The message is for the person who set it up, and is all they need. */
export class SetupError extends Error {
  override readonly name = 'SetupError'
}

/**
 * Read the environment. A variable that is unset or empty has its default.
 *
 * @throws {@link SetupError} naming the variable, its value and what is allowed.
 */
export function readConfig(env: Environment): Config {
  const value = (name: string, otherwise: string): string => env[name] || otherwise
  const isFlask = !env['SESSION_STORE'] && Boolean(env['SESSION_TYPE'])
  return {
    store: isFlask ? { flask: flaskKeys(env) } : { url: value('SESSION_STORE', 'file:.sessions') },
    lifetime: isFlask && !env['SESSION_LIFETIME'] ? undefined : readDuration('SESSION_LIFETIME', env, '31d'),
    sweepEvery: readDuration('SESSION_SWEEP_EVERY', env, '5m'),
    permanent: readFlag('SESSION_PERMANENT', value('SESSION_PERMANENT', 'true')),
    port: readPort(value('PORT', '3000')),
  }
}

/** What to say about a store that could not be opened. Passwords in its URL are not repeated. */
export function storeProblem(url: string, error: SessionError): SetupError {
  return new SetupError(`SESSION_STORE is ${shown(withoutSecrets(url))}. ${error.message}`)
}

/** What to say about keys of Flask's that cannot be. The message names them and quotes no secret. */
export function flaskProblem(error: SessionError): SetupError {
  return new SetupError(`SESSION_TYPE is set, so Flask's variables decide where sessions are. ${error.message}`)
}

/** Flask's variables, and no others: it would refuse those of ours, because they look like its own. */
function flaskKeys(env: Environment): Environment {
  const isKey =
    /^(SESSION_(?!STORE$|LIFETIME$|SWEEP_EVERY$)|SQLALCHEMY_|SECRET_KEY|APPLICATION_ROOT$|PERMANENT_SESSION_)/
  return Object.fromEntries(Object.entries(env).filter(([name, text]) => isKey.test(name) && text))
}

function readDuration(name: string, env: Environment, otherwise: Duration): Duration {
  const text = env[name] || otherwise
  try {
    return duration(text)
  } catch (error) {
    if (!(error instanceof SessionError)) throw error
    throw invalid(name, text, "a duration like '90s', '30m', '12h' or '31d', at most a thousand years")
  }
}

function readFlag(name: string, text: string): boolean {
  if (text !== 'true' && text !== 'false') throw invalid(name, text, "'true' or 'false'")
  return text === 'true'
}

function readPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (port <= 65_535) return port
  throw invalid('PORT', text, 'a whole number from 1 to 65535, or 0 for any free port')
}

function invalid(name: string, text: string, allowed: string): SetupError {
  return new SetupError(`${name} is ${shown(text)}; it must be ${allowed}.`)
}

function shown(text: string): string {
  return JSON.stringify(text.length <= 200 ? text : `${text.slice(0, 200)}…`)
}

/** A store's URL for people to read: whatever stands before an @ or behind a ? may be a password. */
export function withoutSecrets(url: string): string {
  return url.replace(/\/\/.*@/s, '//***@').replace(/\?.*/s, '?***')
}
