import { SessionError } from '../errors.ts'
import type { Sessions } from '../sessions.ts'
import { notLoaded } from '../request/requests.ts'
import { callBack } from './call-back.ts'
import type { NodeResponse } from './node-response.ts'
import { serveSession } from './node-request.ts'
import type { NodeRequest } from './node-request.ts'
import { sessionPlace } from './session-place.ts'
import { SessionProperty } from './session-view.ts'
import type { CookieView, SessionView } from './session-view.ts'

/** `req.session`: the data, and express-session's members beside it. */
export type ExpressSession = SessionView

/** `req.session.cookie`. */
export type ExpressCookie = CookieView

/** What is used of an Express request, 4 or 5. */
export interface ExpressRequest extends NodeRequest {
  /** As Express's own 'trust proxy' setting says. */
  readonly secure: boolean
  readonly method: string
  readonly path: string
}

/** All of it is optional. */
export interface ExpressOptions<Req, Res> {
  /** Where the session is on the request. A second instance on one app needs another. Default `'session'`. */
  readonly property?: string
  /**
   * Open the session when it is first asked for, by `await sessions.get(req)`; `req.session` works from then on, and
   * throws `not_loaded` before. A request that does not ask is no visit and reads nothing. Default false.
   */
  readonly lazy?: boolean
  /** False for a request that is no visit, such as polling: the session's deadline stays. Default: every one is. */
  readonly activity?: (req: Req) => boolean
  /**
   * Sends the error response when the session could not be saved, in place of a plain 500. Must end `res`. What the
   * application had answered is dropped, headers included.
   */
  readonly onCommitError?: (error: unknown, req: Req, res: Res) => void
}

/**
 * Sessions for Express, 4 and 5: `app.use(session(sessions))`.
 *
 * `sessions.of(req)` is the session, typed. `req.session` is the same data in the shape Express middleware expects of
 * a session; `docs/adapters/express.md` lists every member. The head of the response leaves once the session is saved, and a
 * failed save is a 500. An error on opening goes to `next`, as does mounting it twice (`registered_twice`).
 */
export function session<
  Data extends object,
  Req extends ExpressRequest = ExpressRequest,
  Res extends NodeResponse = NodeResponse,
>(
  sessions: Sessions<Data>,
  options: ExpressOptions<Req, Res> = {},
): (req: Req, res: Res, next: (error?: unknown) => void) => void {
  const { property = 'session', lazy = false, activity = () => true, onCommitError } = options
  const label = `req.${property}`
  const place = sessionPlace<Data>(notLoaded)
  const accessors = { configurable: true, enumerable: true, ...place.accessors }
  const sessionID = {
    configurable: true,
    enumerable: true,
    get(this: Req) {
      return place.find(this).id
    },
  }

  async function open(req: Req, res: Res): Promise<void> {
    if (property in req) {
      throw new SessionError(
        'registered_twice',
        `${label} is there already; mount one session middleware, or give the second its own property`,
      )
    }
    const shown = new SessionProperty<Data>({ label })
    const arrival = { request: req, cookie: req.headers.cookie, secure: req.secure, activity: activity(req) }
    await serveSession(sessions, res, arrival, {
      lazy,
      shown,
      onCommitError: onCommitError && ((error) => onCommitError(error, req, res)),
    })
    place.put(req, shown)
    Object.defineProperty(req, property, accessors)
    if (property === 'session') Object.defineProperty(req, 'sessionID', sessionID)
  }

  return function openSession(req, res, next) {
    callBack(open(req, res), next)
  }
}
