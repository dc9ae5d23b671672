/* oxlint-disable oxc/no-async-endpoint-handlers -- the rule is about Express 4; Fastify waits for its handlers */
/** @fastify/flash, csrf-protection and passport in one app, each with its part of the same session. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import csrf from '@fastify/csrf-protection'
import { Authenticator, Strategy } from '@fastify/passport'
import { fastify } from 'fastify'
import type { FastifyRequest } from 'fastify'
import { session } from '../../src/adapters/fastify.ts'
import { createSessions } from '../../src/sessions.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { gatedStore } from '../../src/testing/gates.ts'
import { browser, serve } from './browser.ts'
import type { Browser } from './browser.ts'

class ByName extends Strategy {
  override authenticate(request: FastifyRequest): void {
    const name: unknown = Object(request.body).name
    if (name === 'ada') this.success({ name })
    else this.fail('Who are you?')
  }
}

test('flash, CSRF and Passport share a session: a login over forms, its messages, and tokens of before it', async (t) => {
  const gates = gatedStore(memoryStore())
  const sessions = createSessions({ store: gates.store, cookie: { secure: false }, sweepEvery: false })
  const passport = new Authenticator()
  passport.use('name', new ByName('name'))
  passport.registerUserSerializer<{ name: string }, string>(async ({ name }) => name)
  passport.registerUserDeserializer<string, { name: string }>(async (name) => ({ name }))

  const app = fastify()
  t.after(() => app.close())
  await app.register(session(sessions))
  await app.register(csrf, { sessionPlugin: '@fastify/session' })
  await app.register(passport.initialize()) // brings @fastify/flash
  await app.register(passport.secureSession())
  const preHandler = app.csrfProtection.bind(app)
  app.get('/', async (request, reply) => ({
    user: Object(Reflect.get(request, 'user')).name ?? null,
    // Asked without a look first, the plugin puts an empty object into everybody's session.
    errors: sessions.of(request).data['flash'] ? reply.flash('error') : [],
  }))
  app.get('/form', async (_request, reply) => reply.generateCsrf())
  app.post('/send', { preHandler }, async () => 'sent')
  const signIn = passport.authenticate('name', {
    authInfo: false,
    failureFlash: true,
    failureRedirect: '/',
    successRedirect: '/',
  })
  app.post('/login', { preHandler: [preHandler, signIn] }, async () => '')
  app.post('/logout', { preHandler }, async (request) => {
    await request.logout()
    return 'out'
  })
  await app.ready()
  const url = await serve(t, app.server)

  const send = (visitor: Browser, path: string, form: object): Promise<{ status: number; body: string }> =>
    visitor.get(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(form),
    })
  const token = async (visitor: Browser): Promise<string> => (await visitor.get('/form')).body
  const ada = browser(url)
  assert.equal((await ada.get('/')).body, '{"user":null,"errors":[]}')
  assert.deepEqual([ada.cookies.size, gates.count('create')], [0, 0], 'mounted, they cost a visitor nothing')

  assert.equal((await send(ada, '/login', { name: 'ada' })).status, 403)
  const before = await token(ada)
  const anonymous = ada.cookie()
  assert.equal((await send(ada, '/login', { name: 'eve', ['_csrf']: before })).status, 302)
  assert.equal((await ada.get('/')).body, '{"user":null,"errors":["Who are you?"]}')
  assert.equal((await ada.get('/')).body, '{"user":null,"errors":[]}')
  assert.equal((await send(ada, '/login', { name: 'ada', ['_csrf']: before })).status, 302)
  assert.notEqual(ada.cookie(), anonymous)
  assert.equal((await ada.get('/')).body, '{"user":"ada","errors":[]}')

  assert.equal((await send(ada, '/send', { ['_csrf']: before })).status, 403, 'a token of before the login')
  assert.equal((await send(ada, '/send', { ['_csrf']: await token(ada) })).body, 'sent')
  assert.equal((await send(ada, '/logout', { ['_csrf']: await token(ada) })).body, 'out')
  assert.equal((await ada.get('/')).body, '{"user":null,"errors":[]}')
})
