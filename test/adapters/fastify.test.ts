/* oxlint-disable oxc/no-async-endpoint-handlers -- the rule is about Express 4; Fastify waits for its handlers */
/** Sessions as Fastify and its plugins know them. What every adapter does is in the adapter cases. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import csrf from '@fastify/csrf-protection'
import flash from '@fastify/flash'
import { Authenticator, Strategy } from '@fastify/passport'
import { fastify } from 'fastify'
import type { FastifyInstance, FastifyReply, FastifyRequest, LightMyRequestResponse } from 'fastify'
// oxlint-disable-next-line import/no-unassigned-import -- it only declares types
import '../../src/adapters/fastify-augment.ts'
import { session } from '../../src/adapters/fastify.ts'
import type { FastifySessionOptions } from '../../src/adapters/fastify.ts'
import { createSessions } from '../../src/sessions.ts'
import type { Sessions } from '../../src/sessions.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { gatedStore } from '../../src/testing/gates.ts'
import type { Gates } from '../../src/testing/gates.ts'
import { answerPast, ask, listen, until } from './wire.ts'

declare module '../../src/adapters/fastify-augment.ts' {
  interface SessionData {
    user: string
    cart: string[]
  }
}

interface World {
  readonly app: FastifyInstance
  readonly gates: Gates
  readonly sessions: Sessions
  readonly lines: readonly Record<string, unknown>[]
}

function world(name = 'id'): Pick<World, 'gates' | 'sessions'> {
  const gates = gatedStore(memoryStore())
  return { gates, sessions: createSessions({ store: gates.store, cookie: { secure: false, name }, sweepEvery: false }) }
}

async function site(t: TestContext, options: FastifySessionOptions<FastifyRequest, FastifyReply> = {}): Promise<World> {
  const { gates, sessions } = world()
  const lines: Record<string, unknown>[] = []
  const app = fastify({ logger: { level: 'error', stream: { write: (line: string) => lines.push(JSON.parse(line)) } } })
  t.after(() => app.close())
  await app.register(session(sessions, options))
  return { app, gates, sessions, lines }
}

/** A browser with every cookie it was given. */
function browser(app: FastifyInstance): (method: 'GET' | 'POST', url: string, payload?: object) => Promise<Visit> {
  const cookies: Record<string, string> = {}
  return async (method, url, payload) => {
    const response: LightMyRequestResponse = await app.inject({ method, url, cookies, ...(payload && { payload }) })
    for (const { name, value } of response.cookies) cookies[name] = value
    return { status: response.statusCode, body: response.body, cookies: { ...cookies } }
  }
}

interface Visit {
  readonly status: number
  readonly body: string
  readonly cookies: Readonly<Record<string, string>>
}

