import { SessionError } from '../errors.ts'
import { EMPTY_REPLY } from '../request/reply.ts'
import type { Reply } from '../request/reply.ts'
import type { Session } from '../session.ts'
import type { CommitRequest, OpenRequest, Sessions } from '../sessions.ts'

/** How an adapter opens the session of one request. */
export interface VisitOptions<Data extends object> extends OpenRequest {
  /** What `sessions.of` is asked with: the object a handler has of its request. */
  readonly request: object
  /** Open the session when it is first asked for instead of now. */
  readonly lazy: boolean
  /** Called once the session is open. */
  readonly onOpen?: ((session: Session<Data>) => void) | undefined
}

/** One request's session, as its adapter sees it: it may turn out that nobody asks for it. */
export interface Visit {
  /** `sessions.commit` for whatever was opened; answers at once when nothing was. From here on nothing is opened. */
  commit(ending: CommitRequest): Reply | Promise<Reply>
  /** The response has ended. After a commit that failed nothing is "late": the response has said so. */
  finished(): void
}

/** Register the session of one request, opened now or, in the lazy form, by the first `sessions.get(request)`. */
export async function beginVisit<Data extends object>(
  sessions: Sessions<Data>,
  options: VisitOptions<Data>,
): Promise<Visit> {
  let session: Session<Data> | undefined
  let opening: Promise<Session<Data>> | undefined
  let closed = false
  let committed = false

  async function open(): Promise<Session<Data>> {
    session = await sessions.open(options)
    options.onOpen?.(session)
    return session
  }

  if (options.lazy) {
    sessions.attach(options.request, () => {
      if (closed) return Promise.reject(tooLate())
      opening = open()
      return opening
    })
  } else {
    sessions.attach(options.request, await open())
  }

  function settled(reply: Reply): Reply {
    committed = true
    return reply
  }

  return {
    commit(ending) {
      closed = true
      if (!session && !opening) return EMPTY_REPLY
      // Asked for and not waited for; when it cannot be opened, whoever asked is told.
      const reply = session
        ? sessions.commit(session, ending)
        : (opening ?? open()).then(
            (opened) => sessions.commit(opened, ending),
            () => EMPTY_REPLY,
          )
      return 'then' in reply ? reply.then(settled) : settled(reply)
    },
    finished() {
      if (committed && session) sessions.finished(session)
    },
  }
}

function tooLate(): SessionError {
  return new SessionError('head_sent', 'await sessions.get(request) before the response begins')
}
