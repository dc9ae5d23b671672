import { sessionCookie } from '../cookie/cookie.ts'
import type { CookieOptions } from '../cookie/cookie-rules.ts'
import { SessionError } from '../errors.ts'
import type { SessionsOptions } from '../options/options.ts'
import { environment as processEnvironment } from '../runtime/platform.ts'
import type { Store } from '../store.ts'
import { given } from '../stores/open-url.ts'
import { fromPrefixedEnv } from './environment.ts'
import { flaskKeys } from './keys.ts'
import { flaskSettings } from './settings.ts'
import type { FlaskNote, FlaskSettings } from './settings.ts'
import { openFlaskStore } from './store.ts'
import { timedelta } from './timedelta.ts'
import { isSessionType } from './types.ts'
import type { SessionType } from './types.ts'

/** What a configuration of Flask-Session comes to. */
export interface FlaskSessions {
  /** For `createSessions(options)`; spread it to set more. */
  readonly options: SessionsOptions & { readonly store: Store }
  /** Each setting that was accepted and has no effect here, or another one, with the reason. Empty is good news. */
  readonly notes: readonly FlaskNote[]
}

/**
 * Read the configuration of Flask and Flask-Session, every key of every version: `config` as `app.config` has it, and
 * over it the variables of `environment` that begin with `FLASK_`, as Flask's `from_prefixed_env()` reads them. Only
 * what is passed in is read: give `process.env` for the process's own.
 *
 * Keys of other libraries are left alone. `null` is None: as if left out. The store is opened as by `openStore()`; what
 * a URL opened is closed by `sessions.close()`, a client stays the application's. `docs/from-flask-session.md` says of
 * every key what becomes of it.
 *
 * @throws {@link SessionError} `bad_option` for an unknown `SESSION_` key, a value that cannot be, and a setting that
 * would be unsafe to ignore; what `openStore()` throws. No message quotes a secret or a URL.
 */
export async function fromFlaskConfig(
  config: Readonly<Record<string, unknown>>,
  environment: Readonly<Record<string, string | undefined>> = {},
): Promise<FlaskSessions> {
  const settings = flaskSettings(fromPrefixedEnv(environment, config))
  const { flag, text, value } = settings
  const type = typeOf(text('SESSION_TYPE'))
  const cookie = cookieOf(settings)
  // createSessions() would refuse it too, but by then the store is open.
  sessionCookie(cookie, processEnvironment('NODE_ENV') === 'production')
  const notes = [...settings.notes, ...notesOn(settings, type)]
  // Checked when the settings were read, so that this only passes it on.
  const lifetime = timedelta(value('PERMANENT_SESSION_LIFETIME')) ?? '31d'
  // Last, so that no refusal leaves a store open behind it.
  const store = await openFlaskStore(type, settings, (key, said) => notes.push({ key, text: said }))
  return { options: { store, lifetime, permanent: flag('SESSION_PERMANENT') ?? true, cookie }, notes }
}

function typeOf(text: string | undefined): SessionType {
  return text !== undefined && isSessionType(text) ? text : 'null'
}

function cookieOf({ flag, text }: FlaskSettings): CookieOptions {
  if (flag('SESSION_COOKIE_HTTPONLY') === false) {
    throw new SessionError(
      'bad_option',
      'SESSION_COOKIE_HTTPONLY is false; it can only be true, because a script that reads the cookie can send it away. ' +
        'Give scripts what they need in a response',
    )
  }
  return {
    name: text('SESSION_COOKIE_NAME') ?? 'session',
    ...given({
      secure: flag('SESSION_COOKIE_SECURE'),
      sameSite: sameSiteOf(text('SESSION_COOKIE_SAMESITE')),
      path: text('SESSION_COOKIE_PATH') ?? text('APPLICATION_ROOT'),
      domain: text('SESSION_COOKIE_DOMAIN'),
      partitioned: flag('SESSION_COOKIE_PARTITIONED'),
    }),
  }
}

function sameSiteOf(text: string | undefined): CookieOptions['sameSite'] {
  return text === 'lax' || text === 'strict' || text === 'none' ? text : undefined
}

function notesOn({ value }: FlaskSettings, type: SessionType): FlaskNote[] {
  const notes = Object.entries(flaskKeys).flatMap(([key, { types, same, why }]): FlaskNote[] => {
    const set = value(key)
    if (set === undefined) return []
    if (types && !types.includes(type)) return [{ key, text: `not read with SESSION_TYPE ${type}` }]
    return why === undefined || set === same ? [] : [{ key, text: why }]
  })
  if (value('SESSION_TYPE') === undefined)
    notes.push({ key: 'SESSION_TYPE', text: 'not set, and its default is null: sessions are switched off' })
  return notes
}
