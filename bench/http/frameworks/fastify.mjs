/** The application on Fastify: four routes, one way to put a session library in. */
import Fastify from 'fastify'
import { sessionData } from '../data.mjs'

export async function fastifyApp({ register = async () => {}, read, write, create }) {
  const app = Fastify()
  await register(app)
  app.get('/none', async () => 'none')
  app.get('/read', async (request, reply) => `visits ${await read(request, reply)}`)
  app.get('/write', async (request, reply) => `visits ${await write(request, reply)}`)
  app.get('/new', async (request, reply) => {
    await create(request, sessionData(request.query.size), reply)
    return 'new'
  })
  return async (port) => {
    await app.listen({ port, host: '127.0.0.1' })
    return app.server
  }
}
