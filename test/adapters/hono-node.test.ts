/** Answers on Hono's own server for Node, which keeps a response that is whole apart from one that streams. */
import assert from 'node:assert/strict'
import http from 'node:http'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { createAdaptorServer } from '@hono/node-server'
import { Hono } from 'hono'
import { session } from '../../src/adapters/hono.ts'
import type { SessionVariables } from '../../src/adapters/hono.ts'
import { createSessions } from '../../src/sessions.ts'
import type { Sessions } from '../../src/sessions.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { ask, listen, until } from './wire.ts'

interface Data {
  user: string
}

type App = Hono<{ Variables: SessionVariables<Data> }>

async function serve(t: TestContext, build: (app: App, sessions: Sessions<Data>) => void): Promise<number> {
  const sessions = createSessions<Data>({ store: memoryStore(), cookie: { secure: false }, sweepEvery: false })
  const app: App = new Hono()
  build(app, sessions)
  const server = createAdaptorServer({ fetch: app.fetch })
  assert(server instanceof http.Server)
  const { port, close } = await listen(server)
  t.after(close)
  return port
}

test('a text, bytes and an empty answer are sent whole, with their length and the cookie', async (t) => {
  const port = await serve(t, (app, sessions) => {
    app.use(session(sessions))
    app.use(async (c, next) => {
      c.var.session.data.user = 'ada'
      await next()
    })
    app.get('/text', (c) => c.text('hällo', 201, { 'x-own': '1' }))
    app.get('/bytes', (c) => c.body(new Uint8Array([104, 105])))
    app.get('/empty', (c) => c.body(null, 204))
    app.get('/move', (c) => c.redirect('/text'))
  })
  for (const [path, status, body] of [
    ['/text', 201, 'hällo'],
    ['/bytes', 200, 'hi'],
    ['/empty', 204, ''],
    ['/move', 302, ''],
  ] as const) {
    const answer = await ask(port, { path })
    assert.deepEqual([answer.status, answer.body, answer.complete], [status, body, true], path)
    assert.equal(answer.headers['set-cookie']?.length, 1, path)
    assert.deepEqual(answer.headers['vary'], ['Cookie'], path)
    if (body === '') continue
    assert.deepEqual(answer.headers['content-length'], [String(Buffer.byteLength(body))], path)
    assert.equal(answer.headers['transfer-encoding'], undefined, path)
  }
  const { headers } = await ask(port, { path: '/text' })
  assert.deepEqual([headers['x-own'], headers['content-type']], [['1'], ['text/plain; charset=UTF-8']])
})

test('a response that is answered to everybody keeps nobody’s cookie', async (t) => {
  let shared: Response | undefined
  const port = await serve(t, (app, sessions) => {
    const everybody = (): Response => (shared ??= new Response('the same for all'))
    app.get('/public', everybody)
    app.use(session(sessions))
    app.get('/', (c) => {
      c.var.session.data.user = 'ada'
      return everybody()
    })
  })
  const cookies = new Set<string | undefined>()
  for (let n = 0; n < 3; n += 1) {
    const { body, headers } = await ask(port)
    assert.equal(body, 'the same for all')
    assert.equal(headers['set-cookie']?.length, 1)
    cookies.add(headers['set-cookie'][0])
  }
  assert.equal(cookies.size, 3)
  const { body, headers } = await ask(port, { path: '/public' })
  assert.deepEqual([body, headers['set-cookie'], headers['vary']], ['the same for all', undefined, undefined])
})

test('what middleware changes after a whole answer is reported', async (t) => {
  const late: string[] = []
  const port = await serve(t, (app, sessions) => {
    sessions.on('late', ({ keys }) => late.push(...keys))
    app.use(async (c, next) => {
      await next()
      c.var.session.data.user = 'too late'
    })
    app.use(session(sessions))
    app.get('/', (c) => c.text(String(c.var.session.data.user)))
  })
  assert.equal((await ask(port)).body, 'undefined')
  await until(() => late.includes('user'), 'the late change is reported')
})
