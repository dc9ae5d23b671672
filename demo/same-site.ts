import type { NextFunction, Request, Response } from 'express'
import { render } from './views.ts'

/** Takes no form that another website sent in the visitor's name. */
export function refuseOtherSites(req: Request, res: Response, next: NextFunction): void {
  if (req.method === 'GET' || req.method === 'HEAD' || !comesFromElsewhere(req)) return next()
  const message = 'Another website sent this form, so it was not taken. Use the form on this site.'
  res
    .status(403)
    .type('html')
    .send(render('message', { title: 'Not taken', message }))
}

/**
 * A form on another site can send a file here in the visitor's name. SameSite=Lax keeps their cookie out of it, which
 * makes it worse: the upload would begin a new session, and its cookie would replace the visitor's own. Browsers tell
 * with `Sec-Fetch-Site` (on https and on this machine) or `Origin`; clients that send neither are no browsers.
 */
function comesFromElsewhere(req: Request): boolean {
  const site = req.get('sec-fetch-site')
  if (site !== undefined) return site !== 'same-origin' && site !== 'none'
  const origin = req.get('origin')
  return origin !== undefined && URL.parse(origin)?.host !== req.get('host')
}
