import type { Backend, Missing } from './backend.ts'
import { decisionFor, unsavedKeys } from '../request/changes.ts'
import type { Decision } from '../request/changes.ts'
import { decodeData, encodeData } from '../record/codec.ts'
import type { Draft } from './compare-and-set.ts'
import { SessionError } from '../errors.ts'
import type { DestroyReason, Emit } from '../events/events.ts'
import { beganAt, isOver } from '../request/lifetime.ts'
import { keepsNothing } from './new-id.ts'
import type { Policy } from '../options/options.ts'
import { draft, end, follow } from './record-writer.ts'
import { carriedLines } from './regenerate-record.ts'
import { reportWithheld } from '../request/respond.ts'
import type { Seal } from '../sealing/seal.ts'
import { checkSize, sealedText, unsealedText } from './sealed-record.ts'
import { earnedDeadline, origin, plan } from '../request/state.ts'
import type { SessionState, StoredState } from '../request/state.ts'
import { drawTicket, ticketFor } from '../cookie/token.ts'
import { applied } from './update-record.ts'
import type { Change } from './update-record.ts'
import { membersOf, NOBODYS, wanted } from '../request/wanted.ts'
import type { Wanted } from '../request/wanted.ts'

/** What stands for a version where nothing is compared: whether the current key sealed the record, or an older one. */
const [CURRENT, OLDER] = ['current key', 'older key']

/**
 * Sessions inside the visitors' cookies: nothing is kept here, so nothing can be compared, listed or taken back. What
 * a store decides between requests, the last response to arrive decides here.
 */
export function cookieBackend(seal: () => Promise<Seal>, policy: Policy, emit: Emit): Backend {
  const context = { policy, emit }

  async function find(token: string): Promise<StoredState | Missing> {
    const opened = await (await seal()).open(token)
    if (!opened) return { missing: 'signature', id: (await ticketFor(token)).id, detail: 'no key opens it' }
    const inside = unsealedText(opened.text)
    if ('unreadable' in inside) {
      return { missing: 'unreadable', id: (await ticketFor(token)).id, detail: inside.unreadable }
    }
    const { token: inner, ...record } = inside
    const ticket = await ticketFor(inner)
    if (isPast(record)) return { missing: 'expired', id: ticket.id, owner: record.owner }
    return { ...record, ticket, version: opened.current ? CURRENT : OLDER }
  }

  function isPast({ head, expiresAt }: Pick<Draft, 'head' | 'expiresAt'>): boolean {
    return isOver({ now: policy.clock.now(), createdAt: beganAt(head), absolute: policy.absolute }, expiresAt)
  }

  async function save(
    state: SessionState,
    failed: boolean,
    { action, lines }: Decision = decisionFor(state, policy, failed),
  ): Promise<void> {
    const from = origin(state)
    if (action === 'nothing' && !isStale(state)) return
    if (from && isPast(from)) return end(context, state, 'gone', failed ? [] : unsavedKeys(state))
    // A push is for the next visit to make; whatever else is to be saved is lost, and that must be said.
    if (state.headGone && action === 'touch') return
    if (state.headGone) throw tooLate('save()')
    if (!state.mayIssue) return reportWithheld(state, policy, emit)

    let want = wanted(state, failed, lines)
    if (failed && state.retiring) {
      want = { ...want, lines: carriedLines(want.lines, state.keep), ...(keepsNothing(state.keep) && NOBODYS) }
    }
    await issue(state, want, from)
    if (action === 'create') emit('created', { id: idOf(state), owner: want.owner }, state)
    if (action === 'regenerate' && from) {
      emit('regenerated', { id: idOf(state), owner: want.owner, from: from.ticket.id }, state)
    }
  }

  async function issue(state: SessionState, want: Wanted, from: StoredState | undefined): Promise<void> {
    const expiresAt = state.stored
      ? plan(state, policy, state.stored.expiresAt, want.permanent).expiresAt
      : earnedDeadline(state, policy, want.permanent)
    const record = draft(context, state, want, from?.head, expiresAt)
    if (policy.validation) await policy.validation.check(record.lines)
    const ticket = state.ticket ?? (await drawTicket(policy.randomBytes))
    const value = await (await seal()).make(sealedText(ticket.token, record))
    checkSize(policy.cookie.name, value, record.lines)
    state.ticket = ticket
    state.stored = { ...record, ticket, version: CURRENT }
    state.retiring = undefined
    state.cookieValue = value
    state.cookieDue = 'issue'
  }

  async function update(state: SessionState, change: Change): Promise<void> {
    if (state.headGone) throw tooLate('update()')
    const before = encodeData(state.data)
    const after = applied(change, before)
    state.dataAsked = true
    follow(state.data, before, after)
    try {
      await save(state, false)
    } catch (error) {
      // Whoever catches a cookie that is too large goes on with the data as it was.
      follow(state.data, after, before)
      throw error
    }
  }

  /** Nothing newer can exist, so this is the way back to what the request began with, or saved last. */
  async function reload(state: SessionState): Promise<boolean> {
    const { stored } = state
    if (!stored) return false
    if (isPast(stored)) {
      end(context, state, 'gone', [])
      state.data = decodeData(state.blank)
      return false
    }
    Object.assign(state, membersOf(stored))
    state.data = decodeData(stored.lines)
    return true
  }

  async function destroy(state: SessionState, reason: DestroyReason): Promise<void> {
    const from = origin(state)
    if (state.headGone && from) throw tooLate('destroy()')
    state.data = decodeData(state.blank)
    state.stored = undefined
    state.retiring = undefined
    state.ended = 'destroyed'
    state.cookieDue = state.presented ? 'clear' : undefined
    if (from) emit('destroyed', { id: from.ticket.id, owner: from.owner, reason }, state)
  }

  return {
    find,
    save,
    update,
    reload,
    destroy,
    due(state, failed) {
      const decision = decisionFor(state, policy, failed)
      return decision.action === 'nothing' && !isStale(state) ? undefined : decision
    },
    unsaved: unsavedKeys,
    lateAdvice: 'these sessions are in cookies, so change them before the response begins',
    description: [
      'Sessions are kept in the cookies of the visitors, in 4096 bytes at most.',
      'Of two responses that change one session, the browser keeps the last.',
      'A session cannot be listed or revoked; destroy() deletes the cookie, and a copy of it lives until its deadline.',
    ],
  }
}

/** What an older key sealed is sealed anew at the first chance, so that the old key can go some day. */
function isStale({ stored, mayIssue }: SessionState): boolean {
  return stored?.version === OLDER && mayIssue
}

function idOf({ ticket }: SessionState): string {
  return ticket?.id ?? ''
}

function tooLate(member: string): SessionError {
  return new SessionError(
    'cookie_too_late',
    `the cookie holds the whole session; call ${member} before the response begins, or keep sessions in a store`,
  )
}
