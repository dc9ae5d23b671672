import type { Request, Response } from 'express'
import { takeFlashes } from 'coatcheck'
import type { Session, Sessions } from 'coatcheck'
import type { DemoData } from './data.ts'
import type { KeptSessions } from './open-sessions.ts'
import type { Place } from './place.ts'
import { render } from './views.ts'

/** What the pages share. */
export interface Site {
  readonly sessions: Sessions<DemoData>
  readonly place: Place
  /** What the store holds under a `session.id`; undefined when it is nothing, or when sessions are in the cookies. */
  readonly readRecord: (id: string) => Promise<string | undefined>
  /** Wait that many milliseconds. */
  readonly pause: Pause
  /** The session of a request. */
  readonly session: (req: Request) => Session<DemoData>
  /** Answer with a template of `views/`. It finds the session in `it.session`, beside `data`. */
  readonly show: (req: Request, res: Response, view: string, data: object, status?: number) => void
}

/** How a slow page waits. */
export type Pause = (ms: number) => Promise<unknown>

/** The site on these sessions. */
export function createSite({ sessions, store, place }: KeptSessions, pause: Pause): Site {
  return {
    sessions,
    place,
    pause,
    readRecord: async (id) => (place.onServer ? (await store.read(id, Date.now()))?.payload : undefined),
    session: (req) => sessions.of(req),
    show(req, res, view, data, status = 200) {
      const session = sessions.of(req)
      const page = render(view, { ...data, session, path: req.path, flashes: takeFlashes(session) })
      res.status(status).type('html').send(page)
    },
  }
}
