/** An application as the documentation writes it for workers: sessions in memory, and sealed in cookies. */
import { createSessions, login } from 'coatcheck'
import type { Session, Store } from 'coatcheck'
import { withSession } from 'coatcheck/fetch'
import { cookieStore } from 'coatcheck/stores/cookie'
import { memoryStore } from 'coatcheck/stores/memory'

interface Data {
  count: number
  user: string
}

interface Env {
  readonly SESSION_KEY: string
}

/** Made while the worker starts, when it may neither draw random bytes nor set a timer. */
const inMemory = createSessions<Data>({ store: memoryStore(), cookie: { name: 'memory' } })
const memoryPages = withSession(inMemory, page)

/** As if the records were at another server: a visitor can go away while one is written. */
const inSlowMemory = createSessions<Data>({
  store: slowed(memoryStore()),
  cookie: { name: 'slow' },
  storeTimeout: '1s',
})
const slowPages = withSession(inSlowMemory, page)

/** Secrets come with the first request. */
let cookiePages: ((request: Request) => Promise<Response>) | undefined

export default {
  fetch(request: Request, env: Env): Promise<Response> {
    const { pathname } = new URL(request.url)
    if (pathname.startsWith('/memory/')) return memoryPages(request)
    if (pathname.startsWith('/slow/')) return slowPages(request)
    cookiePages ??= withSession(
      createSessions<Data>({ store: cookieStore({ keys: [env.SESSION_KEY] }), cookie: { name: 'sealed' } }),
      page,
    )
    return cookiePages(request)
  },
}

async function page(request: Request, session: Session<Data>): Promise<Response> {
  switch (new URL(request.url).pathname.replace(/^\/\w+/, '')) {
    case '/count':
      session.data.count = (session.data.count ?? 0) + 1
      return new Response(`${session.data.count}`)
    case '/atomic':
      await session.update((now) => void (now.count = (now.count ?? 0) + 1))
      return new Response('counted')
    case '/login':
      await login(session, 'ada')
      session.data.user = 'ada'
      return Response.redirect(new URL('read', request.url), 303)
    case '/logout':
      await session.destroy()
      return new Response('bye')
    case '/stream':
      session.data.count = 100
      return new Response(slowly(['one ', 'two ', 'three']))
    case '/throw':
      session.data.count = -1
      throw new Error('a bug on purpose')
    case '/read':
      return Response.json(session.data)
    default:
      return new Response('no session needed')
  }
}

function slowly(parts: string[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, 5))
      const part = parts.shift()
      if (part === undefined) controller.close()
      else controller.enqueue(new TextEncoder().encode(part))
    },
  })
}

function slowed(store: Store): Store {
  const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20))
  return {
    ...store,
    async update(id, expected, record, now) {
      await pause()
      return store.update(id, expected, record, now)
    },
  }
}
