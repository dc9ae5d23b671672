/** The session in the locals of template engines: ejs by `with`, eta by property. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import ejs from 'ejs'
import { Eta } from 'eta'
import express from 'express'
import { session } from '../../src/adapters/express.ts'
import { createSessions } from '../../src/sessions.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { browser, serve } from './browser.ts'

type Shown = 'req.session' | 'data'

const views = {
  ejs: `<%= session.name %> has <% for (const item of session.cart) { %><%= item %> <% } %>\
<%= Object.keys(session).length %> <%- JSON.stringify(session.address) %> <%= session.missing ?? 'none' %>`,
  eta: `<%= it.session.name %> has <% for (const item of it.session.cart) { %><%= item %> <% } %>\
<%= Object.keys(it.session).length %> <%~ JSON.stringify(it.session.address) %> <%= it.session.missing ?? 'none' %>`,
} as const

function appFor(t: TestContext, engine: keyof typeof views, shown: Shown): express.Express {
  const folder = mkdtempSync(join(tmpdir(), 'coatcheck-views-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, `page.${engine}`), views[engine])
  const sessions = createSessions({ store: memoryStore(), cookie: { secure: false }, sweepEvery: false })
  const eta = new Eta({ views: folder })
  const app = express()
  app.set('views', folder)
  app.engine('ejs', (path, options, done) => ejs.renderFile<void>(path, options, done))
  app.engine('eta', (_path, options, done) => done(null, eta.render('page', options)))
  app.use(session(sessions))
  app.use((req, res, next) => {
    res.locals['session'] = shown === 'data' ? sessions.of(req).data : Reflect.get(req, 'session')
    next()
  })
  app.get('/put', (req, res) => {
    Object.assign(sessions.of(req).data, { name: '<Ada>', cart: ['coat', 'hat'], address: { city: 'London' } })
    res.send('ok')
  })
  app.get('/', (_req, res) => res.render(`page.${engine}`))
  return app
}

for (const engine of ['ejs', 'eta'] as const) {
  for (const shown of ['req.session', 'data'] as const) {
    test(`${engine} shows ${shown}, escaped, with its own keys and no members`, async (t) => {
      const ada = browser(await serve(t, appFor(t, engine, shown)))
      await ada.get('/put')
      const { status, body } = await ada.get('/')
      assert.equal(status, 200, body)
      assert.match(body, /^&lt;Ada(&gt;|>) has coat hat 3 \{"city":"London"\} none$/)
    })
  }
}
