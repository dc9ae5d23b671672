import type { AdapterContext, AdapterPage, Visitors } from './adapter-context.ts'
import { arrive, keep, turns } from './adapter-pages.ts'
import { check, same } from './check.ts'
import { codeOf } from './visitor.ts'

type Body = (context: AdapterContext) => Promise<void>

/** The lazy form: nothing is read until somebody asks, and whatever was asked for is kept as ever. */
export const lazyBodies: Readonly<Record<string, Body>> = {
  'P1 lazy: a page that does not ask costs a visitor with a session nothing': async (context) => {
    const visit = await pages(context)
    const ada = await arrive(visit)
    const before = context.on.gates.count()
    const page = await ada.get('/static')
    same(page.body, 'static', 'the body')
    same(page.cookies.length, 0, 'cookies')
    same(page.headers.get('vary'), null, 'Vary')
    same(context.on.gates.count(), before, 'store calls')
  },
  'P4 lazy: what was asked for is saved before the answer leaves, and a failed save is a 500': async (context) => {
    const visit = await pages(context)
    context.on.gates.hold('create')
    let arrived = false
    const ada = visit()
    const keeping = ada.get('/keep').finally(() => (arrived = true))
    const stop = await context.on.gates.reached('create')
    await turns(20)
    check(!arrived, 'the answer left before the record was stored')
    stop.release()
    same((await keeping).headers.get('vary'), 'Cookie', 'Vary')
    same((await ada.get('/read')).body, '{"at":"/keep"}', 'the data the next page finds')
    context.on.gates.fail('update', new Error('full'))
    same((await ada.get('/other')).status, 500, 'the status when the save fails')
  },
  'P9 lazy: asked for twice it is read once; before, of() says whom to ask': async (context) => {
    const { sessions } = context.on
    const visit = await pages(context, async (request) => {
      const before = await codeOf(() => sessions.of(request))
      const [one, two] = await Promise.all([sessions.get(request), sessions.get(request)])
      const third = await sessions.get(request)
      return { body: JSON.stringify([before, one === two, one === third, one === sessions.of(request), one.data]) }
    })
    const { cookie } = await arrive(await pages(context))
    const before = context.on.gates.count('read')
    same((await visit(cookie).get('/')).body, '["not_loaded",true,true,true,{"at":"/keep"}]', 'what the page found')
    same(context.on.gates.count('read') - before, 1, 'reads')
  },
  'P4 lazy: asked for and not waited for, it is waited for by the answer': async (context) => {
    const { sessions } = context.on
    const visit = await pages(context, (request) => {
      sessions.get(request).catch(() => undefined)
      return { body: 'answered' }
    })
    const { cookie } = await arrive(await pages(context))
    context.on.gates.hold('read')
    let arrived = false
    const answering = visit(cookie)
      .get('/')
      .finally(() => (arrived = true))
    const stop = await context.on.gates.reached('read')
    await turns(20)
    check(!arrived, 'the answer left while the session was being read')
    stop.fail(new Error('down'))
    same((await answering).body, 'answered', 'the body')
  },
  'P4 lazy: first asked for after the head has left, it is an error that says so': async (context) => {
    const { sessions } = context.on
    const resume = Promise.withResolvers<void>()
    const visit = await pages(context, (request) => {
      async function* parts(): AsyncGenerator<string> {
        yield 'first '
        await resume.promise
        yield await codeOf(() => sessions.get(request))
      }
      return { body: parts() }
    })
    const response = await visit().head('/')
    resume.resolve()
    same(await response.text(), 'first head_sent', 'the body')
    same(context.on.gates.count(), 0, 'store calls')
  },
  'P7 lazy: a request counts as a visit when it asks': async (context) => {
    const visit = await pages(context)
    for (const [path, found] of [
      ['/read', '{"at":"/keep"}'],
      ['/static', '{}'],
    ] as const) {
      const ada = await arrive(visit)
      context.clock.advance(40 * 60_000)
      await ada.get(path)
      context.clock.advance(40 * 60_000)
      same((await ada.get('/read')).body, found, `the data, an hour and a third later, ${path} in between`)
    }
  },
  'P11 lazy: a store that fails is the error of the page that asks, and of no other': async (context) => {
    const visit = await pages(context)
    const ada = await arrive(visit)
    context.on.gates.fail('read', new Error('down'))
    same((await ada.get('/read')).status, 500, 'the status of a page that asks')
    context.on.gates.fail('read', new Error('down'))
    same((await ada.get('/static')).status, 200, 'the status of one that does not')
  },
}

/** `/static` leaves the session alone, the other paths keep what `keep` keeps; or what `page` does. */
function pages(context: AdapterContext, page?: AdapterPage): Promise<Visitors> {
  const { sessions } = context.on
  const usual: AdapterPage = async (request, path) =>
    path === '/static' ? { body: 'static' } : keep(await sessions.get(request), path)
  return context.servePage(page ?? usual, { mounts: [{ sessions, lazy: true }] })
}
