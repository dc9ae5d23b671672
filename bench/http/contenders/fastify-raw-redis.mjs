import { fastifyApp } from '../frameworks/fastify.mjs'
import { rawSessions } from '../raw.mjs'

export async function start({ redis }) {
  const raw = await rawSessions(redis)
  return fastifyApp({
    read: (request) => raw.read(request.headers.cookie),
    write: (request) => raw.write(request.headers.cookie),
    create: async (_request, data, reply) => void reply.header('set-cookie', await raw.create(data)),
  })
}
