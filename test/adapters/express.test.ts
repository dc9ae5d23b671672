/* oxlint-disable oxc/no-async-endpoint-handlers, typescript/no-implied-eval -- handlers here are tests; sloppy code is made on purpose */
/** `req.session` as Express middleware knows it, on Express 5 and 4. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { inspect } from 'node:util'
import flash from 'connect-flash'
import express from 'express'
import type { Express, NextFunction, Request, Response } from 'express'
// @ts-expect-error -- Express 4 under another name: no types of its own, used through those of Express 5
import express4 from 'express4'
import passport from 'passport'
import { Strategy } from 'passport-local'
// oxlint-disable-next-line import/no-unassigned-import -- it only declares types
import '../../src/adapters/express-augment.ts'
import { session } from '../../src/adapters/express.ts'
import type { ExpressOptions } from '../../src/adapters/express.ts'
import { SessionError } from '../../src/errors.ts'
import { createSessions } from '../../src/sessions.ts'
import type { Sessions } from '../../src/sessions.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { testClock } from '../../src/testing/clock.ts'
import type { TestClock } from '../../src/testing/clock.ts'
import { gatedStore } from '../../src/testing/gates.ts'
import type { Gates } from '../../src/testing/gates.ts'
import { listen } from './wire.ts'

declare module '../../src/adapters/express-augment.ts' {
  interface SessionData {
    user: string
    visits: number
    cart: string[]
    flash: unknown
    passport: { user: unknown }
  }
}

interface World {
  readonly app: Express
  readonly sessions: Sessions
  readonly gates: Gates
  readonly clock: TestClock
  readonly visit: () => Promise<Visitor>
}

interface Visitor {
  cookie: string | undefined
  get(path: string): Promise<Answer>
  post(path: string, form?: Record<string, string>): Promise<Answer>
}

interface Answer {
  readonly status: number
  readonly body: string
  readonly headers: Headers
}

/** Each test runs on both. */
function onBoth(
  name: string,
  run: (t: TestContext, world: World) => Promise<void>,
  options?: ExpressOptions<Request, Response>,
): void {
  for (const [label, framework] of [
    ['Express 5', express],
    ['Express 4', express4],
  ] as const) {
    test(`${label}: ${name}`, (t) => run(t, world(t, framework, options)))
  }
}

function world(t: TestContext, framework: typeof express, options: ExpressOptions<Request, Response> = {}): World {
  const gates = gatedStore(memoryStore())
  const clock = testClock(Date.now())
  const sessions = createSessions({ store: gates.store, cookie: { secure: false }, sweepEvery: false, clock })
  const app = framework()
  app.set('env', 'test')
  app.use(framework.urlencoded({ extended: false }))
  app.use(session(sessions, options))
  let url: Promise<string> | undefined
  return {
    app,
    sessions,
    gates,
    clock,
    visit: async () => {
      url ??= listen(createServer(app)).then(({ port, close }) => {
        t.after(close)
        return `http://127.0.0.1:${port}`
      })
      return visitor(await url)
    },
  }
}

function visitor(url: string): Visitor {
  async function ask(path: string, init: RequestInit): Promise<Answer> {
    const response = await fetch(url + path, {
      redirect: 'manual',
      ...init,
      headers: self.cookie ? { cookie: self.cookie } : {},
    })
    for (const line of response.headers.getSetCookie()) {
      const pair = line.slice(0, line.indexOf(';'))
      self.cookie = pair.endsWith('=') ? undefined : pair
    }
    return { status: response.status, body: await response.text(), headers: response.headers }
  }
  const self: Visitor = {
    cookie: undefined,
    get: (path) => ask(path, {}),
    post: (path, form = {}) => ask(path, { method: 'POST', body: new URLSearchParams(form) }),
  }
  return self
}

