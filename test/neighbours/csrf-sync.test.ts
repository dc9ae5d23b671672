/** csrf-sync keeps its token in `req.session.csrfToken`. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { csrfSync } from 'csrf-sync'
import express from 'express'
import { session } from '../../src/adapters/express.ts'
import { createSessions } from '../../src/sessions.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { gatedStore } from '../../src/testing/gates.ts'
import { browser, serve } from './browser.ts'

test('csrf-sync: a token is good for its own session, and no longer after regenerate', async (t) => {
  const gates = gatedStore(memoryStore())
  const sessions = createSessions({ store: gates.store, cookie: { secure: false }, sweepEvery: false })
  const { csrfSynchronisedProtection, generateToken } = csrfSync({ getTokenFromRequest: (req) => req.body.csrf })
  const app = express()
  app.set('env', 'test')
  app.use(express.urlencoded({ extended: false }), session(sessions), csrfSynchronisedProtection)
  app.get('/', (_req, res) => void res.send('no form here'))
  app.get('/form', (req, res) => void res.send(generateToken(req)))
  app.post('/send', (_req, res) => void res.send('sent'))
  app.post('/login', (req, res, next) => {
    sessions
      .of(req)
      .regenerate()
      .then(() => res.send('in'), next)
  })
  const url = await serve(t, app)
  const [ada, eve] = [browser(url), browser(url)]

  await ada.get('/')
  assert.deepEqual([ada.cookies.size, gates.count('create')], [0, 0], 'a page without a form costs nothing')
  assert.equal((await ada.post('/send', { csrf: 'undefined' })).status, 403)
  const { body: token } = await ada.get('/form')
  assert.equal((await ada.get('/form')).body, token, 'the same for every tab')
  assert.equal((await ada.post('/send', { csrf: token })).body, 'sent')
  assert.equal((await eve.post('/send', { csrf: token })).status, 403)
  await eve.get('/form')
  assert.equal((await eve.post('/send', { csrf: token })).status, 403)

  assert.equal((await ada.post('/login', { csrf: token })).body, 'in')
  assert.equal((await ada.post('/send', { csrf: token })).status, 403)
  const { body: fresh } = await ada.get('/form')
  assert.notEqual(fresh, token)
  assert.equal((await ada.post('/send', { csrf: fresh })).body, 'sent')
})
