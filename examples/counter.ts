/**
 * A counter: what you put into `data` is there again with the visitor's next request.
 *
 *     npm run example examples/counter.ts
 *     curl -c jar -b jar http://localhost:3000/     # again and again, or in a browser; restart the server in between
 *     curl -i http://localhost:3000/about           # keeps nothing: no cookie, nothing stored
 */
import express from 'express'
import { createSessions } from 'coatcheck'
import { session } from 'coatcheck/express'

const sessions = createSessions<{ visits: number }>() // in files, in the folder .sessions
const app = express()
app.use(session(sessions))

app.get('/', (req, res) => {
  const { data } = sessions.of(req)
  data.visits = (data.visits ?? 0) + 1
  res.send(`Visits: ${data.visits}`)
})
app.get('/about', (_req, res) => {
  res.send('This page counts nobody.')
})
app.listen(3000)
