import { createSessions } from 'coatcheck'
import type { Session } from 'coatcheck'
import { withSession } from 'coatcheck/fetch'
import { exactly } from './exact.ts'

interface Shop {
  visits: number
}

const sessions = createSessions<Shop>()

const handle = withSession(sessions, (request, session) => {
  exactly<Request>()(request)
  exactly<Session<Shop>>()(session)
  exactly<number | undefined>()(sessions.of(request).data.visits)
  return new Response('')
})
exactly<Promise<Response>>()(handle(new Request('https://example.org/')))

/** What else the server passes stands behind the session. */
const worker = {
  fetch: withSession(sessions, async (request: Request, session, env: { readonly key: string }) => {
    exactly<number | undefined>()(session.data.visits)
    exactly<string>()(env.key)
    return new Response(request.url)
  }),
}
exactly<Promise<Response>>()(worker.fetch(new Request('https://example.org/'), { key: '' }))
// @ts-expect-error -- env is missing
void worker.fetch(new Request('https://example.org/'))

withSession(
  sessions,
  async (_, getSession) => {
    exactly<Promise<Session<Shop>>>()(getSession())
    return new Response('')
  },
  { lazy: true },
)
// @ts-expect-error -- no response
withSession(sessions, () => 'text')
