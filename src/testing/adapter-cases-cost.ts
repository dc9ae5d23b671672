import type { AdapterContext } from './adapter-context.ts'
import { arrive, keep } from './adapter-pages.ts'
import { check, same } from './check.ts'
import { times } from './races.ts'

const HOUR = 3_600_000

type Body = (context: AdapterContext) => Promise<void>

/** P1, P5, P7, P9, P10: what a request costs and which cookies count. */
export const costBodies: Readonly<Record<string, Body>> = {
  'P1 fifty visitors of a page that leaves the session alone: no cookie, no store call, no Vary': async (context) => {
    const visit = await context.serve(() => ({ body: 'static' }))
    const pages = await Promise.all(times(50, () => visit().get()))
    same(pages.filter(({ status, body }) => status === 200 && body === 'static').length, 50, 'pages')
    same(pages.flatMap(({ cookies }) => cookies).length, 0, 'cookies')
    same(pages.filter(({ headers }) => headers.has('vary')).length, 0, 'pages that vary by cookie')
    same(context.on.gates.count(), 0, 'store calls')
  },
  'P1 a page that only reads the session varies by cookie, and costs a visitor nothing': async (context) => {
    const visit = await context.serve(({ data }) => ({ body: `hello ${String(data['user'])}` }))
    const page = await visit().get()
    same(page.body, 'hello undefined', 'the body')
    same(page.headers.get('vary'), 'Cookie', 'Vary')
    same(page.cookies.length, 0, 'cookies')
    same(context.on.gates.count(), 0, 'store calls')
  },
  'P5 a malformed cookie never reaches the store, and an unknown one is replaced': async (context) => {
    const visit = await context.serve(keep)
    const foreign = ['id=short', `id=${'a'.repeat(5000)}`, 'id=../../etc/passwd', 'id=%00', 'id=']
    for (const cookie of foreign) await visit(cookie).get('/read')
    same(context.on.gates.count(), 0, 'store calls for malformed cookies')
    const forged = `id=${'A'.repeat(43)}`
    const mallory = visit(forged)
    same((await mallory.get('/keep')).status, 200, 'the status')
    check(mallory.cookie !== undefined && mallory.cookie !== forged, `a forged ID was adopted: ${mallory.cookie}`)
    same((await visit(forged).get('/read')).body, '{}', 'the data under the forged ID')
  },
  'P5 one browser never sees the data of another': async (context) => {
    const visit = await context.serve(keep)
    const browsers = times(10, () => visit())
    await Promise.all(browsers.map((browser, n) => browser.get(`/user-${n}`)))
    const pages = await Promise.all(browsers.map((browser) => browser.get('/read')))
    same(pages.map(({ body }) => body).join(), times(10, (n) => `{"at":"/user-${n}"}`).join(), 'the data of each')
    same(new Set(browsers.map(({ cookie }) => cookie)).size, 10, 'different cookies')
  },
  'P5 a token in the URL, a header or the body opens nothing, and it leaves in Set-Cookie alone': async (context) => {
    const visit = await context.serve(({ data, id }, path) => {
      if (path.startsWith('/keep')) data['at'] = path
      return { body: JSON.stringify([id, data]) }
    })
    const ada = visit()
    const pages = [await ada.get('/keep'), await ada.get('/read')]
    const cookie = ada.cookie ?? ''
    const token = cookie.slice(cookie.indexOf('=') + 1)
    for (const { headers, body } of pages) {
      const others = [...headers].filter(([name]) => name !== 'set-cookie')
      check(token !== '' && !JSON.stringify([others, body]).includes(token), 'the token is in the page or its headers')
    }
    const elsewhere: [string, Omit<RequestInit, 'redirect'>][] = [
      [`/read?${cookie}`, {}],
      [`/read;${cookie}`, {}],
      [`/read/${token}`, {}],
      ['/read', { headers: { authorization: `Bearer ${token}`, 'x-session-id': token, 'set-cookie': cookie } }],
      ['/read', { method: 'POST', body: cookie }],
    ]
    for (const [path, request] of elsewhere) {
      const { body, status } = await visit().send(path, request)
      check(status === 200 && body.endsWith(',{}]'), `${path.split(token).join('…')}: ${status} ${body}`)
    }
    same((await ada.get('/read')).body.includes('/keep'), true, 'the data under the cookie')
  },
  'P7 an idle session is gone at its deadline': async (context) => {
    const visit = await context.serve(keep)
    const ada = await arrive(visit)
    context.clock.advance(HOUR - 1)
    same((await ada.get('/read')).body, '{"at":"/keep"}', 'the data just before')
    context.clock.advance(2 * HOUR)
    same((await ada.get('/read')).body, '{}', 'the data after')
  },
  'P9 reading costs one store call, and nothing is sent': async (context) => {
    const visit = await context.serve(keep)
    const ada = await arrive(visit)
    const before = context.on.gates.count()
    const page = await ada.get('/read')
    same(
      context.on.gates.calls
        .slice(before)
        .map(({ operation }) => operation)
        .join(),
      'read',
      'store calls',
    )
    same(page.cookies.length, 0, 'cookies')
    same(page.headers.get('vary'), 'Cookie', 'Vary')
  },
  'P10 what one request puts in, another takes out': async (context) => {
    const value = { date: new Date(0), map: new Map([['a', new Set([1n])]]), bytes: new Uint8Array([0, 255]) }
    let found: unknown
    const visit = await context.serve(({ data }, path) => {
      if (path === '/put') data['value'] = value
      else found = data['value']
      return {}
    })
    const ada = visit()
    await ada.get('/put')
    await ada.get('/take')
    const { date, map, bytes } = Object(found)
    check(date instanceof Date && date.getTime() === 0, 'the date')
    check(map instanceof Map && map.get('a') instanceof Set && map.get('a').has(1n), 'the map')
    check(bytes instanceof Uint8Array && bytes[1] === 255, 'the bytes')
  },
}
