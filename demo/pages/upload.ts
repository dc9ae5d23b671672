import { Router } from 'express'
import { LIMIT, REFUSALS } from '../refusals.ts'
import type { Problem } from '../refusals.ts'
import type { Site } from '../site.ts'
import { linesOf } from '../text.ts'
import { receiveUpload } from '../upload.ts'
import type { Upload } from '../upload.ts'

/** Upload a text file, see its lines, find them again on the next visit. */
export function uploadPages({ session, sessions, show }: Site): Router {
  const pages = Router()
  const form = (last: Upload | undefined, problem?: Problem): object => ({
    last: last && { ...last, lines: linesOf(last.text).length },
    problem: problem && { ...REFUSALS[problem.refusal], name: problem.name },
    limit: LIMIT,
    policy: sessions.describe().split('\n'),
  })

  pages.get('/', (req, res) => show(req, res, 'upload', form(session(req).data.upload)))

  // oxlint-disable-next-line oxc/no-async-endpoint-handlers -- Express 5 passes a rejection on by itself
  pages.post('/upload', async (req, res) => {
    const { data } = session(req)
    const received = await receiveUpload(req)
    if ('refusal' in received) {
      return show(req, res, 'upload', form(data.upload, received), REFUSALS[received.refusal].status)
    }
    data.upload = { ...received, at: new Date() }
    // See Other, so that reloading the lines does not upload the file again.
    res.redirect(303, '/upload')
  })

  pages.get('/upload', (req, res) => {
    const { upload } = session(req).data
    if (upload) return show(req, res, 'lines', { upload, lines: linesOf(upload.text) })
    const message = 'Your session holds no file, or it has ended.'
    show(req, res, 'message', { title: 'Nothing uploaded yet', message }, 404)
  })
  return pages
}
