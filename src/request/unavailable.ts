import { unsavedKeys } from './changes.ts'
import { SessionError } from '../errors.ts'
import type { Emit } from '../events/events.ts'
import type { SessionState } from './state.ts'

/**
 * The session of a request whose own could not be read (`onStoreError: 'anonymous'`): empty, nobody's, and never
 * saved, because whatever it would overwrite is still there. What asks for a save is refused: an answer that looks
 * like success would be worse than the outage (ASVS 5.0, 16.5.3: fail closed).
 */

/** Whether an error means that the store could not be asked, as opposed to misuse or a closed instance. */
export function isOutage(error: unknown): error is SessionError {
  return (
    error instanceof SessionError &&
    (error.code === 'store_failed' || error.code === 'store_timeout' || error.code === 'store_unusable')
  )
}

/** What answers `member`, when the session could not be read: `session_unavailable`. */
export function unavailability({ unavailable }: SessionState, member: string): SessionError | undefined {
  if (!unavailable) return undefined
  return new SessionError(
    'session_unavailable',
    `${member} needs the store, which failed when the request began (${unavailable.code}); test session.unavailable, ` +
      'and ask the visitor to try again',
    { cause: unavailable },
  )
}

/**
 * Throws when the application put something into such a session, whose commit does nothing otherwise. `dropped` is for
 * a response that failed anyway, whose changes nobody expects to find.
 */
export function commitUnavailable(state: SessionState, dropped: boolean, emit: Emit): void {
  if (dropped || !state.unavailable) return
  const beside = (['owner', 'note'] as const).filter((member) => state[member] !== undefined)
  const keys = [...unsavedKeys(state), ...beside.map((member) => `(${member})`)]
  if (keys.length === 0) return
  emit('refused', { keys }, state)
  throw unavailability(state, `saving ${keys.join(', ')}`)
}