onBoth(
  'req.session is the data: plain reading and writing, nested changes included',
  async (_t, { app, sessions, visit }) => {
    app.get('/put', (req, res) => {
      req.session.visits = 1
      req.session.cart = ['a']
      Object.assign(req.session, { user: 'ada', extra: true })
      assert.deepEqual(sessions.of(req).data, { visits: 1, cart: ['a'], user: 'ada', extra: true })
      res.send('ok')
    })
    app.get('/change', (req, res) => {
      req.session.cart?.push('b')
      Reflect.deleteProperty(req.session, 'extra')
      delete req.session.visits
      sessions.of(req).data['direct'] = 1
      res.json(req.session)
    })
    app.get('/look', (req, res) => {
      const { session: view } = req
      assert.equal('user' in view, true)
      assert.equal('visits' in view, false)
      assert.equal(Object.hasOwn(view, 'cart'), true)
      assert.deepEqual({ ...view }, { cart: ['a', 'b'], user: 'ada', direct: 1 })
      assert.deepEqual(Object.keys(view), Object.keys(sessions.of(req).data))
      assert.deepEqual(structuredClone({ ...view }), { ...view })
      assert.match(inspect(view), /cart: \[ 'a', 'b' \]/)
      const seen: string[] = []
      for (const key in view) seen.push(key)
      assert.deepEqual(seen, Object.keys(view))
      res.json(view)
    })
    const ada = await visit()
    assert.equal((await ada.get('/put')).body, 'ok')
    assert.equal((await ada.get('/change')).body, '{"cart":["a","b"],"user":"ada","direct":1}')
    assert.equal((await ada.get('/look')).body, '{"cart":["a","b"],"user":"ada","direct":1}')
  },
)

onBoth(
  'the members are express-session’s, unseen, and assigning to one throws in sloppy code too',
  async (_t, { app, visit }) => {
    // A function made like this is sloppy code, as much old middleware is.
    const assign = new Function('target', 'name', 'target[name] = 1')
    const remove = new Function('target', 'name', 'delete target[name]')
    app.get('/', (req, res) => {
      req.session.user = 'ada'
      const members = ['id', 'cookie', 'save', 'reload', 'regenerate', 'destroy', 'touch']
      for (const name of members) {
        assert.equal(name in req.session, true, name)
        assert.equal(Object.keys(req.session).includes(name), false, name)
        const isRefusal = (error: unknown): boolean =>
          error instanceof SessionError && error.code === 'bad_value' && error.message.includes(`req.session.${name}`)
        assert.throws(() => assign(req.session, name), isRefusal)
        assert.throws(() => remove(req.session, name), isRefusal)
        assert.throws(() => Object.defineProperty(req.session, name, { value: 1 }), isRefusal)
      }
      assert.equal(req.sessionID, req.session.id)
      assert.match(req.session.id, /^[0-9a-f]{64}$/)
      assert.equal(req.session.touch(), req.session)
      res.send(JSON.stringify(req.session))
    })
    assert.equal((await (await visit()).get('/')).body, '{"user":"ada"}')
  },
)

onBoth(
  'data stored under a member’s name stays in the record and breaks nothing',
  async (_t, { app, sessions, visit }) => {
    app.get('/put', (req, res) => {
      Object.assign(sessions.of(req).data, { id: 5, save: 'x', cookie: { a: 1 }, user: 'ada' })
      res.send('ok')
    })
    app.get('/read', async (req, res) => {
      assert.equal(typeof req.session.save, 'function')
      assert.deepEqual({ ...req.session }, { user: 'ada' })
      assert.deepEqual(Reflect.ownKeys(req.session), ['user'])
      req.session.user = 'bob'
      await req.session.save()
      res.json(sessions.of(req).data)
    })
    const ada = await visit()
    await ada.get('/put')
    assert.equal((await ada.get('/read')).body, '{"id":5,"save":"x","cookie":{"a":1},"user":"bob"}')
  },
)

onBoth('save, reload and regenerate, with callbacks and promises', async (_t, { app, sessions, visit }) => {
  app.get('/callbacks', (req, res, next) => {
    req.session.user = 'ada'
    const first = req.session
    const returned = req.session.save((error) => {
      if (error) return next(error)
      req.session.user = 'unsaved'
      req.session.reload((failure) => {
        if (failure) return next(failure)
        assert.equal(req.session.user, 'ada')
        assert.notEqual(req.session, first)
        const { id } = req.session
        const before = req.session
        req.session.regenerate((problem) => {
          if (problem) return next(problem)
          assert.notEqual(req.session.id, id)
          assert.deepEqual({ ...req.session }, {})
          assert.deepEqual({ ...before }, { user: 'ada' }, 'the old one stays readable')
          assert.equal(sessions.of(req).data, sessions.of(req).data)
          req.session.user = 'new'
          res.json(sessions.of(req).data)
        })
      })
    })
    assert.equal(returned, first)
  })
  app.get('/promises', async (req, res) => {
    await req.session.save()
    await req.session.reload()
    assert.equal(req.session.user, 'new')
    await req.session.regenerate()
    assert.equal(req.session.user, undefined)
    res.send('ok')
  })
  app.get('/nothing', async (req, res) => {
    await assert.rejects(req.session.reload(), { code: 'session_ended' })
    void req.session.reload() // a failure that nobody waits for does not end the process
    req.session.reload((error) => res.send(String(Object(error).code)))
  })
  const ada = await visit()
  assert.equal((await ada.get('/callbacks')).body, '{"user":"new"}')
  assert.equal((await ada.get('/promises')).body, 'ok')
  assert.equal((await (await visit()).get('/nothing')).body, 'session_ended')
})

