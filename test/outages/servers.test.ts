/** A real store that dies, freezes and comes back under a real Express: what each visitor gets. */
/* oxlint-disable oxc/no-async-endpoint-handlers -- Express 5 passes what they reject with on to the error handler */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import express from 'express'
import { session } from '../../src/adapters/express.ts'
import { createSessions } from '../../src/index.ts'
import type { SessionsOptions } from '../../src/index.ts'
import { openStore } from '../../src/stores/open.ts'
import { startPostgres, startRedis } from '../servers/index.ts'
import { until } from '../servers/processes.ts'

const SERVERS = {
  redis: () => startRedis({ config: { appendonly: 'yes', appendfsync: 'always' } }),
  postgres: () => startPostgres(),
}

/**
 * How long a call may take. The server is frozen for that long, so it is waited for once; nothing else comes near it: a
 * first connection to PostgreSQL, which also makes the table, took longer than 400 ms on a busy machine.
 */
const TIME_LIMIT = 3_000

/** In ms. Only a store that never comes back is one for which a test gives up. */
const PATIENCE = 60_000

interface Answer {
  readonly status: number
  readonly text: string
  readonly setCookie: readonly string[]
}

interface Site {
  /** A request of a visitor who has this cookie. */
  readonly ask: (method: string, path: string, cookie: string) => Promise<Answer>
  readonly told: string[]
}

suite('a store that goes away and comes back', { concurrency: 2 }, () => {
  for (const [kind, start] of Object.entries(SERVERS))
    test(`${kind}: anonymous meanwhile, nothing pretended, and the old session afterwards`, async (t) => {
      await using server = await start()
      const site = await serve(t, server.url, { onStoreError: 'anonymous' })
      const strict = await serve(t, server.url, { onStoreError: 'error' })
      await ready(site)
      await ready(strict)
      const login = await site.ask('POST', '/login', '')
      assert.deepEqual([login.status, login.text, login.setCookie.length], [200, 'welcome', 1])
      const cookie = login.setCookie[0]?.split(';')[0] ?? ''
      assert.equal((await site.ask('GET', '/', cookie)).text, 'ada')

      await server.kill9()
      await anonymous(site, cookie)
      assert.deepEqual(
        [...new Set(site.told)],
        ['unavailable store_failed', 'refused cart'],
        'what happened is told, and nothing else',
      )
      assert.equal((await strict.ask('GET', '/', cookie)).status, 500)
      await server.restart()
      await ready(site)
      assert.deepEqual(await site.ask('GET', '/', cookie), { status: 200, text: 'ada', setCookie: [] })

      await server.pause()
      const began = performance.now()
      assert.equal((await site.ask('GET', '/', cookie)).text, 'nobody, the store is away')
      assert.ok(performance.now() - began > TIME_LIMIT - 50, 'it waited for the time limit')
      assert.equal(site.told.at(-1), 'unavailable store_timeout')
      server.resume()
      await ready(site)
      assert.equal((await site.ask('GET', '/', cookie)).text, 'ada')
      await ready(strict)
      assert.equal((await strict.ask('GET', '/', cookie)).text, 'ada')
      assert.equal((await site.ask('POST', '/logout', cookie)).text, 'goodbye')
      assert.equal((await site.ask('GET', '/', cookie)).text, 'nobody')
    })
})

/** What every kind of request gets while the store is away. */
async function anonymous(site: Site, cookie: string): Promise<void> {
  assert.equal((await site.ask('GET', '/ready', '')).text, 'store_failed')
  assert.deepEqual(await site.ask('GET', '/', cookie), {
    status: 200,
    text: 'nobody, the store is away',
    setCookie: [],
  })
  for (const path of ['/cart', '/login', '/logout', '/leave', '/careless']) {
    const { status, text, setCookie } = await site.ask('POST', path, cookie)
    assert.equal(status, 500, path)
    assert.deepEqual(setCookie, [], path)
    assert.doesNotMatch(text, /done|welcome|goodbye/, path)
  }
}

async function ready(site: Site): Promise<void> {
  await until('the store is there', async () => (await site.ask('GET', '/ready', '')).status === 200, PATIENCE)
}

async function serve(t: TestContext, url: string, options: SessionsOptions): Promise<Site> {
  const sessions = createSessions<{ user?: string; cart?: number[] }>({
    store: await openStore(url),
    storeTimeout: `${TIME_LIMIT}ms`,
    sweepEvery: false,
    cookie: { secure: false },
    ...options,
  })
  const told: string[] = []
  sessions.on('unavailable', ({ code }) => told.push(`unavailable ${code}`))
  sessions.on('refused', ({ keys }) => told.push(`refused ${keys.join()}`))
  const app = express()
  app.get('/ready', async (_, res) => {
    const { ok, code } = await sessions.health()
    res.status(ok ? 200 : 503).send(ok ? 'ready' : code)
  })
  app.use(session(sessions))
  app.get('/', (req, res) => {
    const { data, unavailable } = sessions.of(req)
    res.send(unavailable ? 'nobody, the store is away' : (data.user ?? 'nobody'))
  })
  app.post('/cart', (req, res) => {
    sessions.of(req).data.cart = [1]
    res.send('done')
  })
  app.post('/login', async (req, res) => {
    const current = sessions.of(req)
    await current.regenerate()
    current.data.user = 'ada'
    res.send('welcome')
  })
  app.post('/logout', async (req, res) => {
    await sessions.of(req).destroy()
    res.send('goodbye')
  })
  // As code for express-session is written, which does not wait, or hides the error.
  app.post('/leave', (req, res) => {
    Object(req).session = null
    res.send('goodbye')
  })
  app.post('/careless', (req, res) => {
    Object(req).session.destroy(() => res.send('goodbye'))
  })
  app.use((_error: unknown, _req: express.Request, res: express.Response, _next: express.NextFunction) => {
    res.status(500).send('please try again')
  })
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(async () => {
    server.close()
    server.closeAllConnections()
    await sessions.close().catch(() => undefined)
  })
  const { port } = server.address() as AddressInfo
  return {
    told,
    async ask(method, path, cookie) {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers: cookie ? { cookie } : {} })
      return { status: response.status, text: await response.text(), setCookie: response.headers.getSetCookie() }
    },
  }
}
