import { Router } from 'express'
import type { Request } from 'express'
import { flash } from 'coatcheck'
import type { Site } from '../site.ts'

/** How long a slow visit takes: enough to do something else in another tab meanwhile. */
const SLOW_MS = 4000

/** Count visits, also several at once; count one slowly; start again. */
export function visitsPages({ session, pause, show }: Site): Router {
  const pages = Router()

  /** Two tabs that read 3 and write 4 would lose a visit: `update()` reads, changes and saves as one step. */
  function count(req: Request): Promise<void> {
    return session(req).update((data) => {
      data.visits ??= { count: 0, since: new Date() }
      data.visits.count += 1
    })
  }

  // oxlint-disable-next-line oxc/no-async-endpoint-handlers -- Express 5 passes a rejection on by itself
  pages.get('/visits', async (req, res) => {
    await count(req)
    show(req, res, 'visits', { seconds: SLOW_MS / 1000 })
  })

  // oxlint-disable-next-line oxc/no-async-endpoint-handlers -- as above
  pages.post('/visits/slow', async (req, res) => {
    await count(req)
    await pause(SLOW_MS)
    // Saved with the response. If the session has ended meanwhile, this is dropped and no cookie is sent.
    session(req).data.slowVisit = new Date()
    res.redirect(303, '/visits')
  })

  pages.post('/visits/reset', (req, res) => {
    const current = session(req)
    delete current.data.visits
    delete current.data.slowVisit
    flash(current, 'info', 'The counter has started again.')
    res.redirect(303, '/visits')
  })
  return pages
}
