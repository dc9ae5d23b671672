import { session } from 'coatcheck/node'
import { coatcheck, visits } from '../coatcheck.mjs'
import { nodeApp } from '../frameworks/node.mjs'

export async function start(servers) {
  const sessions = await coatcheck(servers, 'cookie')
  return nodeApp({
    wrap: (handler) => session(sessions, handler),
    read: (req) => visits.read(sessions.of(req)),
    write: (req) => visits.write(sessions.of(req)),
    create: (req, data) => visits.create(sessions.of(req), data),
  })
}
