/** What docs/from-express-session.md says is different without a line changed: shown on both. */
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import express from 'express'
import type { RequestHandler, Response as ExpressResponse } from 'express'
import { session } from '../../src/adapters/express.ts'
import { createSessions } from '../../src/sessions.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { gatedStore } from '../../src/testing/gates.ts'
import { gate } from '../adapters/wire.ts'
import { browser, serve } from './browser.ts'
import type { Browser } from './browser.ts'

// By require, since its types would declare `req.session` a second time.
const expressSession = createRequire(import.meta.url)('express-session')

interface World {
  readonly middleware: RequestHandler
  /** The next change of what is stored fails. */
  readonly failSave: () => void
}

function theirs(): World {
  const store = new expressSession.MemoryStore()
  const options = { store, secret: 'x', resave: false, saveUninitialized: false }
  return {
    middleware: expressSession(options),
    failSave() {
      const { set } = store
      store.set = (_id: string, _data: object, done: (error: Error) => void) => {
        store.set = set
        done(new Error('disk full'))
      }
    },
  }
}

function ours(): World {
  const gates = gatedStore(memoryStore())
  const sessions = createSessions({ store: gates.store, cookie: { secure: false }, sweepEvery: false })
  return { middleware: session(sessions), failSave: () => gates.fail('update', new Error('disk full')) }
}

/** Someone with a session, on pages that run `handle`; `/` shows the data. */
async function visitor(
  t: TestContext,
  { middleware }: World,
  handle: (req: { session: Record<string, unknown> | null }, res: ExpressResponse) => unknown,
): Promise<Browser> {
  const app = express()
  app.set('env', 'test')
  app.use(middleware)
  const sessionOf = (req: express.Request): Record<string, unknown> => Object(req).session
  app.get('/begin', (req, res) => {
    sessionOf(req)['name'] = 'ada'
    res.send('ok')
  })
  app.get('/', (req, res) => {
    const { cookie: _, ...data } = sessionOf(req)
    res.json(data)
  })
  app.use((req, res) => void handle(Object(req), res))
  const ada = browser(await serve(t, app))
  await ada.get('/begin')
  return ada
}

/** What each of the two does. */
function both(
  name: string,
  run: (t: TestContext, world: World) => Promise<unknown>,
  expected: [unknown, unknown],
): void {
  test(name, async (t) => {
    assert.deepEqual([await run(t, theirs()), await run(t, ours())], expected)
  })
}

suite('express-session and ours', () => {
  both(
    'a failed save',
    async (t, world) => {
      const ada = await visitor(t, world, (req, res) => {
        Object.assign(Object(req.session), { name: 'bob' })
        res.send('saved')
      })
      world.failSave()
      return (await ada.get('/change')).status
    },
    [200, 500],
  )

  both(
    'two requests at once',
    async (t, world) => {
      const first = gate<void>()
      const second = gate<void>()
      const ada = await visitor(t, world, (req, res) => {
        const { path } = res.req
        Object.assign(Object(req.session), { [path]: 1 })
        if (path !== '/slow') return res.send('ok')
        first.resolve()
        return second.promise.then(() => res.send('ok'))
      })
      const slow = ada.get('/slow')
      await first.promise
      await ada.get('/fast')
      second.resolve()
      await slow
      return (await ada.get('/')).body
    },
    ['{"name":"ada","/slow":1}', '{"name":"ada","/fast":1,"/slow":1}'],
  )

  both(
    'a Date, a Map and a function',
    async (t, world) => {
      const seen: unknown[] = []
      const ada = await visitor(t, world, (req, res) => {
        const { path } = res.req
        if (path === '/values') Object.assign(Object(req.session), { date: new Date(0), map: new Map([[1, 2]]) })
        if (path === '/function') Object.assign(Object(req.session), { fn: () => 1 })
        if (path === '/look') seen.push(req.session?.['date'], req.session?.['map'])
        res.send('ok')
      })
      await ada.get('/values')
      await ada.get('/look')
      return [...seen, (await ada.get('/function')).status]
    },
    [
      ['1970-01-01T00:00:00.000Z', {}, 200],
      [new Date(0), new Map([[1, 2]]), 500],
    ],
  )

  both(
    'the keys of the session',
    async (t, world) => {
      const ada = await visitor(t, world, (req, res) => void res.json(Object.keys(Object(req.session))))
      return (await ada.get('/keys')).body
    },
    ['["cookie","name"]', '["name"]'],
  )

  both(
    'req.session = null',
    async (t, world) => {
      const ada = await visitor(t, world, (req, res) => {
        req.session = null
        res.send('ok')
      })
      await ada.get('/null')
      return (await ada.get('/')).body
    },
    ['{"name":"ada"}', '{}'],
  )

  both(
    'delete req.session',
    async (t, world) => {
      const ada = await visitor(t, world, (req, res) => {
        Object.assign(Object(req.session), { name: 'bob' })
        Reflect.deleteProperty(req, 'session')
        res.send('ok')
      })
      await ada.get('/delete')
      return (await ada.get('/')).body
    },
    ['{"name":"ada"}', '{"name":"bob"}'],
  )

  both(
    'an answer of 500',
    async (t, world) => {
      const ada = await visitor(t, world, (req, res) => {
        Object.assign(Object(req.session), { name: 'bob' })
        res.status(500).send('sorry')
      })
      await ada.get('/fail')
      return (await ada.get('/')).body
    },
    ['{"name":"bob"}', '{"name":"ada"}'],
  )
})
