import { dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import express from 'express'
import type { Express, NextFunction, Request, Response } from 'express'
import { session } from 'coatcheck/express'
import { answerFailure } from './failure.ts'
import type { KeptSessions } from './open-sessions.ts'
import { cartPages } from './pages/cart.ts'
import { namePages } from './pages/name.ts'
import { uploadPages } from './pages/upload.ts'
import { visitsPages } from './pages/visits.ts'
import { wherePages } from './pages/where.ts'
import { refuseOtherSites } from './same-site.ts'
import { createSite } from './site.ts'
import type { Pause } from './site.ts'

const BOOTSTRAP = dirname(fileURLToPath(import.meta.resolve('bootstrap/dist/css/bootstrap.min.css')))

/** The demo's pages, as an Express application. Tests bring a `pause` that ends when they say so. */
export function createApp(kept: KeptSessions, pause: Pause = setTimeout): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.use(protectPages)
  // Before the session, so that a style sheet costs no look into the store.
  app.use(express.static(join(import.meta.dirname, 'public')))
  app.use('/bootstrap', express.static(BOOTSTRAP))
  app.use(refuseOtherSites)
  app.use(session(kept.sessions, { onCommitError: answerFailure }))

  const site = createSite(kept, pause)
  for (const pages of [uploadPages, namePages, visitsPages, cartPages, wherePages]) app.use(pages(site))

  app.use((req, res) => {
    site.show(req, res, 'message', { title: 'No such page', message: 'There is nothing at this address.' }, 404)
  })

  app.use((error: unknown, req: Request, res: Response, next: NextFunction) => {
    // Nobody is left to read a page once the client has hung up.
    if (req.socket.destroyed) return
    if (res.headersSent) next(error)
    else answerFailure(error, req, res)
  })
  return app
}

/** The pages show private text: no cache keeps them, no other site frames them, no foreign script runs in them. */
function protectPages(_req: Request, res: Response, next: NextFunction): void {
  res.set({
    'Cache-Control': 'no-store',
    'Content-Security-Policy': [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      // Bootstrap draws its arrows and ticks with data: images.
      "img-src 'self' data:",
      "form-action 'self'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
    'Referrer-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
  })
  next()
}
