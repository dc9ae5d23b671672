import { session } from 'coatcheck/fastify'
import { coatcheck, visits } from '../coatcheck.mjs'
import { fastifyApp } from '../frameworks/fastify.mjs'

export async function start(servers) {
  const sessions = await coatcheck(servers, 'redis')
  return fastifyApp({
    register: (app) => app.register(session(sessions)),
    read: (request) => visits.read(sessions.of(request)),
    write: (request) => visits.write(sessions.of(request)),
    create: (request, data) => visits.create(sessions.of(request), data),
  })
}
