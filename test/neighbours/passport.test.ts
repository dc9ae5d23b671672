/** Passport with what it does not know of: an owner, by whom a user's sessions are found and ended. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import flash from 'connect-flash'
import express from 'express'
import passport from 'passport'
import { Strategy } from 'passport-local'
import { session } from '../../src/adapters/express.ts'
import { createSessions } from '../../src/sessions.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { browser, serve } from './browser.ts'
import type { Browser } from './browser.ts'

const secret = { password: 'secret' }

test('Passport with an owner: listed, signed out everywhere, and nothing of the user before is left', async (t) => {
  const sessions = createSessions({ store: memoryStore(), cookie: { secure: false }, sweepEvery: false })
  const users = new passport.Passport()
  users.use(
    new Strategy((name, password, done) =>
      done(null, password === 'secret' ? { name } : false, { message: `Not ${name}` }),
    ),
  )
  users.serializeUser((user, done) => done(null, Object(user).name))
  users.deserializeUser((name, done) => done(null, { name }))
  const app = express()
  app.use(express.urlencoded({ extended: false }), session(sessions), users.session(), flash())
  app.post('/login', users.authenticate('local', { failureRedirect: '/', failureFlash: true }), (req, res) => {
    sessions.of(req).owner = Object(req.user).name
    res.redirect('/')
  })
  app.post('/everywhere', (req, res, next) => {
    sessions
      .revokeAll({ owner: Object(req.user).name, except: sessions.of(req).id })
      .then((count) => res.json(count), next)
  })
  app.post('/logout', (req, res, next) => req.logout((error) => (error ? next(error) : res.redirect('/'))))
  app.get('/', (req, res) => {
    res.json([Object(req.user).name ?? null, sessions.of(req).owner ?? null, ...req.flash('error')])
  })
  const url = await serve(t, app)
  const home = async (visitor: Browser): Promise<string> => (await visitor.get('/')).body
  const owned = async (owner: string): Promise<number> => (await Array.fromAsync(sessions.list({ owner }))).length

  const [laptop, phone] = [browser(url), browser(url)]
  await laptop.post('/login', { username: 'ada', password: 'wrong' })
  assert.equal(await home(laptop), '[null,null,"Not ada"]')
  assert.equal(await home(laptop), '[null,null]')
  await laptop.post('/login', { username: 'ada', ...secret })
  await phone.post('/login', { username: 'ada', ...secret })
  assert.deepEqual([await home(laptop), await home(phone), await owned('ada')], ['["ada","ada"]', '["ada","ada"]', 2])

  assert.equal((await laptop.post('/everywhere')).body, '1')
  assert.deepEqual([await home(laptop), await home(phone), await owned('ada')], ['["ada","ada"]', '[null,null]', 1])

  await laptop.post('/login', { username: 'bob', ...secret })
  assert.deepEqual([await home(laptop), await owned('ada'), await owned('bob')], ['["bob","bob"]', 0, 1])
  await laptop.post('/logout')
  assert.deepEqual([await home(laptop), await owned('bob')], ['[null,null]', 0])
})
