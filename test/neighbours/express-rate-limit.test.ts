/** express-rate-limit counting by session: what a visitor without a cookie must not get around. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import express from 'express'
import { ipKeyGenerator, rateLimit } from 'express-rate-limit'
import { session } from '../../src/adapters/express.ts'
import { createSessions } from '../../src/sessions.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { gatedStore } from '../../src/testing/gates.ts'
import { browser, serve } from './browser.ts'

test('express-rate-limit: sessions are counted apart, visitors without one by address', async (t) => {
  const gates = gatedStore(memoryStore())
  const sessions = createSessions<{ visits: number }>({
    store: gates.store,
    cookie: { secure: false },
    sweepEvery: false,
  })
  const app = express()
  app.use(session(sessions))
  app.get('/in', (req, res) => {
    sessions.of(req).data.visits = 0
    res.send('in')
  })
  app.use(
    rateLimit({
      limit: 2,
      windowMs: 60_000,
      standardHeaders: 'draft-8',
      keyGenerator(req) {
        const { owner, isNew, id } = sessions.of(req)
        return owner ?? (isNew ? ipKeyGenerator(req.ip ?? '') : id)
      },
    }),
  )
  app.get('/', (req, res) => {
    const { data } = sessions.of(req)
    if (data.visits !== undefined) data.visits++
    res.json(data)
  })
  const url = await serve(t, app)
  const strangers = await Promise.all([1, 2, 3, 4].map(async () => (await browser(url).get('/')).status))
  assert.equal(strangers.filter((status) => status === 429).length, 2, 'a new visitor each time is one address')

  const [ada, bob] = [browser(url), browser(url)]
  await ada.get('/in')
  await bob.get('/in')
  assert.deepEqual(
    [(await ada.get('/')).status, (await ada.get('/')).status, (await bob.get('/')).status],
    [200, 200, 200],
  )
  const updates = gates.count('update')
  const refused = await ada.get('/')
  assert.equal(refused.status, 429)
  assert.match(refused.headers.get('ratelimit') ?? '', /r=0/)
  assert.equal(gates.count('update'), updates, 'a refused request changes nothing')
  assert.equal((await bob.get('/')).body, '{"visits":2}')
})
