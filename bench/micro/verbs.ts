import assert from 'node:assert/strict'
import { createSessions } from 'coatcheck'
import type { Store } from 'coatcheck'

/** What a request may do with its session; each from `open` to the end of `commit`. */
export type Verbs = Readonly<Record<'stranger, nothing' | 'nothing' | 'read' | 'write' | 'new', () => Promise<void>>>

const NEW = { visits: 0, user: 'visitor-4711', theme: 'dark', cart: ['scarf', 'gloves', 'umbrella'] }

interface Data {
  visits: number
}

/** Verbs on a session of this store that is there already, which has 100 bytes of data. */
export async function verbsOf(store: Store): Promise<Verbs> {
  const sessions = createSessions<Data>({ store, cookie: { secure: false }, sweepEvery: false })
  const visit = async (cookie: string | undefined, act: (data: Partial<Data>) => void): Promise<string | undefined> => {
    const session = await sessions.open({ cookie, secure: false })
    act(session.data)
    const { setCookie } = await sessions.commit(session)
    return setCookie[0]?.split(';')[0]
  }
  const begin = async (): Promise<string | undefined> => visit(undefined, (data) => void Object.assign(data, NEW))
  let cookie = await begin()
  await visit(cookie, ({ visits }) => assert.equal(visits, 0))
  return {
    'stranger, nothing': async () => void (await visit(undefined, () => {})),
    nothing: async () => void (await visit(cookie, () => {})),
    read: async () => void (await visit(cookie, ({ visits }) => assert.ok(visits !== undefined))),
    // A session in a cookie comes back in another one.
    write: async () =>
      void (cookie = (await visit(cookie, (data) => (data.visits = (data.visits ?? 0) + 1))) ?? cookie),
    new: async () => void (await begin()),
  }
}
