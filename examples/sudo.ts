/**
 * The password once more before something that matters, unless it was typed within the last ten minutes.
 *
 *     npm run example examples/sudo.ts
 *     http://localhost:3000/ in a browser: sign in as ada with "difference engine", pay, come back in ten minutes
 */
import express from 'express'
import type { NextFunction, Request, Response } from 'express'
import { createSessions, isFresh, login } from 'coatcheck'
import { session } from 'coatcheck/express'
import { page } from './parts/page.ts'
import { refuseOtherSites } from './parts/same-site.ts'
import { checkPassword } from './parts/users.ts'

const sessions = createSessions()
const app = express()
app.use(refuseOtherSites, session(sessions), express.urlencoded({ extended: false }))

/** For routes that matter. */
function needsPassword(req: Request, res: Response, next: NextFunction): void {
  if (isFresh(sessions.of(req), '10m')) next()
  else res.redirect(303, '/password')
}

app.get('/', (req, res) => {
  const { owner } = sessions.of(req)
  if (owner === undefined) res.redirect(303, '/password')
  else res.send(page('<form method="post" action="/payment"><%= it.owner %> <button>Pay</button></form>', { owner }))
})
app.post('/payment', needsPassword, (_req, res) => {
  res.send('Paid.')
})
app.get('/password', (req, res) => {
  res.send(page(PASSWORD, { owner: sessions.of(req).owner }))
})
app.post('/password', async (req, res) => {
  // Whoever is signed in proves to be the same one again. Limit the attempts, as login.ts does.
  const userId = await checkPassword(sessions.of(req).owner ?? req.body.name, req.body.password)
  if (userId !== undefined) await login(sessions.of(req), userId) // a new ID; an owner's data stays with them
  res.redirect(303, userId === undefined ? '/password' : '/')
})
app.listen(3000)

const PASSWORD = `<form method="post" action="/password">
<% if (it.owner) { %><%= it.owner %><% } else { %><input name="name" aria-label="Name"><% } %>
<input name="password" type="password" aria-label="Password"> <button>Go on</button></form>`