suite('request.session', () => {
  test('is the same data as sessions.of(request), typed, with members that are not in it', async (t) => {
    const { app, sessions } = await site(t)
    app.get('/', async (request) => {
      request.session.cart = ['a']
      request.session.cart.push('b')
      request.session.set('user', 'ada')
      const { session: view } = request
      assert.deepEqual(sessions.of(request).data, { cart: ['a', 'b'], user: 'ada' })
      assert.deepEqual([view.get('user'), view.get('nobody'), view.get('constructor')], ['ada', undefined, undefined])
      assert.deepEqual(view.data(), { cart: ['a', 'b'], user: 'ada' })
      assert.match(view.id, /^[0-9a-f]{64}$/)
      assert.throws(() => Object.assign(view, { get: 1 }), { code: 'bad_value', message: /request\.session\.get/ })
      view.set('user', undefined)
      return { ...view }
    })
    const visit = browser(app)
    assert.equal((await visit('GET', '/')).body, '{"cart":["a","b"]}')
  })

  test('regenerate() empties or keeps the keys it is given, by promise and by callback', async (t) => {
    const { app } = await site(t)
    app.get('/put', async ({ session: view }) => Object.assign(view, { user: 'ada', cart: ['a'] }))
    app.get('/keep', async (request) => {
      await request.session.regenerate(['cart'])
      return { ...request.session }
    })
    app.get('/call', (request, reply) => {
      request.session.regenerate(['cart'], (error) => void reply.send({ error, ...request.session }))
    })
    app.get('/empty', (request, reply) => {
      request.session.regenerate(() => void reply.send({ ...request.session }))
    })
    const visit = browser(app)
    const ids = new Set<string | undefined>()
    for (const [path, body] of [
      ['/put', '{"user":"ada","cart":["a"]}'],
      ['/keep', '{"cart":["a"]}'],
      ['/call', '{"cart":["a"]}'],
      ['/empty', '{}'],
    ] as const) {
      const { body: got, cookies } = await visit('GET', path)
      assert.equal(got, body, path)
      ids.add(cookies['id'])
    }
    assert.equal(ids.size, 4, 'a new ID each time')
  })

  test('lazy: it throws until somebody has asked, and is the same session from then on', async (t) => {
    const { app, sessions, gates } = await site(t, { lazy: true })
    app.get('/', async (request) => {
      assert.throws(() => request.session, { code: 'not_loaded', message: /await sessions\.get\(request\) first/ })
      const { data } = await sessions.get(request)
      request.session.user = 'ada'
      return data
    })
    app.get('/static', async () => 'static')
    const visit = browser(app)
    assert.equal((await visit('GET', '/')).body, '{"user":"ada"}')
    const before = gates.count()
    assert.equal((await visit('GET', '/static')).body, 'static')
    assert.equal(gates.count(), before)
  })

  test('null destroys, another object replaces the data', async (t) => {
    const { app, gates } = await site(t)
    app.get('/put', async (request) => {
      request.session = { user: 'ada', cart: [] }
      return {}
    })
    app.get('/read', async (request) => request.session.data())
    app.get('/end', async (request) => {
      request.session = null
      return { left: typeof request.session }
    })
    const visit = browser(app)
    await visit('GET', '/put')
    assert.equal((await visit('GET', '/read')).body, '{"user":"ada","cart":[]}')
    const { body, cookies } = await visit('GET', '/end')
    assert.deepEqual([body, cookies['id']], ['{"left":"undefined"}', ''])
    assert.equal(gates.count('delete'), 1)
  })
})

suite('scopes', () => {
  test('it applies to the scope it is registered in and those below, and to no other', async (t) => {
    const { sessions } = world()
    const app = fastify()
    t.after(() => app.close())
    const tell = async (request: FastifyRequest): Promise<string> => {
      try {
        return String(Object.keys(sessions.of(request).data).length)
      } catch (error) {
        return String(Object(error).code)
      }
    }
    app.get('/outside', tell)
    await app.register(
      async (shop) => {
        await shop.register(session(sessions))
        shop.get('/inside', tell)
        await shop.register(async (deeper) => void deeper.get('/below', tell))
      },
      { prefix: '/shop' },
    )
    await app.register(async (beside) => void beside.get('/beside', tell))
    const visit = browser(app)
    const bodies = await Promise.all(
      ['/shop/inside', '/shop/below', '/outside', '/beside'].map(async (path) => (await visit('GET', path)).body),
    )
    assert.deepEqual(bodies, ['0', '0', 'not_registered', 'not_registered'])
  })

  test('two instances with different cookies and properties, one of them in a scope below', async (t) => {
    const { app, sessions } = await site(t)
    const { sessions: admins } = world('admin')
    app.get('/user', async (request) => {
      request.session.user = 'ada'
      return { session: request.session, admin: Reflect.get(request, 'admin') }
    })
    await app.register(async (scope) => {
      await scope.register(session(admins, { property: 'admin' }))
      scope.get('/admin', async (request) => {
        admins.of(request).data['user'] = 'root'
        return { session: sessions.of(request).data, admin: Reflect.get(request, 'admin') }
      })
    })
    const visit = browser(app)
    assert.equal((await visit('GET', '/user')).body, '{"session":{"user":"ada"}}')
    const { body, cookies } = await visit('GET', '/admin')
    assert.equal(body, '{"session":{"user":"ada"},"admin":{"user":"root"}}')
    assert.deepEqual(Object.keys(cookies), ['id', 'admin'])
  })

  test('one property twice in a scope, or in one below, is an error when the app gets ready', async (t) => {
    for (const below of [false, true]) {
      const app = fastify()
      t.after(() => app.close())
      app.register(session(world('one').sessions))
      const again = session(world('two').sessions)
      if (below) {
        app.register(async (scope) => {
          await scope.register(again)
        })
      } else app.register(again)
      const refusal = { code: 'registered_twice', message: /request\.session is there already.*its own property/ }
      await assert.rejects(async () => app.ready(), refusal)
    }
  })

  test('a hook that was registered before the session is told so', async (t) => {
    const { sessions } = world()
    const app = fastify()
    t.after(() => app.close())
    app.addHook('onRequest', async ({ session: view }) => assert.equal(view, 'never read'))
    await app.register(session(sessions))
    app.get('/', async () => 'never')
    const { status, body } = await browser(app)('GET', '/')
    assert.equal(status, 500)
    assert.match(body, /register the session before what reads it \[not_registered\]/)
  })
})

