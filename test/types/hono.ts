import { createSessions } from 'coatcheck'
import type { Session } from 'coatcheck'
import { session } from 'coatcheck/hono'
import type { SessionVariables } from 'coatcheck/hono'
import { Hono } from 'hono'
import { z } from 'zod'
import { exactly } from './exact.ts'

interface Shop {
  visits: number
}

const sessions = createSessions<Shop>()
const app = new Hono<{ Variables: SessionVariables<Shop> }>()
app.use(session(sessions))
app.use(session(sessions, { property: 'shop', lazy: true, secure: (c) => c.req.url.startsWith('https:') }))
app.use(session(sessions, { onCommitError: (error, c) => new Response(`${c.req.path} ${String(error)}`) }))
// @ts-expect-error -- no sessions
app.use(session({}))
// @ts-expect-error -- no response
app.use(session(sessions, { onCommitError: () => undefined }))

app.get('/', async (c) => {
  exactly<Session<Shop>>()(c.var.session)
  exactly<number | undefined>()(c.var.session.data.visits)
  exactly<Session<Shop>>()(c.get('session'))
  exactly<Session<Shop>>()(sessions.of(c))
  exactly<Session<Shop>>()(await sessions.get(c))
  // @ts-expect-error -- no such key
  c.var.session.data.visit = 1
  // @ts-expect-error -- the session is the middleware's to set
  c.set('session', 'mine')
  return c.text('')
})

// Under a schema nothing of the data is missing.
const schema = z.object({ visits: z.number().default(0) })
const checked = new Hono<{ Variables: SessionVariables<Shop, Shop> }>()
checked.use(session(createSessions({ schema })))
checked.get('/', (c) => {
  exactly<number>()(c.var.session.data.visits)
  return c.text('')
})
