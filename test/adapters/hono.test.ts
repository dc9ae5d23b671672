/** Sessions as Hono's users know them, without a server. What every adapter does is in the adapter cases. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { streamSSE, streamText } from 'hono/streaming'
import { session } from '../../src/adapters/hono.ts'
import type { HonoOptions, SessionVariables } from '../../src/adapters/hono.ts'
import type { Session } from '../../src/session.ts'
import { createSessions } from '../../src/sessions.ts'
import type { Sessions } from '../../src/sessions.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { gatedStore } from '../../src/testing/gates.ts'
import type { Gates } from '../../src/testing/gates.ts'
import { until } from './wire.ts'

interface Data {
  user: string
  cart: string[]
}

type App = Hono<{ Variables: SessionVariables<Data> }>

interface World {
  readonly app: App
  readonly gates: Gates
  readonly sessions: Sessions<Data>
  /** A browser with a cookie jar. */
  readonly visit: () => (path: string, url?: string) => Promise<Response>
}

function world(options: Parameters<typeof session<Data>>[1] = {}, secure = false): World {
  const gates = gatedStore(memoryStore())
  const sessions = createSessions<Data>({ store: gates.store, cookie: { secure }, sweepEvery: false })
  const app: App = new Hono()
  app.use(session(sessions, options))
  return {
    app,
    gates,
    sessions,
    visit() {
      let cookie = ''
      return async (path, url = 'http://localhost') => {
        const response = await app.request(url + path, cookie ? { headers: { cookie } } : {})
        const set = response.headers.getSetCookie().find((line) => /^(__Host-)?id=/.test(line))
        if (set !== undefined) cookie = set.slice(0, set.indexOf(';'))
        return response
      }
    },
  }
}

suite('c.var.session', () => {
  test('is sessions.of(c), typed by the app’s variables', async () => {
    const { app, sessions, visit } = world()
    app.get('/put', (c) => {
      const { data }: Session<Data> = c.var.session
      data.user = 'ada'
      assert.equal(c.get('session'), sessions.of(c))
      return c.text('in')
    })
    app.get('/read', (c) => c.json(c.var.session.data))
    const ada = visit()
    assert.equal(await (await ada('/put')).text(), 'in')
    assert.equal(await (await ada('/read')).text(), '{"user":"ada"}')
  })

  test('lazy: it is there once somebody has asked', async () => {
    const { app, sessions, visit } = world({ lazy: true })
    app.get('/', async (c) => {
      assert.equal(c.get('session'), undefined)
      const opened = await sessions.get(c)
      opened.data.user = 'ada'
      assert.equal(c.var.session, opened)
      return c.json(opened.data)
    })
    assert.equal(await (await visit()('/')).text(), '{"user":"ada"}')
  })

  test('a second middleware on one property is an error, as on one cookie', async () => {
    for (const [cookie, property] of [
      ['other', 'session'],
      ['id', 'second'],
    ] as const) {
      const { app, visit } = world()
      const again = createSessions({ store: memoryStore(), cookie: { secure: false, name: cookie }, sweepEvery: false })
      app.use(session(again, { property }))
      app.onError((error, c) => c.text(String(Object(error).code), 500))
      assert.equal(await (await visit()('/')).text(), 'registered_twice')
    }
  })

  test('an app of its own on a sub-path takes the context along', async () => {
    const { app, visit } = world()
    const shop = new Hono<{ Variables: SessionVariables<Data> }>()
    shop.get('/cart', (c) => c.json((c.var.session.data.cart ??= []).push('coat')))
    app.route('/shop', shop)
    const ada = visit()
    await ada('/shop/cart')
    assert.equal(await (await ada('/shop/cart')).text(), '2')
  })
})