suite('responses', () => {
  test('a hijacked reply is saved for, and carries the cookie', async (t) => {
    const { app } = await site(t)
    app.get('/', async (request, reply) => {
      request.session.user = 'ada'
      reply.hijack()
      reply.raw.writeHead(200, { 'content-type': 'text/event-stream' })
      reply.raw.write('data: 1\n\n')
      setImmediate(() => reply.raw.end('data: 2\n\n'))
    })
    app.get('/read', async (request) => request.session.data())
    const visit = browser(app)
    const { body, cookies } = await visit('GET', '/')
    assert.equal(body, 'data: 1\n\ndata: 2\n\n')
    assert.equal(cookies['id']?.length, 43)
    assert.equal((await visit('GET', '/read')).body, '{"user":"ada"}')
  })

  test('a Response as payload decides by its own status, and keeps its headers beside ours', async (t) => {
    const { app, gates } = await site(t)
    app.get('/fails', async (request) => {
      request.session.user = 'half'
      return new Response('sorry', { status: 503 })
    })
    app.get('/works', async (request) => {
      request.session.user = 'ada'
      return new Response('hello', { status: 201, headers: { vary: 'Accept', 'set-cookie': 'other=1' } })
    })
    const visit = browser(app)
    assert.equal((await visit('GET', '/fails')).status, 503)
    assert.equal(gates.count('create'), 0)
    const { status, body, cookies } = await visit('GET', '/works')
    assert.deepEqual([status, body, Object.keys(cookies)], [201, 'hello', ['other', 'id']])
  })

  test('a failed save is in the log, and a plain 500 even where an error handler would answer', async (t) => {
    const { app, gates, lines } = await site(t)
    app.setErrorHandler((_error, _request, reply) => reply.send('the handler'))
    app.get('/', async (request) => {
      request.session.user = 'ada'
      return 'hello'
    })
    gates.fail('create', new Error('the secret of the store'))
    const { status, body } = await browser(app)('GET', '/')
    assert.deepEqual([status, body], [500, 'Internal Server Error'])
    assert.deepEqual(
      lines.map(({ msg, err }) => [msg, Object(err).code]),
      [['the session could not be saved, so the response is a plain 500', 'store_failed']],
    )
  })

  test('onCommitError answers for a failed save', async (t) => {
    const { app, gates } = await site(t, {
      onCommitError: (error, { url }, { raw }) => {
        raw.statusCode = 503
        raw.end(`${url} ${Object(error).code}`)
      },
    })
    app.get('/a', async (request) => {
      request.session.user = 'ada'
      return 'hello'
    })
    gates.fail('create', new Error('full'))
    const { status, body } = await browser(app)('GET', '/a')
    assert.deepEqual([status, body], [503, '/a store_failed'])
  })

  test('what writes past the response is warned of, with what was lost', async (t) => {
    const { app, sessions } = await site(t)
    const warnings: { readonly code?: string; readonly message: string }[] = []
    const collect = (warning: Error): void => void warnings.push(warning)
    process.on('warning', collect)
    t.after(() => process.off('warning', collect))
    const late: string[] = []
    sessions.on('late', ({ keys }) => late.push(...keys))
    app.get('/', async (request, reply) => {
      request.session.user = 'ada'
      reply.hijack()
      answerPast(reply.raw, 'past')
    })
    await app.ready()
    const { port, close } = await listen(app.server)
    t.after(close)
    assert.deepEqual((await ask(port)).body, 'past')
    await until(() => warnings.length > 0, 'the warning')
    assert.equal(warnings[0]?.code, 'COATCHECK_HEAD_SENT')
    assert.match(warnings[0]?.message ?? '', /not saved or sent: user\. Answer through the framework.*\[head_sent\]/)
    assert.deepEqual(late, ['user'])
  })

  test('activity: false keeps a request from counting as a visit', async (t) => {
    const asked: string[] = []
    const { app } = await site(t, {
      activity: ({ method, routeOptions }) => {
        asked.push(`${method} ${routeOptions.url}`)
        return false
      },
    })
    app.get('/poll', async () => 'ok')
    await browser(app)('GET', '/poll')
    assert.deepEqual(asked, ['GET /poll'])
  })
})

