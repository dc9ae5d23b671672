import { backendOf } from './backend/backend.ts'
import { storeBackend } from './backend/backend-store.ts'
import { SessionError } from './errors.ts'
import { closing } from './operating/closing.ts'
import { createEvents } from './events/event-emitter.ts'
import type { Listener, SessionEvents } from './events/events.ts'
import { isEvicting } from './evicting.ts'
import { limitedStore } from './backend/limited-store.ts'
import { sessionLoader } from './request/load.ts'
import { logRefs } from './events/log-ref.ts'
import { administration } from './operating/administration.ts'
import type { Administration } from './operating/administration.ts'
import { resolvePolicy } from './options/options.ts'
import type { SessionsOptions } from './options/options.ts'
import { hashesAtOnce } from './runtime/platform.ts'
import { keyedQueue } from './backend/queue.ts'
import type { Decision } from './request/changes.ts'
import type { Reply } from './request/reply.ts'
import { requestSessions } from './request/requests.ts'
import { refuseLate, replyFor, reportLate } from './request/respond.ts'
import type { SchemaOptions } from './request/schema.ts'
import { Session } from './session.ts'
import { fileStore } from './stores/file.ts'
import { createSweeper } from './operating/sweeper.ts'
import type { SessionState } from './request/state.ts'
import { drawTicket } from './cookie/token.ts'
import { commitUnavailable } from './request/unavailable.ts'
import { sessionVerbs } from './request/verbs.ts'

/** What a request tells about itself. */
export interface OpenRequest {
  /** The raw Cookie header; undefined when there is none. */
  readonly cookie: string | undefined
  /** Whether the connection is https, as the framework's own trusted-proxy setting says. */
  readonly secure: boolean
  /** False for requests that are no visit, such as polling or prefetching: the deadline stays. Default true. */
  readonly activity?: boolean | undefined
  /** The framework's own request object, for the option `requestInfo`. */
  readonly request?: object
}

/** How the request went. */
export interface CommitRequest {
  /** The response's status is 500 or above: data changes are dropped; `destroy` and `regenerate` stand. */
  readonly failed?: boolean
  /** The response can carry no cookie (an upgrade, status 101): the session keeps its ID. */
  readonly cookieless?: boolean
  /** The head has left already, by another's hand: see {@link Sessions.commit}. */
  readonly headSent?: boolean
}

/** All sessions of one application: made once, used by every request. */
export interface Sessions<
  Data extends object = Record<string, unknown>,
  Held extends object = Partial<Data>,
> extends Administration {
  /** The cookie's name, for documentation and tests. */
  readonly cookieName: string
  /** The session of a request: the visitor's, or a new, empty one that costs nothing until something is in it. */
  open(request: OpenRequest): Promise<Session<Data, Held>>
  /**
   * Save what changed and say what the response must carry. Await it before the head leaves. Answers at once, without
   * a promise, when there is nothing to do. Rejects when the save failed: the response must then be an error. With
   * `headSent` changed data or a new ID are not saved: an event (`late`) and the rejection (`head_sent`) name them.
   */
  commit(session: Session<Data, Held>, request?: CommitRequest): Reply | Promise<Reply>
  /** Tell that the response has ended: changes made after its head are reported (`late`). */
  finished(session: Session<Data, Held>): void
  /**
   * Register a session for {@link of} and {@link get}, or the way to open it once somebody asks; adapters call it.
   * `registered_twice` when the request has one already.
   */
  attach(request: object, session: Session<Data, Held> | (() => Promise<Session<Data, Held>>)): void
  /**
   * The session an adapter opened for this request. Throws `not_registered` without one, and `not_loaded` when the
   * adapter is lazy and nobody asked with {@link get}.
   */
  of(request: object): Session<Data, Held>
  /** The same, opened now if the adapter is lazy; rejects as `open` does, and with `head_sent` after the head. */
  get(request: object): Promise<Session<Data, Held>>
  /** What events and logs call the session of this `id`: to find it there, and to log more about it. */
  refOf(id: string): Promise<string>
  /** Be told of events; returns the way to stop. */
  on<Name extends keyof SessionEvents>(name: Name, listener: Listener<Name>): () => void
}

/**
 * Set sessions up. `createSessions<{ visits: number }>()` types the data; with a `schema` its output does, and data is
 * checked. With nothing given, records are files in `.sessions` and every default is the safe one. Misuse
 * throws `bad_option` here, not at the first request.
 */
export function createSessions<Output extends object>(
  options: SessionsOptions & SchemaOptions<Output>,
): Sessions<Output, Output>
export function createSessions<Data extends object = Record<string, unknown>>(options?: SessionsOptions): Sessions<Data>
export function createSessions<Data extends object>(
  options: SessionsOptions & Partial<SchemaOptions> = {},
): Sessions<Data> {
  const policy = resolvePolicy(options)
  const refOf = logRefs(policy.logKey)
  const { emit, on } = createEvents({ ...policy, refOf })
  const given = options.store ?? fileStore('.sessions')
  const other = backendOf(given)
  if (isEvicting(given)) given.onEvict((id) => emit('evicted', { id }))
  // What is no store has nothing to wait for, and saying that it cannot is no failure to report.
  const store = other ? given : limitedStore(given, policy.storeTimeout, policy.clock, emit)
  const queue = keyedQueue()
  const backend = other?.open(policy, emit) ?? storeBackend(store, policy, emit, queue)
  const sweeper = createSweeper(store, policy, emit)
  const verbs = sessionVerbs(backend, policy, () => isClosed())
  const ending = closing(store, sweeper, () => verbs.idle())
  const { isClosed } = ending
  const { cookie } = policy
  const admin = administration({
    store,
    policy,
    emit,
    sweeper,
    queue,
    closing: ending,
    inStore: other === undefined,
    description: backend.description,
  })
  const load = sessionLoader(backend, policy, emit)
  const { attach, of, get } = requestSessions<Session<Data>>(cookie.name)

  function present(state: SessionState): Session<Data> {
    return new Session<Data>(state, verbs)
  }

  async function presentWithTicket(state: SessionState): Promise<Session<Data>> {
    state.ticket ??= await drawTicket(policy.randomBytes)
    return present(state)
  }

  return {
    ...admin,
    cookieName: cookie.name,
    on,
    refOf: async (id) => refOf(id),

    open(request) {
      if (isClosed()) {
        return Promise.reject(new SessionError('closed', 'open sessions before close(), or create them anew'))
      }
      sweeper.start()
      return load(request).then(hashesAtOnce ? present : presentWithTicket)
    },

    commit(session, { failed = false, cookieless = false, headSent = false } = {}) {
      const state = Session.stateOf(session)
      const dropped = failed && policy.dropChangesOnError
      try {
        state.dropped = dropped
        state.takesCookie = !cookieless && !headSent
        commitUnavailable(state, dropped, emit)
        if (headSent) refuseLate(state, backend, emit)
        let decided: Decision | undefined
        if (state.tail === undefined) {
          decided = state.ended || state.unavailable ? undefined : backend.due(state, dropped)
          if (!decided) return replyFor(state, policy, emit)
        }
        return verbs.commit(state, dropped, decided).then(() => replyFor(state, policy, emit))
      } catch (error) {
        // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- passed on as it was thrown
        return Promise.reject(error)
      }
    },

    finished(session) {
      const state = Session.stateOf(session)
      reportLate(state, backend, emit)
    },

    attach,
    of,
    get,
  }
}
