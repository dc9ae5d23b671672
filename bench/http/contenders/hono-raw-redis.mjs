import { honoApp } from '../frameworks/hono.mjs'
import { rawSessions } from '../raw.mjs'

export async function start({ redis }) {
  const raw = await rawSessions(redis)
  return honoApp({
    read: (c) => raw.read(c.req.header('cookie')),
    write: (c) => raw.write(c.req.header('cookie')),
    create: async (c, data) => c.header('Set-Cookie', await raw.create(data)),
  })
}
