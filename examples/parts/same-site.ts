/** What every Express example with a form mounts in front of its sessions. */
import type { NextFunction, Request, Response } from 'express'

/**
 * Takes no form that another website sent in the visitor's name (CSRF). The cookie is SameSite=Lax and does not come
 * with such a form, but without a session it would begin a new one, whose cookie replaces the visitor's own; and a
 * sign-in needs no cookie at all. Browsers name the site in `Origin`; what sends none is no browser.
 */
export function refuseOtherSites(req: Request, res: Response, next: NextFunction): void {
  const origin = req.get('origin')
  const reads = req.method === 'GET' || req.method === 'HEAD'
  if (reads || origin === undefined || URL.parse(origin)?.host === req.host) next()
  else res.status(403).send('Another website sent this form.')
}
