import { createSessions } from 'coatcheck'
import type { Session } from 'coatcheck'
import { withSession } from 'coatcheck/fetch'
import { openStore } from 'coatcheck/stores'
import { toResponse } from 'h3'
import type { H3Event, Middleware } from 'h3'

interface Data {
  visits: number
}

declare module 'h3' {
  interface H3EventContext {
    session: Session<Data>
  }
}

const sessions = createSessions<Data>({
  store: await openStore(process.env['SESSION_STORE'] ?? 'file:.sessions'),
})

const serve = withSession(sessions, async (_request, session, event: H3Event, next: () => unknown) => {
  event.context.session = session
  return toResponse(await next(), event)
})

export const session: Middleware = (event, next) => serve(event.req, event, next)
