import { session } from 'coatcheck/node'
import { coatcheck, visits } from '../coatcheck.mjs'
import { nodeApp } from '../frameworks/node.mjs'

/** The lazy form: a request that does not ask for its session does not read it either. */
export async function start(servers) {
  const sessions = await coatcheck(servers, 'redis')
  return nodeApp({
    wrap: (handler) => session(sessions, handler, { lazy: true }),
    read: async (req) => visits.read(await sessions.get(req)),
    write: async (req) => visits.write(await sessions.get(req)),
    create: async (req, data) => visits.create(await sessions.get(req), data),
  })
}
