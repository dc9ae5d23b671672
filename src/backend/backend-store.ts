import type { Backend, Missing } from './backend.ts'
import { decisionFor, unsavedKeys } from '../request/changes.ts'
import type { Decision } from '../request/changes.ts'
import { decodeData, encodeData } from '../record/codec.ts'
import {
  compareAndSet,
  followRenewal,
  readAgain,
  readExpired,
  readRecord,
  SUPERSEDED_MS,
  supersededDraft,
  understand,
} from './compare-and-set.ts'
import type { Draft, NoRecord } from './compare-and-set.ts'
import type { DestroyReason, Emit } from '../events/events.ts'
import type { Policy } from '../options/options.ts'
import { admitChanged } from '../owners/owner-limit.ts'
import type { KeyedQueue } from './queue.ts'
import { createRecord, end, follow, saveChanges, touchRecord } from './record-writer.ts'
import type { WriteContext } from './record-writer.ts'
import { regenerateRecord } from './regenerate-record.ts'
import { renewRecord } from './renew-record.ts'
import { settleBy } from '../record/settle.ts'
import { adopt, origin } from '../request/state.ts'
import type { SessionState, StoredState } from '../request/state.ts'
import type { Store } from '../store.ts'
import { ticketFor } from '../cookie/token.ts'
import type { Ticket } from '../cookie/token.ts'
import { applied, updateRecord } from './update-record.ts'
import type { Change } from './update-record.ts'
import { membersOf } from '../request/wanted.ts'

/** Sessions as records in a store: reading, and carrying out what `decide` says. */
export function storeBackend(store: Store, policy: Policy, emit: Emit, queue: KeyedQueue): Backend {
  const context: WriteContext = { store, policy, emit, queue, settle: settleBy(policy.onConflict) }

  async function find(token: string): Promise<StoredState | Missing> {
    const hashing = ticketFor(token)
    const ticket = 'then' in hashing ? await hashing : hashing
    const now = policy.clock.now()
    const reading = understand(await store.read(ticket.id, now), policy, ticket, now)
    return 'missing' in reading ? findFurther(ticket, reading) : reading
  }

  async function findFurther(ticket: Ticket, reading: NoRecord): Promise<StoredState | Missing> {
    const further =
      reading.missing === 'unknown' && emit.heard('expired')
        ? await readExpired(store, policy, ticket)
        : await followRenewal(store, policy, ticket, reading)
    return 'missing' in further ? { ...further, id: ticket.id } : further
  }

  function save(
    state: SessionState,
    failed: boolean,
    { action, lines }: Decision = decisionFor(state, policy, failed),
  ): Promise<void> {
    const { stored, retiring } = state
    if (action === 'create') return createRecord(context, state, lines)
    if (action === 'regenerate' && retiring) return regenerateRecord(context, state, retiring, failed)
    if (action === 'renew' && stored && policy.renewal) return renewRecord(context, state, stored, policy.renewal.grace)
    if (action === 'update' && stored) return saveChanges(context, state, stored, failed, lines)
    if (action === 'touch' && stored) return touchRecord(context, state, stored)
    return Promise.resolve()
  }

  async function update(state: SessionState, change: Change): Promise<void> {
    if (state.retiring) await save(state, false)
    const { stored } = state
    if (stored) {
      await updateRecord(context, state, stored, change)
      return admitChanged(context, state, stored)
    }
    const before = encodeData(state.data)
    follow(state.data, before, applied(change, before))
    return save(state, false)
  }

  async function reload(state: SessionState): Promise<boolean> {
    if (!state.stored) return false
    const newest = await readAgain(store, policy, state.stored.ticket)
    if ('missing' in newest) {
      end(context, state, newest.missing === 'superseded' ? 'superseded' : 'gone', [])
      state.data = decodeData(state.blank)
      return false
    }
    adopt(state, newest)
    Object.assign(state, membersOf(newest))
    state.data = decodeData(newest.lines)
    return true
  }

  /**
   * Supersede by compare-and-set, then delete. The plain delete alone could not tell a live record from one that a
   * login has just moved away from, and its cookie deletion would then overwrite the new cookie.
   */
  async function destroy(state: SessionState, reason: DestroyReason): Promise<void> {
    const from = origin(state)
    state.data = decodeData(state.blank)
    state.cookieDue = undefined
    if (from) {
      const supersede = (current: StoredState): Draft => supersededDraft(current, policy.clock.now() + SUPERSEDED_MS)
      // A session is ended whether or not this version can decode what is in it.
      const outcome = await queue.run(from.ticket.id, () =>
        compareAndSet(store, policy, from, supersede, { read: readRecord }),
      )
      if (typeof outcome === 'string') return end(context, state, outcome, [])
      await store.delete(outcome.ticket.id)
      emit('destroyed', { id: outcome.ticket.id, owner: from.owner, reason }, state)
    }
    state.ended = 'destroyed'
    state.stored = undefined
    state.retiring = undefined
    if (state.presented) state.cookieDue = 'clear'
  }

  return {
    find,
    save,
    update,
    reload,
    destroy,
    due(state, failed) {
      const decision = decisionFor(state, policy, failed)
      return decision.action === 'nothing' ? undefined : decision
    },
    unsaved: unsavedKeys,
    lateAdvice: 'call await session.save() for changes made while streaming',
  }
}
