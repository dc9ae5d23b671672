import { session } from 'coatcheck/hono'
import { coatcheck, visits } from '../coatcheck.mjs'
import { honoApp } from '../frameworks/hono.mjs'

export async function start(servers) {
  const sessions = await coatcheck(servers, 'redis')
  return honoApp({
    use: [session(sessions)],
    read: (c) => visits.read(sessions.of(c)),
    write: (c) => visits.write(sessions.of(c)),
    create: (c, data) => visits.create(sessions.of(c), data),
  })
}
