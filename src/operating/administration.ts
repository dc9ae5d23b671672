import type { Closing } from './closing.ts'
import { SessionError } from '../errors.ts'
import type { Emit } from '../events/events.ts'
import { describePolicy } from './describe.ts'
import { checkHealth } from './health.ts'
import type { Health } from './health.ts'
import type { Policy } from '../options/options.ts'
import type { KeyedQueue } from '../backend/queue.ts'
import { idsOf, revokeOwned, revokeSession } from './revoke.ts'
import type { Session } from '../session.ts'
import { sessionInfo } from './session-info.ts'
import type { SessionInfo } from './session-info.ts'
import type { Store } from '../store.ts'
import type { Sweeper } from './sweeper.ts'

/** Which sessions to list. */
export interface ListFilter {
  readonly owner?: string
  readonly current?: Session<object> | string
}

/** For operators: what is stored, ending it, and the end of the process. */
export interface Administration {
  /**
   * Live sessions, all or one owner's, in no particular order. The one given as `current` (a session, or its `id`) is
   * marked. Throws `cannot` on a store that cannot enumerate.
   */
  list(filter?: ListFilter): AsyncIterable<SessionInfo>
  /**
   * End one session by its `id`, wherever it moves to meanwhile; with `owner`, only if it is theirs: for an `id` that a
   * browser sent. False when there was none. Its requests in flight cannot bring it back.
   */
  revoke(id: string, only?: { readonly owner?: string }): Promise<boolean>
  /**
   * End all sessions an owner has now, wherever they move to meanwhile, but perhaps one: `except` is the current
   * session, or the `id` of a stored one. Resolves with how many. Throws `cannot` on a store that cannot enumerate.
   */
  revokeAll(filter: { readonly owner: string; readonly except?: Session<object> | string }): Promise<number>
  /** Remove dead records now, for a cron job where no server runs. Resolves with how many. */
  sweep(): Promise<number>
  /** The effective policy in words. */
  describe(): string
  /**
   * Whether sessions can be read just now, for a readiness probe: one store command, bounded by `storeTimeout`. Never
   * rejects; not `ok` from `close()` on.
   */
  health(): Promise<Health>
  /**
   * Stop sweeping, wait for writes under way, release the store. Opening a session, saving one or calling any of its
   * members that need the store rejects with `closed` from now on. Rejects when the store does not let go within
   * `storeTimeout`.
   */
  close(): Promise<void>
}

/** What administration works on. */
export interface AdministrationParts {
  readonly store: Store
  readonly policy: Policy
  readonly emit: Emit
  readonly sweeper: Sweeper
  readonly queue: KeyedQueue
  readonly closing: Closing
  /** False where sessions are kept in no store, see `Backend`. */
  readonly inStore: boolean
  /** What the back end says of itself, see `Backend`. */
  readonly description: readonly string[] | undefined
}

const ID_SHAPE = /^[\da-f]{64}$/

/** The operator's half of `Sessions`. */
export function administration(parts: AdministrationParts): Administration {
  const { store, policy, sweeper, closing, inStore, description } = parts

  async function* list({ current, ...filter }: ListFilter = {}): AsyncIterable<SessionInfo> {
    const ids = idsOf(current)
    if ('owner' in filter) checkOwner(filter.owner, 'list')
    for await (const record of listing(store)(filter)) {
      const info = sessionInfo(record, policy, ids)
      if (info) yield info
    }
  }

  return {
    list,
    async revoke(id, only = {}) {
      if ('owner' in only) checkOwner(only.owner, 'revoke')
      if (!ID_SHAPE.test(id)) throw new SessionError('bad_option', 'revoke() takes a session.id: 64 hex digits')
      return revokeSession(parts, id, only)
    },
    async revokeAll({ owner, except }) {
      checkOwner(owner, 'revokeAll')
      return revokeOwned(parts, listing(store)({ owner }), owner, except)
    },
    sweep: () => sweeper.sweep(),
    describe: () => describePolicy(policy, store, description),
    health: () => checkHealth(inStore ? store : undefined, policy, () => closing.isClosed()),
    close: () => closing.close(),
  }
}

function listing(store: Store): NonNullable<Store['list']> {
  if (!store.list) throw new SessionError('cannot', 'this store cannot list sessions; choose one that can enumerate')
  return store.list.bind(store)
}

/** An ID that turned out undefined must not mean everybody: that would end, or show, the sessions of all. */
function checkOwner(owner: unknown, verb: string): void {
  if (typeof owner === 'string') return
  throw new SessionError('bad_option', `${verb}() takes an owner that is a string, and this one is ${String(owner)}`)
}
