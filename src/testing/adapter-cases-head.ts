import type { AdapterContext, AdapterReply } from './adapter-context.ts'
import { arrive, keep, turns } from './adapter-pages.ts'
import { check, same } from './check.ts'

/** The lifetime of the cases' sessions. */
const HOUR = 3_600_000

type Body = (context: AdapterContext) => Promise<void>

/** P4 and P11: what leaves, and when. */
export const headBodies: Readonly<Record<string, Body>> = {
  'P4 a redirect never outruns the save': async (context) => {
    const visit = await context.serve((session, path) =>
      path === '/login' ? redirect(session.data) : keep(session, path),
    )
    const ada = visit()
    context.on.gates.hold('create')
    let arrived = false
    const login = ada.get('/login').finally(() => (arrived = true))
    const stop = await context.on.gates.reached('create')
    await turns(20)
    check(!arrived, 'the redirect left before the record was stored')
    stop.release()
    same((await login).status, 303, 'the status')
    same((await ada.get('/read')).body, '{"user":"ada"}', 'the data the next page finds')
  },
  'P4 a failed save is a 500 without cookie, and nothing of the page or the reason': async (context) => {
    const visit = await context.serve((session, path) => ({ ...keep(session, path), headers: { 'x-page': '1' } }))
    const ada = await arrive(visit)
    for (const [operation, browser] of [
      ['create', visit()],
      ['update', ada],
    ] as const) {
      context.on.gates.fail(operation, new Error('password of the database'))
      const page = await browser.get('/new')
      same(page.status, 500, `the status when ${operation} fails`)
      same(page.cookies.length, 0, 'cookies')
      same(page.headers.get('x-page'), null, "the page's own header")
      check(!/password|kept|store/i.test(page.body), `the body says too much: ${page.body}`)
    }
    same((await ada.get('/read')).body, '{"at":"/keep"}', 'the data stored before')
  },
  'P4 an error response drops data changes, but destroy and regenerate stand': async (context) => {
    const visit = await context.serve(async (session, path) => {
      if (path === '/read') return keep(session, path)
      session.data['half'] = true
      if (path === '/regenerate') await session.regenerate({ keep: true })
      if (path === '/destroy') await session.destroy()
      return { status: 503, body: 'sorry' }
    })
    const ada = visit((await arrive(await context.serve(keep))).cookie)
    const first = ada.cookie
    same((await ada.get('/change')).status, 503, 'the status')
    same((await ada.get('/read')).body, '{"at":"/keep"}', 'the data after a failed change')
    await ada.get('/regenerate')
    check(ada.cookie !== first && ada.cookie !== undefined, 'the regenerate did not stand')
    same((await ada.get('/read')).body, '{"at":"/keep"}', 'the data after a failed regenerate')
    const { cookie } = ada
    await ada.get('/destroy')
    same(ada.cookie, undefined, 'the cookie after a failed destroy')
    same((await visit(cookie).get('/read')).body, '{}', 'the data under the destroyed ID')
  },
  'P4 a handler that throws is a 500, its data changes are dropped': async (context) => {
    const visit = await context.serve((session, path) => {
      if (path === '/read' || path === '/keep') return keep(session, path)
      session.data['half'] = true
      throw new Error('a bug on purpose')
    })
    const ada = await arrive(visit)
    same((await ada.get('/bug')).status, 500, 'the status')
    same((await ada.get('/read')).body, '{"at":"/keep"}', 'the data afterwards')
    const stranger = visit()
    await stranger.get('/bug')
    same(stranger.cookie, undefined, 'the cookie of a visitor who only met the bug')
  },
  'P4 a response with a cookie is kept out of shared caches, one without is left alone': async (context) => {
    const visit = await context.serve((session, path) => ({
      ...keep(session, path),
      headers: { 'cache-control': 'public, max-age=60', vary: 'Accept', 'set-cookie': 'other=1' },
    }))
    const ada = visit()
    const first = await ada.get('/keep')
    same(first.headers.get('cache-control'), 'private, max-age=60', 'Cache-Control with a cookie')
    same(first.headers.get('vary'), 'Accept, Cookie', 'Vary')
    same(first.cookies.join(), `other=1,${ada.cookie}`, 'cookies')
    const second = await ada.get('/read')
    same(second.headers.get('cache-control'), 'public, max-age=60', 'Cache-Control without')
    same(second.headers.get('vary'), 'Accept, Cookie', 'Vary of a page made from the session')
  },
  'P4 a cookie sent anew on a page that never asked for its session is kept out of shared caches, too': async (
    context,
  ) => {
    const visit = await context.serve((session, path) =>
      path === '/static' ? { headers: { 'cache-control': 'public, max-age=60' } } : keep(session, path),
    )
    const ada = await arrive(visit)
    context.clock.advance(HOUR / 2)
    const page = await ada.get('/static')
    same(page.cookies.join(), String(ada.cookie), 'cookies')
    same(page.headers.get('cache-control'), 'private, max-age=60', 'Cache-Control')
    same(page.headers.get('vary'), 'Cookie', 'Vary')
  },
  'P4 a streamed page begins once the session is saved; what it changes later is reported': async (context) => {
    const late = new Promise<readonly string[]>((resolve) =>
      context.on.sessions.on('late', ({ keys }) => resolve(keys)),
    )
    const resume = Promise.withResolvers<void>()
    const visit = await context.serve((session, path) => {
      if (path === '/read') return keep(session, path)
      session.data['before'] = 1
      async function* parts(): AsyncGenerator<string> {
        yield 'first '
        await resume.promise
        session.data['after'] = 1
        yield 'last'
      }
      return { body: parts() }
    })
    const ada = visit()
    const response = await ada.head('/stream')
    const [line = ''] = response.headers.getSetCookie()
    ada.cookie = line.slice(0, line.indexOf(';'))
    same((await ada.get('/read')).body, '{"before":1}', 'the data while the page streams')
    resume.resolve()
    same(await response.text(), 'first last', 'the body')
    same((await late).join(), 'after', 'the keys reported as late')
    same((await ada.get('/read')).body, '{"before":1}', 'the data afterwards')
  },
  'P4 a client that goes away changes nothing about the commit': async (context) => {
    const leave = new AbortController()
    const left = Promise.withResolvers<void>()
    const visit = await context.serve(async (session, path) => {
      if (path !== '/slow') return keep(session, path)
      session.data['bought'] = true
      leave.abort()
      await left.promise
      return { body: 'nobody reads this' }
    })
    const ada = await arrive(visit)
    context.on.gates.hold('update', { side: 'after' })
    const gone = ada.get('/slow', leave.signal).catch((error: unknown) => Object(error).name)
    same(await gone, 'AbortError', 'what the client got')
    await turns(5)
    left.resolve()
    ;(await context.on.gates.reached('update', 'after')).release()
    same((await ada.get('/read')).body, '{"at":"/keep","bought":true}', 'the data')
  },
  'P11 a store that does not answer is an error within the time limit, and no cookie is lost': async (context) => {
    const visit = await context.serve(keep)
    const ada = await arrive(visit)
    for (const operation of ['read', 'update'] as const) {
      context.on.gates.hold(operation)
      const pending = ada.get('/other')
      const stop = await context.on.gates.reached(operation)
      context.clock.advance(2000)
      const page = await pending
      same(page.status, 500, `the status when ${operation} hangs`)
      same(page.cookies.length, 0, 'cookies')
      stop.fail(new Error('too late'))
    }
    same((await ada.get('/read')).body, '{"at":"/keep"}', 'the data once the store is well')
  },
}

function redirect(data: Record<string, unknown>): AdapterReply {
  data['user'] = 'ada'
  return { status: 303, headers: { location: '/read' } }
}
