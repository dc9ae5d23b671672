/**
 * Hello in Koa.
 *
 *     npm run example examples/koa.ts
 *     curl -c jar -b jar http://localhost:3000/     # again and again
 */
import Koa from 'koa'
import { createSessions } from 'coatcheck'
import { session } from 'coatcheck/koa'

const sessions = createSessions<{ visits: number }>()
const app = new Koa()
app.use(session(sessions))

app.use(async (ctx) => {
  if (ctx.path !== '/') return // or a browser's look for /favicon.ico counts, too
  const { data } = sessions.of(ctx)
  data.visits = (data.visits ?? 0) + 1
  ctx.body = `Hello from Koa, ${data.visits} times`
})
app.listen(3000)
