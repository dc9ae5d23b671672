import session from 'express-session'
import sessionFileStore from 'session-file-store'
import { expressSession } from './express-session-app.mjs'

export async function start({ directory }) {
  const FileStore = sessionFileStore(session)
  return expressSession(new FileStore({ path: directory, logFn: () => {} }))
}
