/**
 * Your devices: the list of an owner's sessions, signing out one of them, or all but this one.
 *
 *     npm run example examples/devices.ts
 *     http://localhost:3000/ in two browsers: sign in as ada with "difference engine", end one from the other
 */
import express from 'express'
import { createSessions, login, logout } from 'coatcheck'
import { session } from 'coatcheck/express'
import { page } from './parts/page.ts'
import { refuseOtherSites } from './parts/same-site.ts'
import { checkPassword } from './parts/users.ts'

const sessions = createSessions()
const app = express()
app.use(refuseOtherSites, session(sessions), express.urlencoded({ extended: false }))

app.get('/', async (req, res) => {
  const { owner } = sessions.of(req)
  if (owner === undefined) res.send(page(SIGN_IN))
  else res.send(page(DEVICES, { devices: await Array.fromAsync(sessions.list({ owner, current: sessions.of(req) })) }))
})
app.post('/login', async (req, res) => {
  const owner = await checkPassword(req.body.name, req.body.password) // limit the attempts, as login.ts does
  const note = { device: req.get('user-agent') ?? 'unknown', address: req.ip ?? 'unknown' }
  if (owner !== undefined) await login(sessions.of(req), owner, { note })
  res.redirect(303, '/')
})
app.post('/logout', async (req, res) => {
  await logout(sessions.of(req))
  res.redirect(303, '/')
})
app.post('/end', async (req, res) => {
  const { owner } = sessions.of(req)
  // The ID comes from a browser: `owner` says whose it must be.
  if (owner !== undefined) await sessions.revoke(String(req.body.id), { owner })
  res.redirect(303, '/')
})
app.post('/end-others', async (req, res) => {
  const current = sessions.of(req)
  if (current.owner !== undefined) await sessions.revokeAll({ owner: current.owner, except: current })
  res.redirect(303, '/')
})
app.listen(3000)

const SIGN_IN = `<form method="post" action="/login"><input name="name" aria-label="Name">
<input name="password" type="password" aria-label="Password"> <button>Sign in</button></form>`
const DEVICES = `<ul><% for (const { id, note, lastVisitAt, current } of it.devices) { %>
  <li><form method="post" action="<%= current ? '/logout' : '/end' %>">
    <%= note?.device %> at <%= note?.address %>, <%= new Date(lastVisitAt).toISOString() %>
    <input type="hidden" name="id" value="<%= id %>"> <button>Sign out<%= current ? ' (this one)' : '' %></button>
  </form></li><% } %></ul><form method="post" action="/end-others"><button>Sign out all others</button></form>`