onBoth(
  'destroy and req.session = null end the session; req.session is undefined from then on',
  async (_t, { app, visit }) => {
    app.get('/in', (req, res) => {
      req.session.user = 'ada'
      res.send('in')
    })
    app.get('/who', (req, res) => void res.send(req.session.user ?? 'nobody'))
    app.get('/callback', (req, res, next) => {
      const view = req.session
      view.destroy((error) => (error ? next(error) : res.send(typeof req.session)))
      assert.equal(req.session, undefined)
    })
    app.get('/promise', async (req, res) => {
      await req.session.destroy()
      res.send(typeof req.session)
    })
    app.get('/nobody-waits', (req, res) => {
      void req.session.destroy()
      res.redirect('/who')
    })
    app.get('/null', (req, res) => {
      req.session = null
      assert.equal(req.session, undefined)
      res.send('out')
    })
    for (const way of ['/callback', '/promise', '/nobody-waits', '/null']) {
      const ada = await visit()
      await ada.get('/in')
      assert.equal((await ada.get('/who')).body, 'ada')
      const { cookie } = ada
      const { status } = await ada.get(way)
      assert(status === 200 || status === 302, `${way}: ${status}`)
      assert.equal(ada.cookie, undefined, way)
      ada.cookie = cookie
      assert.equal((await ada.get('/who')).body, 'nobody', way)
    }
  },
)

onBoth(
  'a destroy that nobody waits for and that fails is tried again, and if need be fails the response',
  async (_t, { app, gates, visit }) => {
    app.get('/in', (req, res) => {
      req.session.user = 'ada'
      res.send('in')
    })
    app.get('/who', (req, res) => void res.send(req.session.user ?? 'nobody'))
    app.get('/out', (req, res) => {
      void req.session.destroy()
      res.send('bye')
    })
    const ada = await visit()
    await ada.get('/in')
    const { cookie } = ada
    gates.fail('update', new Error('no'), { times: 2 })
    assert.deepEqual([(await ada.get('/out')).status, ada.cookie], [500, cookie])
    assert.equal((await ada.get('/who')).body, 'ada')
    gates.fail('update', new Error('no'))
    assert.deepEqual([(await ada.get('/out')).status, ada.cookie], [200, undefined])
  },
)

onBoth(
  'assigning another object replaces the data under the same ID; anything else is refused',
  async (_t, { app, sessions, visit }) => {
    app.get('/in', (req, res) => {
      req.session.user = 'ada'
      res.send(req.session.id)
    })
    app.get('/replace', (req, res) => {
      req.session = { visits: 7 }
      assert.deepEqual(sessions.of(req).data, { visits: 7 })
      assert.throws(() => Object.assign(req, { session: 'x' }), { code: 'bad_value' })
      assert.throws(() => Object.assign(req, { session: [1] }), { code: 'bad_value' })
      assert.throws(() => Object.assign(req, { session: { save: 1 } }), { code: 'bad_value' })
      assert.deepEqual(sessions.of(req).data, { visits: 7 }, 'a refused one changes nothing')
      const { session: view } = req
      Object.assign(req, { session: view })
      res.send(req.session.id)
    })
    app.get('/read', (req, res) => void res.json(req.session))
    const ada = await visit()
    const id = (await ada.get('/in')).body
    assert.equal((await ada.get('/replace')).body, id)
    assert.equal((await ada.get('/read')).body, '{"visits":7}')
  },
)

