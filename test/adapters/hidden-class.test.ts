/* oxlint-disable oxc/no-async-endpoint-handlers -- the rule is about Express 4 */
/**
 * Requests of one kind are objects of one kind to V8, too: of one hidden class, and not hash tables. A property that is
 * made anew for each of them (an accessor with closures of its own, say) gives each a hidden class of its own, so that
 * every function that touches it misses its inline caches, and the classes are garbage. Nothing else shows that but
 * the time that a request takes.
 */
import assert from 'node:assert/strict'
import http from 'node:http'
import { test } from 'node:test'
import v8 from 'node:v8'
import express from 'express'
import { fastify } from 'fastify'
import Koa from 'koa'
import { session as expressSession } from '../../src/adapters/express.ts'
import { session as fastifySession } from '../../src/adapters/fastify.ts'
import { session as koaSession } from '../../src/adapters/koa.ts'
import { session as nodeSession } from '../../src/adapters/node.ts'
import { createSessions } from '../../src/sessions.ts'
import type { Sessions } from '../../src/sessions.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { sessionCookie } from '../../src/testing/session-cookie.ts'
import { ask, gate, listen, until } from './wire.ts'

v8.setFlagsFromString('--allow-natives-syntax')
// What V8 alone can tell has no other syntax.
/* oxlint-disable typescript/no-implied-eval */
const haveSameMap = new Function('a', 'b', 'return %HaveSameMap(a, b)') as (a: object, b: object) => boolean
const hasFastProperties = new Function('a', 'return %HasFastProperties(a)') as (a: object) => boolean
/* oxlint-enable typescript/no-implied-eval */

interface Data {
  visits: number
}

type Handler = (data: Partial<Data>) => void
/** Told of each request, under its session's name, with the objects it consists of; it is answered afterwards. */
type Arrived = (request: object, parts: Parts) => Promise<void>
type Parts = Readonly<Record<string, object>>
type Build = (arrived: Arrived, sessions: Sessions<Data>) => http.Server | Promise<http.Server>

const FRAMEWORKS: Readonly<Record<string, Build>> = {
  'node:http': (arrived, sessions) => {
    async function answer(req: http.IncomingMessage, res: http.ServerResponse): Promise<void> {
      await arrived(req, { req, res })
      res.end('ok')
    }
    return http.createServer(nodeSession(sessions, answer))
  },

  'Express 5': (arrived, sessions) => {
    const app = express()
    app.use(expressSession(sessions))
    app.get('/', async (req, res) => {
      await arrived(req, { req, res })
      res.send('ok')
    })
    return http.createServer(app)
  },

  Koa: (arrived, sessions) => {
    const app = new Koa()
    app.use(koaSession(sessions))
    app.use(async (ctx) => {
      await arrived(ctx, { ctx, req: ctx.req, res: ctx.res })
      ctx.body = 'ok'
    })
    const listener = app.callback()
    return http.createServer((req, res) => void listener(req, res))
  },

  Fastify: async (arrived, sessions) => {
    const app = fastify()
    await app.register(fastifySession(sessions))
    app.get('/', async (request, reply) => {
      await arrived(request, { request, reply, req: request.raw, res: reply.raw })
      return 'ok'
    })
    await app.ready()
    return app.server
  },
}

/** With what is read the head leaves at once; for what is written it is held. */
const HANDLERS: Readonly<Record<string, Handler>> = {
  read: ({ visits }) => void visits,
  written: (data) => void (data.visits = (data.visits ?? 0) + 1),
}

for (const [framework, build] of Object.entries(FRAMEWORKS)) {
  for (const [kind, handler] of Object.entries(HANDLERS)) {
    test(`${framework}: requests whose session is ${kind} have one hidden class`, async (t) => {
      const sessions = createSessions<Data>({ store: memoryStore(), cookie: { secure: false }, sweepEvery: false })
      const here: Parts[] = []
      let go = Promise.resolve()
      const server = await build(async (request, parts) => {
        handler(sessions.of(request).data)
        here.push(parts)
        await go
      }, sessions)
      const { port, close } = await listen(server)
      t.after(close)

      async function visit(): Promise<void> {
        const cookie = await sessionCookie(sessions, { visits: 1 })
        assert.equal((await ask(port, { headers: { cookie } })).body, 'ok')
      }
      // With the first ones V8 settles what the fields of such objects hold.
      for (let n = 0; n < 10; n += 1) await visit()
      here.length = 0
      const answered = gate<void>()
      go = answered.promise
      const visits = [visit(), visit()]
      await until(() => here.length === 2, 'both requests are in the handler')
      assertAlike(here, 'in the handler')
      answered.resolve()
      await Promise.all(visits)
      await until(() => here.every(isClosed), 'both responses are closed')
      assertAlike(here, 'afterwards')
    })
  }
}

function isClosed({ res }: Parts): boolean {
  return res instanceof http.ServerResponse && res.closed
}

/** The frameworks alone keep that for every part: `a class each` or a hash table is our doing. */
function assertAlike([first = {}, second = {}]: readonly Parts[], when: string): void {
  const names = Object.keys(first)
  assert.notEqual(names.length, 0)
  const words = names.map((name) => {
    const [a = {}, b = {}] = [first[name], second[name]]
    const fast = hasFastProperties(a) && hasFastProperties(b)
    return `${name}: ${haveSameMap(a, b) ? 'one class' : 'a class each'}, ${fast ? 'fast' : 'a hash table'}`
  })
  assert.deepEqual(
    words,
    names.map((name) => `${name}: one class, fast`),
    when,
  )
}
