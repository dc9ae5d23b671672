import { warn } from './platform.ts'
import type { Winner } from './merge.ts'

/**
 * What happened, for logs and metrics. `id` is the public handle of a session: no event, error or log ever holds a
 * token.
 */
export interface SessionEvents {
  /** A session got its first record. */
  created: { readonly id: string }
  /** A session moved to a new ID. */
  regenerated: { readonly id: string; readonly from: string }
  /** `session.destroy()` removed it. */
  destroyed: { readonly id: string }
  /** `sessions.revoke()` or `revokeAll()` removed it. */
  revoked: { readonly id: string }
  /** Two requests changed one key; `winner` says which change stayed. */
  conflict: { readonly id: string; readonly key: string; readonly winner: Winner }
  /** Changes were dropped, because the session ended while the request ran. No cookie was sent. */
  gone: { readonly id: string; readonly reason: EndReason; readonly keys: readonly string[] }
  /** A cookie of ours was not honoured: `unknown` also covers expired, `unreadable` a foreign or damaged record. */
  rejected: { readonly reason: 'malformed' | 'unknown' | 'unreadable'; readonly id?: string; readonly detail?: string }
  /** Data changed after the response head had left; it was not saved. `await session.save()` is for that. */
  late: { readonly id: string; readonly keys: readonly string[] }
  /** A Secure cookie was due on a plain connection and was not sent. */
  withheld: { readonly id: string }
  /** A sweep removed dead records. */
  swept: { readonly removed: number }
  /** A store call failed or did not answer in time. */
  storeError: { readonly operation: string; readonly error: unknown }
}

/** Why a session can no longer be written. */
export type EndReason = 'destroyed' | 'gone' | 'superseded'

/** Called synchronously, in order of registration. */
export type Listener<Name extends keyof SessionEvents> = (event: SessionEvents[Name]) => void

/** Report one event. */
export type Emit = <Name extends keyof SessionEvents>(name: Name, event: SessionEvents[Name]) => void

type AnyListener = (event: never) => unknown

/** A typed emitter; the platform's own differ too much between runtimes. */
export function createEvents(): {
  readonly emit: Emit
  readonly on: <Name extends keyof SessionEvents>(name: Name, listener: Listener<Name>) => () => void
} {
  const listeners = new Map<keyof SessionEvents, Set<AnyListener>>()
  return {
    emit: (name, event) => {
      for (const listener of listeners.get(name) ?? []) {
        try {
          // `on` files a listener under its own name only, which TypeScript cannot see through the map.
          // oxlint-disable-next-line typescript/no-unsafe-type-assertion
          const result = listener(event as never)
          // An async function passes for a listener, and its rejection would take the process down.
          if (result instanceof Promise) result.catch((error: unknown) => warnOfListener(name, error))
        } catch (error) {
          warnOfListener(name, error)
        }
      }
    },
    on: (name, listener) => {
      const set = listeners.get(name) ?? new Set()
      listeners.set(name, set.add(listener))
      return () => set.delete(listener)
    },
  }
}

/** A broken log line must not cost a visitor the request; it must not vanish either. */
function warnOfListener(name: string, error: unknown): void {
  warn('COATCHECK_LISTENER', `a listener for the session event "${name}" threw: ${String(error)}`)
}
