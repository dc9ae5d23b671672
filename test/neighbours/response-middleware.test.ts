/** compression and helmet, mounted before and after the session. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import compression from 'compression'
import express from 'express'
import helmet from 'helmet'
import { session } from '../../src/adapters/express.ts'
import { createSessions } from '../../src/sessions.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { gatedStore } from '../../src/testing/gates.ts'
import type { Gates } from '../../src/testing/gates.ts'
import { browser, serve } from './browser.ts'

const LONG = 'coat '.repeat(2000)

function site(place: 'before' | 'after', neighbour: express.RequestHandler): { app: express.Express; gates: Gates } {
  const gates = gatedStore(memoryStore())
  const sessions = createSessions<{ visits: number }>({
    store: gates.store,
    cookie: { secure: false },
    sweepEvery: false,
  })
  const app = express()
  const ours = session(sessions)
  app.use(...(place === 'before' ? [neighbour, ours] : [ours, neighbour]))
  app.get('/', (req, res) => {
    const { data } = sessions.of(req)
    data.visits = (data.visits ?? 0) + 1
    res.json({ visits: data.visits, text: LONG })
  })
  app.get('/go', (req, res) => {
    const { data } = sessions.of(req)
    data.visits = (data.visits ?? 0) + 1
    res.redirect('/')
  })
  return { app, gates }
}

for (const place of ['before', 'after'] as const) {
  test(`compression ${place} the session: compressed, saved and with its cookie`, async (t) => {
    const { app, gates } = site(place, compression())
    const ada = browser(await serve(t, app))
    const first = await ada.get('/')
    assert.equal(first.headers.get('content-encoding'), 'gzip')
    assert.deepEqual(JSON.parse(first.body), { visits: 1, text: LONG })
    assert.deepEqual([...ada.cookies.keys()], ['id'])
    assert.equal((await ada.get('/go')).status, 302)
    const { headers, body } = await ada.get('/')
    assert.equal(JSON.parse(body).visits, 3)
    const vary = (headers.get('vary') ?? '').split(', ').toSorted()
    assert.deepEqual(vary, ['Accept-Encoding', 'Cookie'])
    gates.fail('update', new Error('disk full'))
    const failed = await ada.get('/')
    assert.deepEqual([failed.status, failed.body], [500, 'Internal Server Error'])
  })

  test(`helmet ${place} the session: its headers are on the page, ${place === 'before' ? 'and' : 'not'} on a failed save`, async (t) => {
    const { app, gates } = site(place, helmet())
    const ada = browser(await serve(t, app))
    const page = await ada.get('/')
    assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'self'/)
    assert.equal(page.headers.get('x-content-type-options'), 'nosniff')
    assert.match(page.headers.get('cache-control') ?? '', /private/)
    assert.deepEqual([...ada.cookies.keys()], ['id'])
    gates.fail('update', new Error('disk full'))
    const failed = await ada.get('/')
    assert.equal(failed.status, 500)
    assert.equal(failed.headers.has('content-security-policy'), place === 'before')
  })
}
