import { flash, login, logout, takeFlashes } from 'coatcheck'
import { H3, html, redirect, serve } from 'h3'
import { session } from './sessions.ts'

const app = new H3()
app.use(session)

app.get('/', ({ context: { session } }) => {
  const notices = takeFlashes(session).map(({ message }) => message)
  return html`<!doctype html>
    <p role="status">${notices.join()}</p>
    <p>Visits: ${session.data.visits ?? 0}</p>
    <p>${session.owner === undefined ? 'Nobody is signed in' : `Signed in as ${session.owner}`}</p>
    <form method="post" action="/sign-in">
      <label>Name <input name="name" required /></label>
      <button>Sign in</button>
    </form>
    <form method="post" action="/sign-out"><button>Sign out</button></form>`
})

app.get('/visits', ({ context: { session } }) => {
  session.data.visits = (session.data.visits ?? 0) + 1
  return `Visits: ${session.data.visits}`
})

app.post('/sign-in', async ({ req, context: { session } }) => {
  // Here a real application asks for more than a name.
  const form = await req.formData()
  await login(session, String(form.get('name')), { keep: ['visits'] })
  return redirect('/', 303)
})

app.post('/sign-out', async ({ context: { session } }) => {
  await logout(session)
  flash(session, 'info', 'See you')
  return redirect('/', 303)
})

// The proxy that ends TLS runs on this host; only its word about the protocol counts.
serve(app, {
  port: Number(process.env['PORT'] ?? 3000),
  hostname: process.env['HOST'] ?? 'localhost',
  trustProxy: 'loopback',
})
