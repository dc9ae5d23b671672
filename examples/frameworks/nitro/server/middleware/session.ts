import { withSession } from 'coatcheck/fetch'
import { defineMiddleware, toResponse } from 'nitro/h3'
import type { H3Event } from 'nitro/h3'
import { sessions } from '../lib/sessions.ts'

const serve = withSession(
  sessions,
  async (_request, session, event: H3Event, next: () => unknown) => {
    event.context.session = session
    return toResponse(await next(), event)
  },
  // Nitro's server trusts no proxy, so a request's URL says http. Whoever reaches it past the proxy could write this.
  { secure: (request) => request.headers.get('x-forwarded-proto') === 'https' },
)

export default defineMiddleware((event, next) => serve(event.req, event, next))
