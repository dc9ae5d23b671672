/** express-session as its README recommends for production: nothing saved that was not touched. */
import session from 'express-session'
import { expressApp } from '../http/frameworks/express.mjs'

export function expressSession(store) {
  return expressApp({
    use: [
      session({
        ...(store ? { store } : {}),
        secret: 'a secret for the bench alone',
        resave: false,
        saveUninitialized: false,
        cookie: { maxAge: 2_678_400_000 },
      }),
    ],
    read: (req) => req.session.visits ?? 0,
    write: (req) => (req.session.visits = (req.session.visits ?? 0) + 1),
    create: (req, data) => void Object.assign(req.session, data),
  })
}