suite('responses', () => {
  test('app.onError’s answer carries the new ID of a login that failed later', async () => {
    const { app, visit } = world()
    app.get('/put', (c) => c.json((c.var.session.data.cart = ['a'])))
    app.get('/login', async (c) => {
      await c.var.session.regenerate()
      c.var.session.data.user = 'half'
      throw new HTTPException(503, { message: 'later' })
    })
    app.get('/read', (c) => c.json(c.var.session.data))
    const ada = visit()
    await ada('/put')
    const failed = await ada('/login')
    assert.deepEqual([failed.status, await failed.text(), failed.headers.getSetCookie().length], [503, 'later', 1])
    assert.equal(await (await ada('/read')).text(), '{}', 'the new, empty session')
  })

  test('one response object answered to every visitor carries no cookie from one to the next', async () => {
    const { app, visit } = world()
    const SHARED = new Response(null, { status: 204, headers: { 'x-shared': '1', 'set-cookie': 'other=1' } })
    app.get('/', (c) => {
      c.var.session.data.user = 'someone'
      return SHARED
    })
    const [first, second] = [await visit()('/'), await visit()('/')]
    assert.deepEqual([first.headers.getSetCookie().length, second.headers.getSetCookie().length], [2, 2])
    assert.notDeepEqual(first.headers.getSetCookie(), second.headers.getSetCookie())
    assert.deepEqual(SHARED.headers.getSetCookie(), ['other=1'])
  })

  test('a session that is left alone leaves the very response alone', async () => {
    const { app, visit } = world()
    const response = new Response('static')
    app.get('/', () => response)
    assert.equal(await visit()('/'), response)
  })

  test('streamText and streamSSE begin once the session is saved; what they change later is reported', async () => {
    const { app, sessions, visit } = world()
    const late: string[] = []
    sessions.on('late', ({ keys }) => late.push(...keys))
    app.get('/text', (c) => {
      c.var.session.data.user = 'ada'
      return streamText(c, async (stream) => {
        await stream.write('a')
        c.var.session.data.cart = []
        await stream.write('b')
      })
    })
    app.get('/events', (c) => {
      c.var.session.data.user = 'bob'
      return streamSSE(c, async (stream) => stream.writeSSE({ data: 'x' }))
    })
    app.get('/read', (c) => c.json(c.var.session.data))
    const ada = visit()
    assert.equal(await (await ada('/text')).text(), 'ab')
    await until(() => late.includes('cart'), 'the late change is reported')
    assert.equal(await (await ada('/events')).text(), 'data: x\n\n')
    assert.equal(await (await ada('/read')).text(), '{"user":"bob"}')
  })

  test('a failed save: a plain 500 or onCommitError’s answer, with nothing of the page', async () => {
    for (const own of [false, true]) {
      const options: HonoOptions<{ readonly req: { readonly path: string } }> = {
        onCommitError: (error, c) => new Response(`${c.req.path} ${Object(error).code}`, { status: 503 }),
      }
      const { app, gates, visit } = world(own ? options : {})
      app.get('/a', (c) => {
        c.var.session.data.user = 'ada'
        c.header('x-page', '1')
        return c.text('hello')
      })
      gates.fail('create', new Error('the secret of the store'))
      const response = await visit()('/a')
      const [status, body] = own ? [503, '/a store_failed'] : [500, 'Internal Server Error']
      assert.deepEqual([response.status, await response.text()], [status, body])
      assert.deepEqual([response.headers.get('x-page'), response.headers.getSetCookie()], [null, []])
    }
  })

  test('a failed save cancels what feeds a streamed page', async () => {
    const { app, gates, visit } = world()
    const cancelled = Promise.withResolvers<void>()
    app.get('/', (c) => {
      c.var.session.data.user = 'ada'
      return c.body(new ReadableStream({ cancel: () => cancelled.resolve() }))
    })
    gates.fail('create', new Error('full'))
    assert.equal((await visit()('/')).status, 500)
    await cancelled.promise
  })

  test('what is thrown and no Error is passed on, after a commit that keeps only regenerate and destroy', async () => {
    const { app, gates, visit } = world()
    app.get('/put', (c) => c.json((c.var.session.data.cart = ['a'])))
    app.get('/odd', async (c) => {
      await c.var.session.destroy()
      c.var.session.data.user = 'half'
      throw Object('no error at all')
    })
    const ada = visit()
    await ada('/put')
    await assert.rejects(ada('/odd'), (thrown) => String(thrown) === 'no error at all')
    assert.equal(gates.count('delete'), 1)
  })

  test('what was answered through Node’s own response is warned of, with what was lost', async (t) => {
    const { app, sessions, visit } = world()
    const late: string[] = []
    sessions.on('late', ({ keys }) => late.push(...keys))
    const answered = new Response(null, { headers: { 'x-hono-already-sent': 'true' } })
    app.get('/lost', (c) => {
      c.var.session.data.user = 'ada'
      return answered
    })
    app.get('/read', (c) => {
      assert.deepEqual(c.var.session.data, {})
      return answered
    })
    const codes: unknown[] = []
    const collect = (warning: Error): void => void codes.push(Object(warning).code)
    process.on('warning', collect)
    t.after(() => process.off('warning', collect))
    const ada = visit()
    assert.equal(await ada('/read'), answered)
    assert.equal(await ada('/lost'), answered)
    await until(() => codes.includes('COATCHECK_HEAD_SENT'), 'the warning')
    assert.deepEqual(late, ['user'])
  })

  test('a Secure cookie is set when the URL is https, or the option says so', async () => {
    const page = ({ app }: World): unknown =>
      app.get('/', (c) => {
        c.var.session.data.user = 'ada'
        return c.text('in')
      })
    const asUrl = world({}, true)
    page(asUrl)
    assert.equal((await asUrl.visit()('/')).headers.getSetCookie().length, 0)
    assert.match((await asUrl.visit()('/', 'https://localhost')).headers.getSetCookie()[0] ?? '', /^__Host-id=.*Secure/)
    const told = world({ secure: (c) => c.req.path === '/' }, true)
    page(told)
    assert.equal((await told.visit()('/')).headers.getSetCookie().length, 1)
  })

  test('activity: false keeps a request from counting as a visit', async () => {
    const asked: string[] = []
    const { visit } = world({
      activity: (c) => {
        asked.push(`${c.req.method} ${c.req.path}`)
        return false
      },
    })
    await visit()('/poll')
    assert.deepEqual(asked, ['GET /poll'])
  })
})
