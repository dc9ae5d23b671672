/**
 * Hello in Fastify.
 *
 *     npm run example examples/fastify.ts
 *     curl -c jar -b jar http://localhost:3000/     # again and again
 */
import { fastify } from 'fastify'
import { createSessions } from 'coatcheck'
import { session } from 'coatcheck/fastify'

const sessions = createSessions<{ visits: number }>()
const app = fastify()
await app.register(session(sessions))

app.get('/', async (request) => {
  const { data } = sessions.of(request)
  data.visits = (data.visits ?? 0) + 1
  return `Hello from Fastify, ${data.visits} times`
})
await app.listen({ port: 3000 })
