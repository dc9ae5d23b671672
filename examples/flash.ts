/**
 * A message for the next page, after a redirect: shown once, then gone.
 *
 *     npm run example examples/flash.ts
 *     curl -L -c jar -b jar -d title=Tea http://localhost:3000/notes     # "Saved", and with a second GET no more
 */
import express from 'express'
import { createSessions, flash, takeFlashes } from 'coatcheck'
import { session } from 'coatcheck/express'
import { page } from './parts/page.ts'
import { refuseOtherSites } from './parts/same-site.ts'

const sessions = createSessions<{ notes: string[] }>()
const app = express()
app.use(refuseOtherSites, session(sessions), express.urlencoded({ extended: false }))

app.get('/', (req, res) => {
  const current = sessions.of(req)
  res.send(page(VIEW, { messages: takeFlashes(current), notes: current.data.notes ?? [] }))
})
app.post('/notes', async (req, res) => {
  const current = sessions.of(req)
  const title = String(req.body.title ?? '').trim()
  if (title === '' || title.length > 100) {
    flash(current, 'error', 'A title has one to a hundred characters.')
  } else {
    await current.update((data) => {
      data.notes = [title, ...(data.notes ?? [])].slice(0, 20)
    })
    flash(current, 'success', `Saved: ${title}`)
  }
  res.redirect(303, '/')
})
app.listen(3000)

const VIEW = `
<% for (const { category, message } of it.messages) { %>
  <p role="status" class="<%= category %>"><%= message %></p>
<% } %>
<form method="post" action="/notes"><label>Title <input name="title"></label> <button>Save</button></form>
<ul><% for (const note of it.notes) { %><li><%= note %></li><% } %></ul>`
