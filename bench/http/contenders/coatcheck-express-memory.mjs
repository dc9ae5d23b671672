import { session } from 'coatcheck/express'
import { coatcheck, visits } from '../coatcheck.mjs'
import { expressApp } from '../frameworks/express.mjs'

export async function start(servers) {
  const sessions = await coatcheck(servers, 'memory')
  return expressApp({
    use: [session(sessions)],
    read: (req) => visits.read(sessions.of(req)),
    write: (req) => visits.write(sessions.of(req)),
    create: (req, data) => visits.create(sessions.of(req), data),
  })
}
