import { createSessions } from 'coatcheck'
import type { Session } from 'coatcheck'
import { withSession } from 'coatcheck/fetch'
import { openStore } from 'coatcheck/stores'
import { createContext } from 'react-router'
import type { MiddlewareFunction } from 'react-router'

interface Data {
  visits: number
}

const sessions = createSessions<Data>({
  store: await openStore(process.env['SESSION_STORE'] ?? 'file:.sessions'),
})

/** What loaders and actions ask their context for. */
export const sessionContext = createContext<Session<Data>>()

type Middleware = MiddlewareFunction<Response>

const serve = withSession(sessions, (_request, session, ...[{ context }, next]: Parameters<Middleware>) => {
  context.set(sessionContext, session)
  return next()
})

export const sessionMiddleware: Middleware = (args, next) => serve(args.request, args, next)
