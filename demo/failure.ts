import type { Request, Response } from 'express'
import { SessionError } from 'coatcheck'
import { render } from './views.ts'

interface Answer {
  readonly status: number
  readonly message: string
  /** False when it is nobody's fault, and not worth a line in the log. */
  readonly log: boolean
}

const AWAY: Answer = {
  status: 503,
  message: 'Your session cannot be read or saved just now. Nothing you kept is lost. Please try again in a moment.',
  log: true,
}

/** What the visitor hears; everything else is a fault of the server. */
const ANSWERS: Readonly<Record<string, Answer>> = {
  store_failed: AWAY,
  store_timeout: AWAY,
  session_ended: {
    status: 409,
    message: 'Your session ended while this page was on its way, and so nothing was saved. Please try again.',
    log: false,
  },
  cookie_too_large: {
    status: 413,
    message: 'Sessions are kept in cookies here, and this would not fit into one. What you had is still there.',
    log: false,
  },
  switched_off: {
    status: 503,
    message: 'Sessions are switched off on this server, so nothing can be kept. You can look around.',
    log: false,
  },
}

const FAULT: Answer = {
  status: 500,
  message: 'Something failed on the server. Nothing was changed. Please try again.',
  log: true,
}

/** The answer to an error: what went wrong goes to the log; the visitor hears whose fault it is and what to do. */
export function answerFailure(error: unknown, _req: Request, res: Response): void {
  const { status, message, log } = answerTo(error)
  if (log) console.error(error)
  // Without the session, which may be the very thing that failed.
  res
    .status(status)
    .type('html')
    .send(render('message', { title: 'That did not work', message }))
}

function answerTo(error: unknown): Answer {
  if (error instanceof SessionError) return ANSWERS[error.code] ?? FAULT
  // What Express and its parsers say of a request that cannot be read: too large, cut short, in an unknown charset.
  if (!(error instanceof Error) || !('status' in error)) return FAULT
  const status = Number(error.status)
  if (!(status >= 400 && status < 500)) return FAULT
  return { status, message: 'This is no form of this site, or it did not arrive in one piece.', log: false }
}
