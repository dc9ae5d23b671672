import { SessionError } from '../errors.ts'
import type { Sessions } from '../sessions.ts'
import { fastifyMembers } from './fastify-session.ts'
import { answerPlainly } from './node-response.ts'
import type { NodeResponse } from './node-response.ts'
import { serveSession } from './node-request.ts'
import type { NodeRequest } from './node-request.ts'
import { sessionPlace } from './session-place.ts'
import { SessionProperty } from './session-view.ts'

export type { FastifySession } from './fastify-session.ts'

/** What is used of a Fastify request. */
export interface FastifySessionRequest {
  readonly raw: NodeRequest
  /** As Fastify's own `trustProxy` setting says. */
  readonly protocol: string
  readonly method: string
  readonly url: string
  readonly log: { error(details: object, message: string): void }
}

/** What is used of a Fastify reply. */
export interface FastifySessionReply {
  readonly raw: NodeResponse
}

/** All of it is optional. */
export interface FastifySessionOptions<Req, Rep> {
  /** Where the session is on the request. A second instance in one scope needs another. Default `'session'`. */
  readonly property?: string
  /**
   * Open the session when it is first asked for, by `await sessions.get(request)`; `request.session` works from then
   * on, and throws `not_loaded` before. A request that does not ask is no visit and reads nothing. Default false.
   */
  readonly lazy?: boolean
  /** False for a request that is no visit, such as polling: the session's deadline stays. Default: every one is. */
  readonly activity?: (request: Req) => boolean
  /**
   * Sends the error response when the session could not be saved, in place of a plain 500 and a line in Fastify's
   * log. Must end `reply.raw`. What the application had answered is dropped, headers included.
   */
  readonly onCommitError?: (error: unknown, request: Req, reply: Rep) => void
}

/** A plugin for `app.register`. */
export type FastifySessionPlugin = (scope: object, options: object, done: (error?: Error) => void) => void

/** What is used of the scope it is registered in. Fastify's own type has an overload for every hook. */
interface Scope<Req, Rep> {
  hasRequestDecorator(name: string): boolean
  decorateRequest(name: string, value: Accessors): unknown
  addHook(name: 'onRequest', hook: (request: Req, reply: Rep) => Promise<void>): void
}

interface Accessors {
  readonly getter: (this: object) => unknown
  readonly setter: (this: object, value: unknown) => void
}

/**
 * Sessions for Fastify 5: `app.register(session(sessions))`, for the scope it is registered in and those below.
 *
 * `sessions.of(request)` is the session, typed; `request.session` is the same data in the shape Fastify's plugins
 * expect. The head of the response leaves once the session is saved, and a failed save is a 500. That holds for every
 * response, since the head itself is held: an `onSend` hook would not see a hijacked reply, nor the status of a
 * `Response` or of a stream that fails before its first byte. An error on opening goes to Fastify's error handler;
 * registering one property twice fails `ready()` with `registered_twice`.
 */
export function session<
  Data extends object,
  Req extends FastifySessionRequest = FastifySessionRequest,
  Rep extends FastifySessionReply = FastifySessionReply,
>(sessions: Sessions<Data>, options: FastifySessionOptions<Req, Rep> = {}): FastifySessionPlugin {
  const { property = 'session', lazy = false, activity = () => true, onCommitError = report } = options
  const label = `request.${property}`
  const place = sessionPlace<Data>(
    () =>
      new SessionError(
        'not_registered',
        `${label} was read before the session's own onRequest hook ran; register the session before what reads it`,
      ),
  )

  async function open(request: Req, reply: Rep): Promise<void> {
    const shown = new SessionProperty<Data>({ label, members: fastifyMembers })
    const arrival = {
      request,
      cookie: request.raw.headers.cookie,
      secure: request.protocol === 'https',
      activity: activity(request),
    }
    await serveSession(sessions, reply.raw, arrival, {
      lazy,
      shown,
      onCommitError: (error) => onCommitError(error, request, reply),
    })
    place.put(request, shown)
  }

  function register(scope: object, _options: object, done: (error?: Error) => void): void {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const instance = scope as Scope<Req, Rep>
    if (instance.hasRequestDecorator(property)) {
      const twice = `${label} is there already; register one session plugin, or give the second its own property`
      return done(new SessionError('registered_twice', twice))
    }
    instance.decorateRequest(property, { getter: place.accessors.get, setter: place.accessors.set })
    instance.addHook('onRequest', open)
    done()
  }

  // What fastify-plugin sets: hooks and decorators belong to the scope that registers, not to one of their own.
  return Object.assign(register, {
    [Symbol.for('skip-override')]: true,
    [Symbol.for('fastify.display-name')]: 'coatcheck',
    [Symbol.for('plugin-meta')]: { name: 'coatcheck', fastify: '5.x' },
  })
}

function report(error: unknown, { log }: FastifySessionRequest, { raw }: FastifySessionReply): void {
  log.error({ err: error }, 'the session could not be saved, so the response is a plain 500')
  answerPlainly(raw)
}
