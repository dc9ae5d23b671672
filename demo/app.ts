import { join } from 'node:path'
import express from 'express'
import type { Express, NextFunction, Request, Response } from 'express'
import { SessionError } from 'coatcheck'
import type { Sessions } from 'coatcheck'
import { session } from 'coatcheck/express'
import type { Html } from './html.ts'
import { formPage, linesPage, messagePage, statusOf } from './pages.ts'
import type { Problem } from './pages.ts'
import { receiveUpload } from './upload.ts'
import type { Upload } from './upload.ts'

/** What the demo keeps about a visitor. */
export interface DemoData {
  upload: Upload
}

/** The demo's two pages, as an Express application. */
export function createApp(sessions: Sessions<DemoData>): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.use(protectPages)
  // Before the session, so that the style sheet costs no look into the store.
  app.use(express.static(join(import.meta.dirname, 'public')))
  app.use(session(sessions, { onCommitError: (error, _req, res: Response) => answerFailure(error, res) }))

  app.get('/', (req, res) => {
    send(res, 200, formPage(sessions.of(req).data.upload, sessions.describe()))
  })

  // oxlint-disable-next-line oxc/no-async-endpoint-handlers -- Express 5 passes a rejection on by itself
  app.post('/upload', async (req, res) => {
    const { data } = sessions.of(req)
    const refuse = (problem: Problem): void => {
      send(res, statusOf(problem), formPage(data.upload, sessions.describe(), problem))
    }
    if (comesFromElsewhere(req)) return refuse({ refusal: 'cross_site' })
    const received = await receiveUpload(req)
    if ('refusal' in received) return refuse(received)
    data.upload = { ...received, at: new Date() }
    // See Other, so that reloading the lines does not upload the file again.
    res.redirect(303, '/upload')
  })

  app.get('/upload', (req, res) => {
    const { upload } = sessions.of(req).data
    if (upload) send(res, 200, linesPage(upload))
    else send(res, 404, messagePage('Nothing uploaded yet', 'Your session holds no file, or it has ended.'))
  })

  app.use((_req, res) => send(res, 404, messagePage('No such page', 'There is nothing at this address.')))

  app.use((error: unknown, req: Request, res: Response, next: NextFunction) => {
    // Nobody is left to read a page once the client has hung up.
    if (req.socket.destroyed) return
    if (res.headersSent) next(error)
    else answerFailure(error, res)
  })
  return app
}

function send(res: Response, status: number, page: Html): void {
  res.status(status).type('html').send(page.toString())
}

/** The pages show private text: no cache keeps them, no other site frames them, no script runs in them. */
function protectPages(_req: Request, res: Response, next: NextFunction): void {
  res.set({
    'Cache-Control': 'no-store',
    'Content-Security-Policy':
      "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    'Referrer-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
  })
  next()
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

/** What went wrong goes to the log; the visitor hears whose fault it is and what to do. */
function answerFailure(error: unknown, res: Response): void {
  console.error(error)
  const storeIsAway = error instanceof SessionError && (error.code === 'store_failed' || error.code === 'store_timeout')
  send(
    res,
    storeIsAway ? 503 : 500,
    messagePage(
      'That did not work',
      storeIsAway
        ? 'Your session cannot be read or saved just now. Nothing you kept is lost. Please try again in a moment.'
        : 'Something failed on the server. Nothing was changed. Please try again.',
    ),
  )
}
