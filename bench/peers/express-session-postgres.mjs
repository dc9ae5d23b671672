import connectPgSimple from 'connect-pg-simple'
import session from 'express-session'
import { Pool } from 'pg'
import { expressSession } from './express-session-app.mjs'

export async function start({ postgres }) {
  const PgStore = connectPgSimple(session)
  const pool = new Pool({ connectionString: postgres })
  return expressSession(new PgStore({ pool, createTableIfMissing: true }))
}
