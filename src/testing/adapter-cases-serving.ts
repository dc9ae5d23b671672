import type { AdapterContext, AdapterReply } from './adapter-context.ts'
import { arrive, keep, turns } from './adapter-pages.ts'
import { pipelined } from './adapter-wire.ts'
import { check, same } from './check.ts'
import { times } from './races.ts'
import { site } from './visitor.ts'

type Body = (context: AdapterContext) => Promise<void>

/** What servers, browsers and proxies do beside plain requests: methods, connections, paths, several instances. */
export const servingBodies: Readonly<Record<string, Body>> = {
  'P4 HEAD is answered as GET is, without a body: saved, and with its cookie': async (context) => {
    const visit = await context.serve(keep)
    const ada = visit()
    const page = await ada.send('/keep', { method: 'HEAD' })
    same(page.status, 200, 'the status')
    same(page.body, '', 'the body')
    same(page.headers.get('vary'), 'Cookie', 'Vary')
    check(ada.cookie !== undefined, 'there is no cookie')
    same((await ada.get('/read')).body, '{"at":"/keep"}', 'the data a GET finds')
  },
  'P4 twenty redirects at once, each followed at once, find what was saved': async (context) => {
    const visit = await context.serve((session, path) =>
      path === '/read' ? keep(session, path) : redirected(session.data, path),
    )
    const bodies = await Promise.all(
      times(20, async (n) => {
        const browser = visit()
        same((await browser.get(`/user-${n}`)).status, 303, 'the status')
        return (await browser.get('/read')).body
      }),
    )
    same(bodies.join(), times(20, (n) => `{"at":"/user-${n}"}`).join(), 'the data each finds')
  },
  'P4 a login whose handler throws afterwards: the new ID stands, and the error response carries it': async (
    context,
  ) => {
    const visit = await context.serve(async (session, path) => {
      if (path !== '/login') return keep(session, path)
      await session.regenerate({ keep: true })
      session.data['half'] = true
      throw new Error('a bug on purpose')
    })
    const ada = await arrive(visit)
    const before = ada.cookie
    const page = await ada.get('/login')
    same(page.status, 500, 'the status')
    same(page.headers.get('vary'), 'Cookie', 'Vary')
    check(ada.cookie !== undefined && ada.cookie !== before, 'the error response has no new cookie')
    same((await ada.get('/read')).body, '{"at":"/keep"}', 'the data under the new ID')
  },
  'P4 a client that leaves in the middle of a streamed page: its source is stopped, what was saved stays': async (
    context,
  ) => {
    const stopped = Promise.withResolvers<void>()
    async function* parts(): AsyncGenerator<string> {
      try {
        for (;;) {
          yield 'more '
          await turns(1)
        }
      } finally {
        stopped.resolve()
      }
    }
    const visit = await context.serve((session, path) => {
      if (path === '/read') return keep(session, path)
      session.data['before'] = 1
      return { body: parts() }
    })
    const ada = visit()
    const leave = new AbortController()
    const response = await ada.head('/stream', leave.signal)
    const [line = ''] = response.headers.getSetCookie()
    ada.cookie = line.slice(0, line.indexOf(';'))
    leave.abort()
    await stopped.promise
    same((await ada.get('/read')).body, '{"before":1}', 'the data')
  },
  'P1 mounted on a sub-path, the session is there and below, and costs nothing elsewhere': async (context) => {
    const { sessions } = context.on
    const visit = await context.servePage(
      (request, path) => keep(sessions.of(request), path === '/shop/read' ? '/read' : path),
      { at: '/shop' },
    )
    const ada = visit()
    same((await ada.get('/shop/keep')).status, 200, 'the status below')
    same((await ada.get('/shop/read')).body, '{"at":"/shop/keep"}', 'the data')
    const before = context.on.gates.count()
    const page = await ada.get('/elsewhere')
    same(page.status, 500, 'the status elsewhere')
    same(visit.errors.map(codeIn).join(), 'not_registered', 'the error where nothing is mounted')
    same(page.headers.get('vary'), null, 'Vary elsewhere')
    same(context.on.gates.count(), before, 'store calls')
  },
  'P5 two instances on one app: two cookies, two sessions, and neither sees the other': async (context) => {
    const { sessions: visitors } = context.on
    const { sessions: admins } = site(context, { cookie: { name: 'admin', secure: false } })
    const visit = await context.servePage(
      (request, path) => {
        const [visitor, admin] = [visitors.of(request).data, admins.of(request).data]
        if (path === '/put') [visitor['user'], admin['user']] = ['ada', 'root']
        return { body: JSON.stringify([visitor, admin]) }
      },
      { mounts: [{ sessions: visitors }, { sessions: admins, property: 'admin' }] },
    )
    const { cookies } = await visit().get('/put')
    const names = cookies.map((cookie) => cookie.split('=')[0])
    check(names.length === 2 && names.includes('id') && names.includes('admin'), `the cookies are ${names.join()}`)
    same((await visit(cookies.join('; ')).get('/read')).body, '[{"user":"ada"},{"user":"root"}]', 'with both cookies')
    const visitorsOwn = cookies.find((cookie) => cookie.startsWith('id='))
    same((await visit(visitorsOwn).get('/read')).body, '[{"user":"ada"},{}]', "with the visitor's own alone")
  },
  'P5 two instances with one cookie on one request: an error that says so, and no cookie': async (context) => {
    const { sessions } = context.on
    const again = site(context).sessions
    const visit = await context.serve(keep, { mounts: [{ sessions }, { sessions: again, property: 'again' }] })
    const page = await visit().get('/keep')
    same(page.status, 500, 'the status')
    same(page.cookies.length, 0, 'cookies')
    same(visit.errors.map(codeIn).join(), 'registered_twice', 'the error')
  },
  'P5 a Secure cookie leaves where a trusted proxy says https, and nowhere else': async (context) => {
    const { sessions } = site(context, { cookie: { secure: true } })
    for (const trustProxy of [true, false]) {
      const visit = await context.servePage((request) => keep(sessions.of(request), '/keep'), {
        mounts: [{ sessions }],
        trustProxy,
      })
      for (const proto of ['https', 'http']) {
        const { status, cookies } = await visit().send('/', { headers: { 'x-forwarded-proto': proto } })
        const expected = trustProxy && proto === 'https' ? '__Host-id' : ''
        same(status, 200, 'the status')
        same(cookies.map((cookie) => cookie.split('=')[0]).join(), expected, `${proto}, trusted: ${trustProxy}`)
      }
    }
  },
}

