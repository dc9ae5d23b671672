/** The limit on PostgreSQL: one SELECT by primary key, one UPDATE, by hand. */
import { randomBytes } from 'node:crypto'
import { Pool } from 'pg'
import { expressApp } from '../frameworks/express.mjs'

const TABLE = 'create table if not exists raw_sessions (id text primary key, data jsonb not null, expires_at bigint)'
// Named, so that the server parses and plans each of them once for a connection.
const READ = { name: 'read', text: 'select data from raw_sessions where id = $1 and expires_at > $2' }
const WRITE = { name: 'write', text: 'update raw_sessions set data = $2, expires_at = $3 where id = $1' }
const CREATE = { name: 'create', text: 'insert into raw_sessions (id, data, expires_at) values ($1, $2, $3)' }
const LIFETIME = 2_678_400_000

export async function start({ postgres }) {
  const pool = new Pool({ connectionString: postgres })
  await pool.query(TABLE)
  const idOf = ({ headers: { cookie } }) => (cookie?.startsWith('id=') ? cookie.slice(3) : undefined)
  const load = async (id) => id && (await pool.query({ ...READ, values: [id, Date.now()] })).rows[0]?.data
  return expressApp({
    read: async (req) => (await load(idOf(req)))?.visits ?? 0,
    async write(req) {
      const id = idOf(req)
      const data = await load(id)
      if (!data) return 0
      data.visits += 1
      await pool.query({ ...WRITE, values: [id, data, Date.now() + LIFETIME] })
      return data.visits
    },
    async create(_req, data, res) {
      const id = randomBytes(32).toString('base64url')
      await pool.query({ ...CREATE, values: [id, data, Date.now() + LIFETIME] })
      res.setHeader('Set-Cookie', `id=${id}; Path=/; HttpOnly`)
    },
  })
}
