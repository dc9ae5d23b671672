import { takeFlashes } from 'coatcheck'
import { defineHandler, html } from 'nitro/h3'

export default defineHandler(({ context: { session } }) => {
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
