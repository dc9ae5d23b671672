import type { Backend, Missing } from './backend.ts'
import { decodeData, encodeData, encodeValue } from './codec.ts'
import { compareAndSet, readRecord, SUPERSEDED_MS, supersededDraft } from './compare-and-set.ts'
import { decide } from './decide.ts'
import type { Action } from './decide.ts'
import type { Emit } from './events.ts'
import { changedKeys, NO_LINES, sameLines } from './merge.ts'
import type { Policy } from './options.ts'
import type { Lines } from './record.ts'
import type { KeyedQueue } from './queue.ts'
import { createRecord, end, follow, saveChanges, touchRecord } from './record-writer.ts'
import type { WriteContext } from './record-writer.ts'
import { regenerateRecord } from './regenerate-record.ts'
import { settleBy } from './settle.ts'
import { origin, plan } from './state.ts'
import type { SessionState, StoredState } from './state.ts'
import type { Store } from './store.ts'
import { ticketFor } from './token.ts'
import { applied, updateRecord } from './update-record.ts'
import type { Change } from './update-record.ts'

/** Sessions as records in a store: reading, and carrying out what {@link decide} says. */
export function storeBackend(store: Store, policy: Policy, emit: Emit, queue: KeyedQueue): Backend {
  const context: WriteContext = { store, policy, emit, queue, settle: settleBy(policy.onConflict) }

  async function find(token: string): Promise<StoredState | Missing> {
    const hashing = ticketFor(token)
    const ticket = 'then' in hashing ? await hashing : hashing
    const reading = await readRecord(store, policy, ticket)
    return 'missing' in reading ? { ...reading, id: ticket.id } : reading
  }

  function actionFor(state: SessionState, failed: boolean): Action {
    const { stored } = state
    return decide({
      ended: state.ended !== undefined,
      stored: origin(state) !== undefined,
      regenerating: state.retiring !== undefined,
      changed: !failed && state.ended === undefined && state.retiring === undefined && isChanged(state),
      failed,
      plan: stored
        ? plan(state, policy, stored.expiresAt, failed ? stored.head.permanent : state.permanent).move
        : 'stay',
    })
  }

  async function save(state: SessionState, failed: boolean): Promise<void> {
    const action = actionFor(state, failed)
    const { stored, retiring } = state
    if (action === 'create') await createRecord(context, state)
    else if (action === 'regenerate' && retiring) await regenerateRecord(context, state, retiring, failed)
    else if (action === 'update' && stored) await saveChanges(context, state, stored, failed)
    else if (action === 'touch' && stored) await touchRecord(context, state, stored)
  }

  async function update(state: SessionState, change: Change): Promise<void> {
    if (state.retiring) await save(state, false)
    if (state.stored) return updateRecord(context, state, state.stored, change)
    const before = encodeData(state.data)
    follow(state.data, before, applied(change, before))
    return save(state, false)
  }

  async function reload(state: SessionState): Promise<boolean> {
    if (!state.stored) return false
    const newest = await readRecord(store, policy, state.stored.ticket)
    if ('missing' in newest) {
      end(context, state, newest.missing === 'superseded' ? 'superseded' : 'gone', [])
      state.data = {}
      return false
    }
    state.stored = newest
    state.permanent = newest.head.permanent
    state.owner = newest.owner
    state.data = decodeData(newest.lines)
    return true
  }

  /**
   * Supersede by compare-and-set, then delete. The plain delete alone could not tell a live record from one that a
   * login has just moved away from, and its cookie deletion would then overwrite the new cookie.
   */
  async function destroy(state: SessionState): Promise<void> {
    const from = origin(state)
    state.data = {}
    state.cookieDue = undefined
    if (from) {
      const outcome = await queue.run(from.ticket.id, () =>
        compareAndSet(store, policy, from, (current) => supersededDraft(current, policy.clock.now() + SUPERSEDED_MS)),
      )
      if (typeof outcome === 'string') return end(context, state, outcome, [])
      await store.delete(from.ticket.id)
      emit('destroyed', { id: from.ticket.id })
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
    isDue: (state, failed) => actionFor(state, failed) !== 'nothing',
    unsaved(state) {
      return changedKeys(state.stored?.lines ?? NO_LINES, linesAsFarAsPossible(state.data))
    },
  }
}

/** Asked when the response is over and nobody is left to catch: a value that cannot be stored is one not saved. */
function linesAsFarAsPossible(data: Record<string, unknown>): Lines {
  const lines = new Map<string, string>()
  for (const key of Object.keys(data)) {
    try {
      const value = data[key]
      if (value !== undefined) lines.set(key, encodeValue(value, key))
    } catch {
      // No value has an empty line, so it differs from whatever is stored.
      lines.set(key, '')
    }
  }
  return lines
}

function isChanged(state: SessionState): boolean {
  const { stored } = state
  if (!stored)
    return (Object.keys(state.data).length > 0 && encodeData(state.data).size > 0) || state.owner !== undefined
  return (
    state.permanent !== stored.head.permanent ||
    state.owner !== stored.owner ||
    !sameLines(encodeData(state.data), stored.lines)
  )
}
