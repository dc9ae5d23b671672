/**
 * Hello in Hono, here on Node.
 *
 *     npm run example examples/hono.ts
 *     curl -c jar -b jar http://localhost:3000/     # again and again
 */
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { createSessions } from 'coatcheck'
import { session } from 'coatcheck/hono'
import type { SessionVariables } from 'coatcheck/hono'

interface Visitor {
  visits: number
}

const sessions = createSessions<Visitor>()
const app = new Hono<{ Variables: SessionVariables<Visitor> }>()
app.use(session(sessions)) // with forms: app.use(csrf()) of hono/csrf in front

app.get('/', (c) => {
  const { data } = c.var.session
  data.visits = (data.visits ?? 0) + 1
  return c.text(`Hello from Hono, ${data.visits} times`)
})
serve({ fetch: app.fetch, port: 3000 })
