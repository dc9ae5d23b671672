import { SessionError } from '../errors.ts'
import { EMPTY_REPLY } from '../request/reply.ts'
import type { Reply } from '../request/reply.ts'
import type { Session } from '../session.ts'
import type { CommitRequest, OpenRequest, Sessions } from '../sessions.ts'

/** How an adapter opens the session of one request. */
export interface Arrival extends OpenRequest {
  /** What `sessions.of` is asked with: the object a handler has of its request. */
  readonly request: object
}

/** Where an adapter shows the session to the application. */
export interface Showcase<Data extends object> {
  /** Called once the session is open. */
  show(session: Session<Data>): void
}

/** What an adapter settles about opening. */
export interface VisitOptions<Data extends object> {
  /** Open the session when it is first asked for instead of now. */
  readonly lazy: boolean
  readonly shown?: Showcase<Data> | undefined
}

/** Register the session of one request, opened now or, in the lazy form, by the first `sessions.get(request)`. */
export async function beginVisit<Data extends object>(
  sessions: Sessions<Data>,
  arrival: Arrival,
  { lazy, shown }: VisitOptions<Data>,
): Promise<Visit<Data>> {
  if (lazy) return new Visit(sessions, arrival, shown)
  const session = await sessions.open(arrival)
  shown?.show(session)
  sessions.attach(arrival.request, session)
  return new Visit(sessions, arrival, shown, session)
}

/** One request's session, as its adapter sees it: it may turn out that nobody asks for it. */
export class Visit<Data extends object> {
  readonly #sessions: Sessions<Data>
  #session: Session<Data> | undefined
  #opening: Promise<Session<Data>> | undefined
  #closed = false
  #committed = false

  /** Without a session it is opened once somebody asks. */
  constructor(sessions: Sessions<Data>, arrival: Arrival, shown: Showcase<Data> | undefined, session?: Session<Data>) {
    this.#sessions = sessions
    this.#session = session
    if (!session) sessions.attach(arrival.request, () => this.#open(arrival, shown))
  }

  /** `sessions.commit` for whatever was opened; answers at once when nothing was. From here on nothing is opened. */
  commit(ending: CommitRequest): Reply | Promise<Reply> {
    this.#closed = true
    const reply = this.#commit(ending)
    if ('then' in reply) return this.#settled(reply)
    this.#committed = true
    return reply
  }

  /** The response has ended. After a commit that failed nothing is "late": the response has said so. */
  finished(): void {
    if (this.#committed && this.#session) this.#sessions.finished(this.#session)
  }

  #commit(ending: CommitRequest): Reply | Promise<Reply> {
    if (this.#session) return this.#sessions.commit(this.#session, ending)
    // Asked for and not waited for; when it cannot be opened, whoever asked is told.
    return (
      this.#opening?.then(
        (opened) => this.#sessions.commit(opened, ending),
        () => EMPTY_REPLY,
      ) ?? EMPTY_REPLY
    )
  }

  async #settled(reply: Promise<Reply>): Promise<Reply> {
    const settled = await reply
    this.#committed = true
    return settled
  }

  #open(arrival: Arrival, shown: Showcase<Data> | undefined): Promise<Session<Data>> {
    if (this.#closed) return Promise.reject(tooLate())
    this.#opening = this.#opened(arrival, shown)
    return this.#opening
  }

  async #opened(arrival: Arrival, shown: Showcase<Data> | undefined): Promise<Session<Data>> {
    const session = await this.#sessions.open(arrival)
    this.#session = session
    shown?.show(session)
    return session
  }
}

function tooLate(): SessionError {
  return new SessionError('head_sent', 'await sessions.get(request) before the response begins')
}
