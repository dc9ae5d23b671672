import type { ExpressSession } from './express.ts'

/**
 * Types `req.session` for the whole program: `import 'coatcheck/express/augment'` once, and say what you keep:
 *
 * ```ts
 * declare module 'coatcheck/express/augment' {
 *   interface SessionData { cart: string[] }
 * }
 * ```
 *
 * `sessions.of(req).data` needs neither and can differ between two instances.
 */
export interface SessionData {}

declare global {
  // Express's own types, 4 and 5, take a request's additions from here.
  namespace Express {
    interface Request {
      get session(): ExpressSession & Partial<SessionData>
      set session(value: Partial<SessionData> | null | undefined)
      sessionID: string
    }
  }
}
