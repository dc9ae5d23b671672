import secureSession from '@fastify/secure-session'
import { fastifyApp } from '../http/frameworks/fastify.mjs'

export async function start() {
  return fastifyApp({
    register: (app) => app.register(secureSession, { key: Buffer.alloc(32, 7), cookie: { path: '/', secure: false } }),
    read: (request) => request.session.get('visits') ?? 0,
    write(request) {
      const visits = (request.session.get('visits') ?? 0) + 1
      request.session.set('visits', visits)
      return visits
    },
    create: (request, data) => {
      for (const [key, value] of Object.entries(data)) request.session.set(key, value)
    },
  })
}