suite('plugins that keep what they know in the session', () => {
  test('@fastify/flash', async (t) => {
    const { app } = await site(t)
    await app.register(flash)
    app.post('/', async (request, reply) => {
      request.flash('info', 'Saved %s', 'it')
      return reply.redirect('/', 303)
    })
    app.get('/', async (_request, reply) => reply.flash('info'))
    const visit = browser(app)
    assert.equal((await visit('POST', '/')).status, 303)
    assert.equal((await visit('GET', '/')).body, '["Saved it"]')
    assert.equal((await visit('GET', '/')).body, '[]')
  })

  for (const sessionPlugin of ['@fastify/session', '@fastify/secure-session'] as const) {
    test(`@fastify/csrf-protection, set up for ${sessionPlugin}`, async (t) => {
      const { app } = await site(t)
      await app.register(csrf, { sessionPlugin })
      app.get('/form', async (_request, reply) => reply.generateCsrf())
      app.post(
        '/send',
        { preHandler: (request, reply, done) => app.csrfProtection(request, reply, done) },
        () => 'sent',
      )
      const visit = browser(app)
      assert.equal((await visit('POST', '/send')).status, 403)
      const { body: token } = await visit('GET', '/form')
      assert.equal((await visit('POST', '/send', { _csrf: 'forged' })).status, 403)
      assert.equal((await visit('POST', '/send', { _csrf: token })).body, 'sent')
      assert.equal((await browser(app)('POST', '/send', { _csrf: token })).status, 403, 'another visitor')
    })
  }

  for (const clearSessionOnLogin of [true, false]) {
    test(`@fastify/passport, clearSessionOnLogin: ${clearSessionOnLogin}`, async (t) => {
      class ByName extends Strategy {
        override authenticate(request: FastifyRequest): void {
          const { body } = request
          const name: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'name') : undefined
          if (name === 'ada') this.success({ name })
          else this.fail()
        }
      }
      const passport = new Authenticator({ clearSessionOnLogin })
      passport.use('name', new ByName('name'))
      passport.registerUserSerializer<{ name: string }, string>(async ({ name }) => name)
      passport.registerUserDeserializer<string, { name: string }>(async (name) => ({ name }))
      const { app } = await site(t)
      await app.register(passport.initialize())
      await app.register(passport.secureSession())
      app.get('/cart', async (request) => {
        request.session.cart = ['coat']
        return ''
      })
      app.get('/who', async (request) => ({ user: Reflect.get(request, 'user') ?? null, cart: request.session.cart }))
      app.post('/login', { preValidation: passport.authenticate('name', { authInfo: false }) }, () => 'in')
      app.post('/logout', async (request) => {
        await request.logout()
        return 'out'
      })
      const visit = browser(app)
      const before = (await visit('GET', '/cart')).cookies['id']
      assert.equal((await visit('POST', '/login', { name: 'eve' })).status, 401)
      const { body, cookies } = await visit('POST', '/login', { name: 'ada' })
      assert.equal(body, 'in')
      assert.notEqual(cookies['id'], before, 'a new ID on login')
      const cart = clearSessionOnLogin ? '' : ',"cart":["coat"]'
      assert.equal((await visit('GET', '/who')).body, `{"user":{"name":"ada"}${cart}}`)
      const after = (await visit('POST', '/logout')).cookies['id']
      assert.notEqual(after, cookies['id'], 'a new ID on logout')
      assert.equal((await visit('GET', '/who')).body, `{"user":null${cart}}`)
    })
  }
})
