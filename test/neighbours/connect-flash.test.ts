/** What connect-flash costs the visitors for whom there is no message. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import flash from 'connect-flash'
import express from 'express'
import { session } from '../../src/adapters/express.ts'
import { createSessions } from '../../src/sessions.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { gatedStore } from '../../src/testing/gates.ts'
import { browser, serve } from './browser.ts'

test('connect-flash: a look before reading spares everybody else a session', async (t) => {
  const gates = gatedStore(memoryStore())
  const sessions = createSessions({ store: gates.store, cookie: { secure: false }, sweepEvery: false })
  const app = express()
  app.use(session(sessions), flash())
  app.get('/do', (req, res) => {
    req.flash('info', 'Saved')
    res.redirect('/')
  })
  app.get('/plain', (req, res) => void res.json(req.flash('info')))
  app.get('/', (req, res) => {
    const { data } = sessions.of(req)
    res.json('flash' in data ? req.flash('info') : [])
  })
  const url = await serve(t, app)
  assert.equal((await browser(url).get('/')).body, '[]')
  assert.equal(gates.count('create'), 0)
  assert.equal((await browser(url).get('/plain')).body, '[]')
  assert.equal(gates.count('create'), 1, 'connect-flash puts an empty object into the session')
  const ada = browser(url)
  await ada.get('/do')
  assert.equal((await ada.get('/')).body, '["Saved"]')
  assert.equal((await ada.get('/')).body, '[]')
})
