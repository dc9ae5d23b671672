import { nodeApp } from '../frameworks/node.mjs'
import { rawSessions } from '../raw.mjs'

export async function start({ redis }) {
  const raw = await rawSessions(redis)
  return nodeApp({
    read: (req) => raw.read(req.headers.cookie),
    write: (req) => raw.write(req.headers.cookie),
    create: async (_req, data, res) => res.setHeader('Set-Cookie', await raw.create(data)),
  })
}
