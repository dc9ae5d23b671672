import type { Backend } from '../backend/backend.ts'
import type { Decision } from './changes.ts'
import { destroySession } from '../backend/destroy-session.ts'
import { SessionError } from '../errors.ts'
import { signIn, signOut, takeNewId } from '../backend/new-id.ts'
import type { Policy } from '../options/options.ts'
import type { SessionVerbs } from '../session.ts'
import { earnedDeadline } from './state.ts'
import type { SessionState } from './state.ts'
import { drawTicket } from '../cookie/token.ts'
import type { Ticket } from '../cookie/token.ts'
import { unavailability } from './unavailable.ts'

/** The members of a session that may wait for the store, and the commit, which is the last of them. */
export interface Verbs extends SessionVerbs {
  commit(state: SessionState, failed: boolean, decided: Decision | undefined): Promise<void>
  /** Resolves once none of them is under way, for any session. */
  idle(): Promise<void>
}

/**
 * Bind a session's members to a back end. Within one session they take turns, awaited or not. Once `isClosed`, they
 * reject with `closed`; those that began before go on.
 */
export function sessionVerbs(backend: Backend, policy: Policy, isClosed: () => boolean): Verbs {
  const underWay = new Set<Promise<unknown>>()

  function inTurn<Result>(state: SessionState, member: string, task: () => Promise<Result>): Promise<Result> {
    const refusal = unavailability(state, member)
    if (refusal) return Promise.reject(refusal)
    if (isClosed()) {
      return Promise.reject(new SessionError('closed', 'await close() after the last request is answered'))
    }
    const run = state.tail ? state.tail.then(task) : task()
    const tail: Promise<void> = run.then(settled, settled)
    function settled(): void {
      underWay.delete(tail)
      if (state.tail === tail) state.tail = undefined
    }
    underWay.add(tail)
    state.tail = tail
    return run
  }

  return {
    commit: (state, failed, decided) => inTurn(state, 'the commit', () => backend.save(state, failed, decided)),

    save: (state) =>
      inTurn(state, 'save()', async () => {
        alive(state)
        await backend.save(state, false)
        // The save itself may have found the session gone; whoever asked for it by name is told.
        alive(state)
      }),

    update: (state, change) =>
      inTurn(state, 'update()', async () => {
        alive(state)
        await backend.update(state, change)
        alive(state)
      }),

    reload: (state) => inTurn(state, 'reload()', () => backend.reload(state)),

    destroy: (state) => inTurn(state, 'destroy()', () => destroySession(state, backend, 'destroyed')),

    regenerate: (state, keep) => inTurn(state, 'regenerate()', () => takeNewId(state, policy, keep)),

    login: (state, owner, options) =>
      inTurn(state, 'login()', async () => {
        await signIn(state, backend, policy, { owner, ...options })
        // Of two sign-ins at once one moves the session: the other has nothing to do, and nothing failed.
        if (state.ended !== 'superseded') alive(state)
      }),

    logout: (state) => inTurn(state, 'logout()', () => signOut(state, backend, policy)),

    now: () => policy.clock.now(),

    async idle() {
      while (underWay.size > 0) await Promise.all(underWay)
    },

    idOf(state) {
      state.ticket ??= drawnAtOnce(policy)
      return state.ticket.id
    },

    expiresAt: (state) => state.stored?.expiresAt ?? earnedDeadline(state, policy, state.permanent),
  }
}

function alive(state: SessionState): void {
  if (!state.ended) return
  throw new SessionError('session_ended', `it is ${WORDS[state.ended]}; open a new one with the next request`)
}

const WORDS = {
  destroyed: 'destroyed',
  gone: 'gone (destroyed elsewhere, revoked or expired)',
  superseded: 'replaced by a newer ID',
  ambiguous: 'not to be told from another, whose cookie was sent as well',
} as const

function drawnAtOnce(policy: Policy): Ticket {
  const ticket = drawTicket(policy.randomBytes)
  // Where hashing is not immediate the ticket was drawn when the session was opened.
  if ('then' in ticket) throw new SessionError('bad_option', 'session.id was read before the session was opened')
  return ticket
}
