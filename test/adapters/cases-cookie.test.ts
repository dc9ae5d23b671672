/**
 * The adapter cases over sessions in cookies. Those that hold are run as they are; each of the others says why not, and
 * a new case is neither until somebody decides.
 */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { cookieStore } from '../../src/stores/cookie.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { adapterCases } from '../../src/testing/adapter-cases.ts'
import { withAdapterContext } from '../../src/testing/adapter-context.ts'
import type { AdapterContext } from '../../src/testing/adapter-context.ts'
import { keep } from '../../src/testing/adapter-pages.ts'
import { testKey } from '../core/sealed-site.ts'
import { HOLDS_IN_COOKIES } from './cookie-cases.ts'
import { servers } from './servers.ts'

const [WAITS, REPLAY, LAST] = ['stops at a store call', 'opens a copy of an old cookie', 'the last response wins']

const DOES_NOT: Readonly<Record<string, string>> = {
  'reading costs one store call, and nothing is sent': WAITS,
  'a redirect never outruns the save': WAITS,
  'a failed save is a 500 without cookie, and nothing of the page or the reason': WAITS,
  'a client that goes away changes nothing about the commit': WAITS,
  'a store that does not answer is an error within the time limit, and no cookie is lost': WAITS,
  'requests pipelined on one connection: answered in order, each with its own cookie': WAITS,
  'after a failed save the connection serves the next request': WAITS,
  'lazy: what was asked for is saved before the answer leaves, and a failed save is a 500': WAITS,
  'lazy: asked for twice it is read once; before, of() says whom to ask': WAITS,
  'lazy: asked for and not waited for, it is waited for by the answer': WAITS,
  'lazy: a store that fails is the error of the page that asks, and of no other': WAITS,
  'an error response drops data changes, but destroy and regenerate stand': REPLAY,
  'a slow request that began before destroy() and writes after it: the session stays dead': REPLAY,
  'a login beside requests in flight: one live ID, and the new cookie is never overwritten': REPLAY,
  'ten logins at once from one session: exactly one live ID': REPLAY,
  'fifty requests at once set fifty keys of one session: fifty keys': LAST,
  'a hundred update() at once count a hundred': LAST,
}

/** What holds in place of those, over the same servers. */
const INSTEAD: Readonly<Record<string, (context: AdapterContext) => Promise<void>>> = {
  'a redirect carries the session it saved, and reading it back sends nothing': async (context) => {
    const visit = await context.serve((session, path) => {
      if (path !== '/login') return keep(session, path)
      session.data['user'] = 'ada'
      return { status: 303, headers: { location: '/read' } }
    })
    const ada = visit()
    assert.equal((await ada.get('/login')).status, 303)
    const page = await ada.get('/read')
    assert.deepEqual([page.body, page.cookies, page.headers.get('vary')], ['{"user":"ada"}', [], 'Cookie'])
  },
  'a session too large for its cookie is a 500 without cookie, and nothing of the page or the reason': async (
    context,
  ) => {
    const visit = await context.serve((session, path) => {
      if (path === '/big') session.data['big'] = 'x'.repeat(5000)
      return { ...keep(session, path), headers: { 'x-page': '1' } }
    })
    const ada = visit()
    await ada.get('/keep')
    const page = await ada.get('/big')
    assert.deepEqual([page.status, page.cookies, page.headers.get('x-page')], [500, [], null])
    assert.doesNotMatch(page.body, /xxx|4096|big/)
    assert.equal((await ada.get('/read')).body, '{"at":"/keep"}')
  },
  'a failed response keeps destroy and regenerate, and drops the rest': async (context) => {
    const visit = await context.serve(async (session, path) => {
      if (path === '/keep' || path === '/read') return keep(session, path)
      session.data['half'] = true
      if (path === '/regenerate') await session.regenerate({ keep: true })
      if (path === '/destroy') await session.destroy()
      return { status: 503, body: 'sorry' }
    })
    const ada = visit()
    await ada.get('/keep')
    assert.deepEqual((await ada.get('/change')).cookies, [])
    assert.equal((await ada.get('/regenerate')).cookies.length, 1)
    assert.equal((await ada.get('/read')).body, '{"at":"/keep"}')
    assert.deepEqual((await ada.get('/destroy')).cookies, ['id='])
    assert.equal((await ada.get('/read')).body, '{}')
  },
}

for (const [name, serve] of Object.entries(servers)) {
  const run = (body: (context: AdapterContext) => Promise<void>): Promise<void> => {
    const store = cookieStore({ keys: [testKey()] })
    return withAdapterContext({ serve, open: async () => ({ store: memoryStore() }) }, { store }, async (context) => {
      await body(context)
      assert.equal(context.on.gates.count(), 0, 'no store was asked')
    })
  }
  suite(`${name}, sessions in cookies`, () => {
    for (const adapterCase of adapterCases)
      if (HOLDS_IN_COOKIES.includes(adapterCase.name))
        test(`${adapterCase.promise} ${adapterCase.name}`, () => run(adapterCase.run))
    for (const [says, body] of Object.entries(INSTEAD)) test(says, () => run(body))
  })
}

test('every adapter case either holds for sessions in cookies or says why it cannot', () => {
  const decided = [...HOLDS_IN_COOKIES, ...Object.keys(DOES_NOT)].toSorted((a, b) => a.localeCompare(b))
  assert.deepEqual(
    decided,
    adapterCases.map(({ name }) => name).toSorted((a, b) => a.localeCompare(b)),
  )
})