/** What needs a socket of the case's own, because no `fetch` does it. */
export const socketBodies: Readonly<Record<string, Body>> = {
  'P4 requests pipelined on one connection: answered in order, each with its own cookie': async (context) => {
    const visit = await context.serve((session, path) => ({ ...keep(session, path), headers: { 'x-path': path } }))
    context.on.gates.hold('create')
    const answering = pipelined(visit.url, ['/one', '/two', '/three'])
    const stop = await context.on.gates.reached('create')
    // Some servers begin them all at once, others begin each when the one before has been answered.
    for (let turn = 0; turn < 100 && context.on.gates.count('create') < 3; turn++) await turns(1)
    await turns(5) // by now the others are saved, and wait for their turn
    stop.release()
    const answers = await answering
    same(answers.map(({ status }) => status).join(), '200,200,200', 'the statuses')
    same(answers.map(({ head }) => valueOf(head, 'x-path')).join(), '/one,/two,/three', 'the pages')
    const cookies = answers.map(({ head }) => valueOf(head, 'set-cookie').split(';')[0] ?? '')
    const bodies = await Promise.all(cookies.map(async (cookie) => (await visit(cookie).get('/read')).body))
    same(bodies.join(), '{"at":"/one"},{"at":"/two"},{"at":"/three"}', 'the data under each cookie')
  },
  'P4 after a failed save the connection serves the next request': async (context) => {
    const visit = await context.serve(keep)
    const ada = await arrive(visit)
    context.on.gates.fail('update', new Error('full'))
    const answers = await pipelined(visit.url, ['/first', '/read'], ada.cookie)
    same(answers.map(({ status }) => status).join(), '500,200', 'the statuses')
    same((await ada.get('/read')).body, '{"at":"/keep"}', 'the data')
  },
}

function redirected(data: Record<string, unknown>, path: string): AdapterReply {
  data['at'] = path
  return { status: 303, headers: { location: '/read' } }
}

function valueOf(head: readonly string[], name: string): string {
  const line = head.find((each) => each.toLowerCase().startsWith(`${name}: `))
  return line?.slice(name.length + 2) ?? ''
}

function codeIn(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : error
}
