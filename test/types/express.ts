import 'coatcheck/express/augment'
import { createSessions } from 'coatcheck'
import { session } from 'coatcheck/express'
import type { ExpressSession } from 'coatcheck/express'
import express from 'express'
import { exactly } from './exact.ts'

declare module 'coatcheck/express/augment' {
  interface SessionData {
    typed: string[]
  }
}

const sessions = createSessions<{ visits: number }>()
const app = express()
app.use(session(sessions))
app.use('/shop', session(sessions, { property: 'shop', lazy: true, activity: (req) => req.path !== '/poll' }))
app.use(
  session(sessions, {
    onCommitError(error, req, res) {
      exactly<unknown>()(error)
      exactly<string>()(req.path)
      res.end()
    },
  }),
)
// @ts-expect-error -- no sessions
app.use(session({}))
// @ts-expect-error -- an option is left out, not set to undefined
app.use(session(sessions, { property: undefined }))

app.get('/', async (req, res) => {
  exactly<Partial<{ visits: number }>>()(sessions.of(req).data)
  exactly<number | undefined>()((await sessions.get(req)).data.visits)

  // By the augmentation, for the whole program.
  exactly<string[] | undefined>()(req.session.typed)
  exactly<string>()(req.sessionID)
  exactly<string>()(req.session.id)
  exactly<Promise<void>>()(req.session.save())
  exactly<number | null>()(req.session.cookie.maxAge)
  req.session.regenerate((error) => exactly<unknown>()(error))
  const view: ExpressSession = req.session
  req.session = null
  req.session = { typed: ['a'] }
  // @ts-expect-error -- no such key
  req.session.type = 1
  // @ts-expect-error -- read-only
  req.session.id = 'mine'
  // @ts-expect-error -- not its type
  req.session = { typed: 'a' }
  res.send(view.id)
})
