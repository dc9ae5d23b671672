import { createServer } from 'node:http'
import { createSecureServer } from 'node:http2'
import { createSessions } from 'coatcheck'
import { session } from 'coatcheck/node'
import { exactly } from './exact.ts'

const sessions = createSessions<{ visits: number }>()

createServer(
  session(sessions, async (req, res) => {
    exactly<Partial<{ visits: number }>>()(sessions.of(req).data)
    exactly<number | undefined>()((await sessions.get(req)).data.visits)
    exactly<string | undefined>()(req.url)
    res.end('')
  }),
)
createSecureServer(session(sessions, (req, res) => void res.end(req.authority), { lazy: true }))
const middleware = session(sessions, { secure: () => true })
createServer((req, res) => middleware(req, res, (error) => exactly<unknown>()(error)))
// @ts-expect-error -- no sessions
session({}, () => undefined)
// @ts-expect-error -- an option is left out, not set to undefined
session(sessions, () => undefined, { lazy: undefined })
