import { cache } from 'react'
import { cookies, headers } from 'next/headers'
import { createSessions } from 'coatcheck'
import type { Sessions } from 'coatcheck'
import { nextSessions } from 'coatcheck/next'
import { openStore } from 'coatcheck/stores'

interface Data {
  visits: number
}

// Next bundles pages, route handlers and the proxy apart, and reloads them while you edit: without this each of them
// would have an instance, and a pool of connections, of its own.
const shared: typeof globalThis & { sessions?: Promise<Sessions<Data>> } = globalThis
shared.sessions ??= openStore(process.env['SESSION_STORE'] ?? 'file:.sessions').then((store) =>
  createSessions<Data>({ store }),
)

export const sessions = await shared.sessions

const next = nextSessions(sessions, { cookies, headers })
/** For server actions. */
export const { changeSession } = next
/** For server components; several on one page share one read. */
export const readSession = cache(next.readSession)
