/**
 * The limit: what a handler written by hand pays for one session, without a promise kept. One GET and one parse, one
 * SET; no deadline of its own, no merge, no new ID; whoever writes last wins. It uses the client that Coatcheck is
 * given, so that the ratio shows the library and not the client.
 */
import { randomBytes } from 'node:crypto'
import { createClient } from 'redis'

export async function rawSessions(url) {
  const client = await redisClient(url)
  return {
    async read(cookie) {
      return (await load(cookie))?.visits ?? 0
    },
    async write(cookie) {
      const id = idOf(cookie)
      const data = await load(cookie)
      if (!data) return 0
      data.visits += 1
      await client.set(`raw:${id}`, JSON.stringify(data), { EX: 2_678_400 })
      return data.visits
    },
    /** The Set-Cookie value. */
    async create(data) {
      const id = randomBytes(32).toString('base64url')
      await client.set(`raw:${id}`, JSON.stringify(data), { EX: 2_678_400 })
      return `id=${id}; Path=/; HttpOnly`
    },
  }

  async function load(cookie) {
    const id = idOf(cookie)
    const text = id && (await client.get(`raw:${id}`))
    return text ? JSON.parse(text) : undefined
  }
}

export async function redisClient(url) {
  const client = createClient({ url, disableOfflineQueue: true })
  client.on('error', (error) => console.error(error))
  await client.connect()
  return client
}

function idOf(cookie) {
  return cookie?.startsWith('id=') ? cookie.slice(3) : undefined
}