onBoth(
  'cookie.maxAge and expires decide whether the cookie outlives the window',
  async (_t, { app, sessions, visit }) => {
    app.get('/stay', (req, res) => {
      req.session.user = 'ada'
      req.session.cookie.maxAge = 400 * 86_400_000
      res.json({ ...req.session.cookie })
    })
    app.get('/window', (req, res) => {
      Reflect.set(req.session.cookie, 'expires', false)
      assert.deepEqual([req.session.cookie.maxAge, req.session.cookie.expires], [null, null])
      res.json(sessions.of(req).permanent)
    })
    app.get('/misuse', (req, res) => {
      assert.throws(() => Reflect.set(req.session.cookie, 'secure', true), { code: 'bad_option' })
      assert.throws(() => (req.session.cookie.maxAge = 0), { code: 'bad_option' })
      assert.throws(() => (req.session.cookie.expires = new Date(0)), { code: 'bad_option' })
      res.send('ok')
    })
    const ada = await visit()
    const stay = await ada.get('/stay')
    assert.match(stay.headers.getSetCookie()[0] ?? '', /Max-Age=\d+/)
    const shown: { maxAge: number; originalMaxAge: number; expires: string } = JSON.parse(stay.body)
    assert(Math.abs(shown.maxAge - 31 * 86_400_000) < 10_000, 'maxAge is the policy’s')
    assert(Math.abs(Date.parse(shown.expires) - Date.now() - shown.originalMaxAge) < 10_000)
    const window = await ada.get('/window')
    assert.equal(window.body, 'false')
    assert.doesNotMatch(window.headers.getSetCookie()[0] ?? '', /Max-Age|Expires/)
    assert.equal((await ada.get('/misuse')).body, 'ok')
  },
)

test('a maxAge shorter than the policy’s lifetime is a warning, since it cannot be kept', async (t) => {
  const { app, visit } = world(t, express)
  const warned = once(process, 'warning')
  app.get('/', (req, res) => {
    req.session.cookie.maxAge = 60_000
    res.send('ok')
  })
  await (await visit()).get('/')
  assert.equal((await warned)[0].code, 'COATCHECK_MAX_AGE')
})

onBoth(
  'mounted twice, or beside another session middleware, is an error that says so',
  async (_t, { app, sessions, visit }) => {
    app.use('/twice', session(sessions))
    app.use('/cookie', session(sessions, { property: 'other' }))
    app.use(
      (error: unknown, _req: Request, res: Response, _next: NextFunction) => void res.status(500).send(String(error)),
    )
    const ada = await visit()
    assert.match((await ada.get('/twice')).body, /req.session is there already.*registered_twice/s)
    assert.match((await ada.get('/cookie')).body, /cookie "id".*registered_twice/s)
  },
)

onBoth('two instances live side by side when property and cookie name differ', async (_t, { app, visit }) => {
  const admins = createSessions<{ name: string }>({
    store: memoryStore(),
    cookie: { name: 'admin', secure: false },
    sweepEvery: false,
  })
  app.use(session(admins, { property: 'admin' }))
  app.get('/', (req, res) => {
    req.session.user = 'ada'
    admins.of(req).data.name = 'root'
    assert.deepEqual({ ...Reflect.get(req, 'admin') }, { name: 'root' })
    res.send('ok')
  })
  const { headers } = await (await visit()).get('/')
  assert.deepEqual(
    headers
      .getSetCookie()
      .map((line) => line.slice(0, line.indexOf('=')))
      .toSorted(),
    ['admin', 'id'],
  )
})

onBoth(
  'a failed save goes to onCommitError when there is one',
  async (_t, { app, gates, visit }) => {
    app.get('/', (req, res) => {
      req.session.user = 'ada'
      res.set('x-page', '1').redirect('/welcome')
    })
    gates.fail('create', new Error('disk full'))
    const { status, body, headers } = await (await visit()).get('/')
    assert.deepEqual(
      [status, body, headers.get('x-page'), headers.get('location')],
      [503, 'GET / store_failed', null, null],
    )
    assert.deepEqual(headers.getSetCookie(), [])
  },
  { onCommitError: (error, req, res) => void res.status(503).send(`${req.method} ${req.path} ${Object(error).code}`) },
)

onBoth('a store that is down is an error for Express’s error handler', async (_t, { app, gates, visit }) => {
  app.get('/in', (req, res) => {
    req.session.user = 'ada'
    res.send('in')
  })
  app.use(
    (error: unknown, _req: Request, res: Response, _next: NextFunction) =>
      void res.status(503).send(Object(error).code),
  )
  const ada = await visit()
  await ada.get('/in')
  gates.fail('read', new Error('down'))
  assert.deepEqual((await ada.get('/in')).body, 'store_failed')
})

onBoth(
  'activity: false keeps polling from counting as a visit',
  async (_t, { app, gates, clock, visit }) => {
    app.get('/in', (req, res) => {
      req.session.user = 'ada'
      res.send('in')
    })
    app.get(['/poll', '/visit'], (req, res) => void res.send(req.session.user))
    const ada = await visit()
    await ada.get('/in')
    clock.advance(20 * 86_400_000)
    assert.equal((await ada.get('/poll')).body, 'ada')
    assert.equal(gates.count('touch'), 0)
    assert.equal((await ada.get('/visit')).body, 'ada')
    assert.equal(gates.count('touch'), 1)
  },
  { activity: (req) => req.path !== '/poll' },
)

