import { Router } from 'express'
import type { Request } from 'express'
import { SessionError } from 'coatcheck'
import type { Site } from '../site.ts'

/** How much of a record the page shows; an upload can be long. */
const SHOWN = 2000

/** Where the data of this session is, how long it stays, and how to end it. */
export function wherePages({ session, sessions, place, readRecord, show }: Site): Router {
  const pages = Router()

  // oxlint-disable-next-line oxc/no-async-endpoint-handlers -- Express 5 passes a rejection on by itself
  pages.get('/where', async (req, res) => {
    const current = session(req)
    // An ID of before a login is still known to the store, but there is nothing behind it.
    const kept = !current.isNew && current.ended === undefined
    const record = kept ? await readRecord(current.id) : undefined
    show(req, res, 'where', {
      kept,
      place,
      record: record && { ...place.record(current.id), size: Buffer.byteLength(record), text: shortened(record) },
      cookie: { name: sessions.cookieName, size: sizeOfCookie(req, sessions.cookieName) },
      policy: sessions.describe().split('\n'),
      owned: current.owner === undefined ? undefined : await countOf(current.owner),
    })
  })

  // oxlint-disable-next-line oxc/no-async-endpoint-handlers -- as above
  pages.post('/where/end', async (req, res) => {
    const { owner } = session(req)
    await session(req).destroy()
    if (owner !== undefined) await unlessItCannot(sessions.revokeAll({ owner }))
    res.redirect(303, '/where')
  })
  return pages

  async function countOf(owner: string): Promise<number | undefined> {
    return unlessItCannot(Array.fromAsync(sessions.list({ owner })).then(({ length }) => length))
  }
}

/** Undefined on a store that cannot list the sessions of somebody: Memcached, and cookies. */
async function unlessItCannot<Value>(value: Promise<Value>): Promise<Value | undefined> {
  try {
    return await value
  } catch (error) {
    if (error instanceof SessionError && error.code === 'cannot') return undefined
    throw error
  }
}

/** Of its name and value as the browser sent them, in bytes. */
function sizeOfCookie(req: Request, name: string): number {
  return req.headers.cookie?.split('; ').find((cookie) => cookie.startsWith(`${name}=`))?.length ?? 0
}

function shortened(text: string): string {
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}…`
}
