import type { AdapterContext, AdapterReply, Browser } from './adapter-context.ts'
import { arrive } from './adapter-pages.ts'
import { check, same } from './check.ts'
import { times } from './races.ts'
import type { Session } from '../session.ts'

type Body = (context: AdapterContext) => Promise<void>

/** P2 and P3 over HTTP: requests at once. */
export const raceBodies: Readonly<Record<string, Body>> = {
  'P2 fifty requests at once set fifty keys of one session: fifty keys': async (context) => {
    const { visit } = await shop(context, 50)
    const ada = await arrive(visit)
    const pages = await Promise.all(times(50, (n) => visit(ada.cookie).get(`/set/key${n}`)))
    same(pages.filter(({ status }) => status === 200).length, 50, 'answers of 200')
    same(keysOf(await ada.get('/read')).filter((key) => key.startsWith('key')).length, 50, 'keys')
  },
  'P2 a hundred update() at once count a hundred': async (context) => {
    const { visit } = await shop(context, 100)
    const ada = await arrive(visit)
    const pages = await Promise.all(times(100, () => visit(ada.cookie).get('/count')))
    same(pages.filter(({ status }) => status === 200).length, 100, 'answers of 200')
    same(JSON.parse((await ada.get('/read')).body).count, 100, 'the count')
  },
  'P3 a slow request that began before destroy() and writes after it: the session stays dead': async (context) => {
    const { visit, slow } = await shop(context)
    const ada = await arrive(visit)
    const tab = visit(ada.cookie)
    const pending = tab.get('/slow')
    await slow.begun
    const { cookie } = ada
    same((await ada.get('/logout')).cookies.join(), 'id=', 'the cookie of the logout')
    slow.go()
    same((await pending).cookies.length, 0, 'cookies of the slow answer')
    same((await visit(cookie).get('/read')).body, '{}', 'the data under the dead ID')
    same((await context.on.told('gone')).length > 0, true, 'an event that something was dropped')
  },
  'P3 a login beside requests in flight: one live ID, and the new cookie is never overwritten': async (context) => {
    const { visit, slow } = await shop(context)
    const ada = await arrive(visit)
    const old = ada.cookie
    const inFlight = visit(old).get('/slow')
    await slow.begun
    await ada.get('/login')
    slow.go()
    const answers = [await inFlight, ...(await Promise.all(times(10, (n) => visit(old).get(`/set/late${n}`))))]
    same(answers.flatMap(({ cookies }) => cookies).length, 0, 'cookies sent to requests with the old one')
    check(ada.cookie !== undefined && ada.cookie !== old, 'the login gave no new cookie')
    same((await ada.get('/read')).body, '{"user":"ada"}', 'the data under the new ID')
    same((await visit(old).get('/read')).body, '{}', 'the data under the old ID')
    // The write in flight was never acknowledged by a record: an event tells of it.
    same((await context.on.told('gone')).length > 0, true, 'an event that something was dropped')
  },
  'P3 ten logins at once from one session: exactly one live ID': async (context) => {
    const { visit } = await shop(context, 10)
    const ada = await arrive(visit)
    const browsers = times(10, () => visit(ada.cookie))
    await Promise.all(browsers.map((browser) => browser.get('/login')))
    const moved = browsers.filter(({ cookie }) => cookie !== ada.cookie)
    same(moved.length, 1, 'browsers that got a new cookie')
    same((await moved[0]?.get('/read'))?.body, '{"user":"ada"}', 'the data under it')
    same((await ada.get('/read')).body, '{}', 'the data under the old ID')
  },
}

interface Shop {
  readonly visit: (cookie?: string) => Browser
  /** The one request for /slow, which writes only when told to. */
  readonly slow: { readonly begun: Promise<void>; readonly go: () => void }
}

/** Pages that change the session wait until `together` of them have opened it: a fast store would answer in turn. */
async function shop(context: AdapterContext, together = 1): Promise<Shop> {
  const everyone = Promise.withResolvers<void>()
  let opened = 0
  const begun = Promise.withResolvers<void>()
  const go = Promise.withResolvers<void>()

  async function page(session: Session, path: string): Promise<AdapterReply> {
    const [, verb = '', key = ''] = path.split('/')
    if (['set', 'count', 'login'].includes(verb)) {
      JSON.stringify(session.data)
      opened += 1
      if (opened >= together) everyone.resolve()
      await everyone.promise
    }
    switch (verb) {
      case 'keep':
      case 'set':
        session.data[key || 'at'] = path
        break
      case 'count':
        await session.update((data) => (data['count'] = Number(data['count'] ?? 0) + 1))
        break
      case 'slow':
        JSON.stringify(session.data)
        begun.resolve()
        await go.promise
        session.data['slow'] = true
        break
      case 'login':
        await session.regenerate()
        session.data['user'] = 'ada'
        break
      case 'logout':
        await session.destroy()
        break
      default:
    }
    return { body: JSON.stringify(session.data) }
  }
  return { visit: await context.serve(page), slow: { begun: begun.promise, go: go.resolve } }
}

function keysOf({ body }: { readonly body: string }): string[] {
  return Object.keys(JSON.parse(body))
}
