import { SessionError } from '../errors.ts'
import type { Sessions } from '../sessions.ts'
import { answerPlainly } from './node-response.ts'
import type { NodeResponse } from './node-response.ts'
import { serveSession } from './node-request.ts'
import type { NodeRequest } from './node-request.ts'
import { notLoaded } from '../request/requests.ts'
import { sessionPlace } from './session-place.ts'
import { SessionProperty } from './session-view.ts'
import type { SessionView } from './session-view.ts'

/** What is used of Koa's context. */
export interface KoaContext {
  readonly app: { emit(event: string, ...args: unknown[]): unknown }
  readonly req: NodeRequest
  readonly res: NodeResponse
  /** As Koa's own `app.proxy` setting says. */
  readonly secure: boolean
  readonly method: string
  readonly path: string
}

/** `ctx.session`: the data, and the members that Passport and its like call. */
export type KoaSession<Data extends object = object, Held extends object = Partial<Data>> = SessionView & Held

/**
 * What the middleware adds to the context: `new Koa<Koa.DefaultState, SessionContext<Data>>()`; with data under a schema
 * `SessionContext<Data, Data>`, since nothing of it is missing then.
 */
export interface SessionContext<Data extends object, Held extends object = Partial<Data>> {
  get session(): KoaSession<Data, Held>
  set session(value: Partial<Data> | null | undefined)
}

/** All of it is optional. */
export interface KoaOptions<Ctx> {
  /** Where the session is on the context. A second instance on one app needs another. Default `'session'`. */
  readonly property?: string
  /**
   * Open the session when it is first asked for, by `await sessions.get(ctx)`; `ctx.session` works from then on, and
   * throws `not_loaded` before. A request that does not ask is no visit and reads nothing. Default false.
   */
  readonly lazy?: boolean
  /** False for a request that is no visit, such as polling: the session's deadline stays. Default: every one is. */
  readonly activity?: (ctx: Ctx) => boolean
  /**
   * Sends the error response when the session could not be saved, in place of a plain 500 and Koa's `error` event.
   * Must end `ctx.res`. What the application had answered is dropped, headers included.
   */
  readonly onCommitError?: (error: unknown, ctx: Ctx) => void
}

/**
 * Sessions for Koa: `app.use(session(sessions))`.
 *
 * `sessions.of(ctx)` is the session, typed; `ctx.session` is the same data. The head of the response leaves once the
 * session is saved, whoever sends it: Koa's own error response, which drops all headers, and a handler that sets
 * `ctx.respond = false` included. An error on opening is thrown to Koa, as is mounting it twice (`registered_twice`).
 */
export function session<Data extends object, Ctx extends KoaContext = KoaContext>(
  sessions: Sessions<Data>,
  options: KoaOptions<Ctx> = {},
): (ctx: Ctx, next: () => Promise<unknown>) => Promise<void> {
  const { property = 'session', lazy = false, activity = () => true, onCommitError = report } = options
  const label = `ctx.${property}`
  const place = sessionPlace<Data>(notLoaded)
  const accessors = { configurable: true, enumerable: true, ...place.accessors }

  return async function openSession(ctx, next) {
    if (property in ctx) {
      throw new SessionError(
        'registered_twice',
        `${label} is there already; use one session middleware, or give the second its own property`,
      )
    }
    const shown = new SessionProperty<Data>({ label })
    const arrival = {
      request: ctx,
      cookie: ctx.req.headers.cookie,
      secure: ctx.secure,
      activity: activity(ctx),
    }
    await serveSession(sessions, ctx.res, arrival, {
      lazy,
      shown,
      onCommitError: (error) => onCommitError(error, ctx),
    })
    place.put(ctx, shown)
    Object.defineProperty(ctx, property, accessors)
    await next()
  }
}

/** Where Koa tells every error that became a 500. */
function report(error: unknown, ctx: KoaContext): void {
  ctx.app.emit('error', error, ctx)
  answerPlainly(ctx.res)
}
