import { createSessions, SessionError } from 'coatcheck'
import type { Sessions, SessionsOptions, Store } from 'coatcheck'
import { fromFlaskConfig } from 'coatcheck/flask'
import { openStore } from 'coatcheck/stores'
import { flaskProblem, storeProblem, withoutSecrets } from './config.ts'
import type { Config, Environment } from './config.ts'
import type { DemoData } from './data.ts'
import { placeOfFlask, placeOfUrl } from './place.ts'
import type { Place } from './place.ts'

/** The sessions, and what the page about their whereabouts needs besides. */
export interface KeptSessions {
  readonly sessions: Sessions<DemoData>
  readonly store: Store
  readonly place: Place
  /** For the log: where sessions are kept, and what is worth knowing about the settings. */
  readonly notes: readonly string[]
}

/** Open what the settings name: a store by its URL, or what Flask's variables say. */
export async function openSessions({ store: kept, lifetime, sweepEvery, permanent }: Config): Promise<KeptSessions> {
  if ('flask' in kept) return openFlask(kept.flask, { sweepEvery, ...(lifetime ? { lifetime } : {}) })
  try {
    const store = await openStore(kept.url)
    const sessions = createSessions<DemoData>({ store, sweepEvery, permanent, ...(lifetime ? { lifetime } : {}) })
    const notes = [`Sessions are kept in ${withoutSecrets(kept.url)} (SESSION_STORE).`]
    return { sessions, store, place: placeOfUrl(kept.url), notes }
  } catch (error) {
    throw error instanceof SessionError ? storeProblem(kept.url, error) : error
  }
}

async function openFlask(env: Environment, more: SessionsOptions): Promise<KeptSessions> {
  // It reads the environment as Flask does: variables with a prefix, and values in JSON.
  const prefixed = Object.fromEntries(Object.entries(env).map(([name, text]) => [`FLASK_${name}`, text]))
  try {
    const { options, notes } = await fromFlaskConfig({}, prefixed)
    const sessions = createSessions<DemoData>({ ...options, ...more })
    const place = placeOfFlask(env)
    const kept = `Sessions are kept in ${place.words} (SESSION_TYPE).`
    return { sessions, store: options.store, place, notes: [kept, ...notes.map(({ key, text }) => `${key}: ${text}`)] }
  } catch (error) {
    throw error instanceof SessionError ? flaskProblem(error) : error
  }
}
