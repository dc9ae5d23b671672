/**
 * Signing in and out: a new session ID on the way in, so that nobody can have planted it, and nothing left on the way
 * out. What is in the basket stays through the sign-in.
 *
 *     npm run example examples/login.ts
 *     http://localhost:3000/ in a browser: put something in, sign in as ada with "difference engine", sign out
 */
import express from 'express'
import { rateLimit } from 'express-rate-limit'
import { createSessions, flash, login, logout, takeFlashes } from 'coatcheck'
import { session } from 'coatcheck/express'
import { page } from './parts/page.ts'
import { refuseOtherSites } from './parts/same-site.ts'
import { checkPassword } from './parts/users.ts'

const sessions = createSessions<{ basket: number }>()
const app = express()
app.use(refuseOtherSites, session(sessions), express.urlencoded({ extended: false }))

app.get('/', (req, res) => {
  const current = sessions.of(req)
  const notices = takeFlashes(current)
  res.send(page(VIEW, { owner: current.owner, basket: current.data.basket ?? 0, notices }))
})
app.post('/basket', async (req, res) => {
  await sessions.of(req).update((data) => {
    data.basket = (data.basket ?? 0) + 1
  })
  res.redirect(303, '/')
})
// Passwords can be guessed, so not too many at a time.
app.post('/login', rateLimit({ windowMs: 60_000, limit: 10 }), async (req, res) => {
  const current = sessions.of(req)
  const userId = await checkPassword(req.body.name, req.body.password)
  if (userId === undefined) flash(current, 'error', 'That is not the name and its password.')
  else await login(current, userId, { keep: ['basket'] })
  res.redirect(303, '/')
})
app.post('/logout', async (req, res) => {
  await logout(sessions.of(req))
  flash(sessions.of(req), 'info', 'Goodbye!')
  res.redirect(303, '/')
})
app.listen(3000)

const VIEW = `
<% for (const { message } of it.notices) { %><p role="status"><%= message %></p><% } %>
<form method="post" action="/basket">In the basket: <%= it.basket %> <button>One more</button></form>
<% if (it.owner) { %>
  <form method="post" action="/logout">Signed in as <%= it.owner %> <button>Sign out</button></form>
<% } else { %>
  <form method="post" action="/login">
    <label>Name <input name="name" autocomplete="username"></label>
    <label>Password <input name="password" type="password" autocomplete="current-password"></label> <button>Sign in</button>
  </form>
<% } %>`