onBoth('res.locals.session works in a template', async (_t, { app, visit }) => {
  // As template engines do: names in scope by `with`.
  const template = new Function(
    'locals',
    'with (locals) { return session.user + " has " + Object.keys(session).length }',
  )
  app.engine('ts', (_path, options, done) => done(null, String(template(options))))
  app.use((req, res, next) => {
    res.locals['session'] = req.session
    next()
  })
  app.get('/', (req, res) => {
    req.session.user = 'ada'
    res.render(import.meta.filename) // any file that is there
  })
  assert.equal((await (await visit()).get('/')).body, 'ada has 1')
})

onBoth('connect-flash: a message survives a redirect and is shown once', async (_t, { app, visit }) => {
  app.use(flash())
  app.get('/do', (req, res) => {
    req.flash('info', 'Saved')
    req.flash('info', '%s files', '3')
    res.redirect('/')
  })
  app.get('/', (req, res) => void res.json(req.flash('info')))
  const ada = await visit()
  await ada.get('/do')
  assert.equal((await ada.get('/')).body, '["Saved","3 files"]')
  assert.equal((await ada.get('/')).body, '[]')
})

for (const keepSessionInfo of [false, true]) {
  onBoth(
    `Passport: login and logout move to a new ID${keepSessionInfo ? ', keeping what was there' : ''}`,
    async (_t, { app, visit }) => {
      const users = new passport.Passport()
      users.use(new Strategy((name, password, done) => done(null, password === 'secret' ? { name } : false)))
      users.serializeUser((user, done) => done(null, Object(user).name))
      users.deserializeUser((name, done) => done(null, { name }))
      app.use(users.session())
      app.get('/cart', (req, res) => {
        req.session.cart = ['book']
        res.send('ok')
      })
      app.post(
        '/login',
        users.authenticate('local', { successRedirect: '/', failureRedirect: '/failed', keepSessionInfo }),
      )
      app.post('/logout', (req, res, next) =>
        req.logout({ keepSessionInfo }, (error) => (error ? next(error) : res.redirect('/'))),
      )
      app.get('/', (req, res) => void res.json({ user: req.user ?? null, cart: req.session.cart ?? null }))

      const ada = await visit()
      const thief = await visit()
      await ada.get('/cart')
      const anonymous = ada.cookie
      const cart = keepSessionInfo ? ['book'] : null
      assert.equal(
        (await ada.post('/login', { username: 'ada', password: 'wrong' })).headers.get('location'),
        '/failed',
      )
      assert.equal(ada.cookie, anonymous, 'a failed login moves nothing')
      assert.equal((await ada.post('/login', { username: 'ada', password: 'secret' })).headers.get('location'), '/')
      assert.deepEqual(JSON.parse((await ada.get('/')).body), { user: { name: 'ada' }, cart })
      assert.notEqual(ada.cookie, anonymous)
      thief.cookie = anonymous
      assert.deepEqual(JSON.parse((await thief.get('/')).body), { user: null, cart: null })
      const loggedIn = ada.cookie
      await ada.post('/logout')
      assert.deepEqual(JSON.parse((await ada.get('/')).body), { user: null, cart })
      thief.cookie = loggedIn
      assert.deepEqual(JSON.parse((await thief.get('/')).body), { user: null, cart: null })
    },
  )
}

onBoth(
  'lazy: req.session throws until somebody has asked, and is the same session from then on',
  async (_t, { app, sessions, gates, visit }) => {
    app.get('/static', (_req, res) => void res.send('static'))
    app.get('/', async (req, res) => {
      const refused = { code: 'not_loaded', message: /await sessions\.get\(request\) first/ }
      assert.throws(() => req.session, refused)
      assert.throws(() => req.sessionID, refused)
      assert.throws(() => Object.assign(req, { session: null }), refused)
      const opened = await sessions.get(req)
      opened.data['visits'] = Number(opened.data['visits'] ?? 0) + 1
      assert.equal(req.session.visits, opened.data['visits'])
      assert.equal(req.sessionID, opened.id)
      res.json(req.session)
    })
    const ada = await visit()
    await ada.get('/')
    assert.equal((await ada.get('/')).body, '{"visits":2}')
    const before = gates.count()
    assert.equal((await ada.get('/static')).body, 'static')
    assert.equal(gates.count(), before)
  },
  { lazy: true },
)
