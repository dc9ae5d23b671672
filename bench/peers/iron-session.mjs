import { getIronSession } from 'iron-session'
import { nodeApp } from '../http/frameworks/node.mjs'

const options = { password: 'a password of at least 32 characters', cookieName: 'id', cookieOptions: { secure: false } }

export async function start() {
  return nodeApp({
    read: async (req, res) => (await getIronSession(req, res, options)).visits ?? 0,
    async write(req, res) {
      const session = await getIronSession(req, res, options)
      session.visits = (session.visits ?? 0) + 1
      await session.save()
      return session.visits
    },
    async create(req, data, res) {
      const session = await getIronSession(req, res, options)
      Object.assign(session, data)
      await session.save()
    },
  })
}
