/** http-proxy-3 behind the session: who may pass is decided here, the answer streams from elsewhere. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import express from 'express'
import { createProxyServer } from 'http-proxy-3'
import { WebSocket, WebSocketServer } from 'ws'
import { session } from '../../src/adapters/express.ts'
import { createSessions } from '../../src/sessions.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { gatedStore } from '../../src/testing/gates.ts'
import type { Gates } from '../../src/testing/gates.ts'
import { gate } from '../adapters/wire.ts'
import { browser, serve } from './browser.ts'
import type { Browser } from './browser.ts'

interface World {
  readonly gates: Gates
  readonly url: string
  readonly asked: string[]
}

/** A front with the session, which counts what it passes on to `behind`. */
async function front(t: TestContext, behind: Server | express.Express): Promise<World> {
  const target = await serve(t, behind)
  const gates = gatedStore(memoryStore())
  const sessions = createSessions<{ passed: number }>({
    store: gates.store,
    cookie: { secure: false },
    sweepEvery: false,
  })
  const proxy = createProxyServer({ target, xfwd: true })
  const asked: string[] = []
  proxy.on('proxyReq', (request) => asked.push(`${request.method} ${request.path}`))
  const app = express()
  app.use(session(sessions))
  app.use((req, res) => {
    const { data } = sessions.of(req)
    data.passed = (data.passed ?? 0) + 1
    proxy.web(req, res, {}, () => void res.status(502).send('nobody there'))
  })
  const server = createServer(app)
  server.on('upgrade', (request, socket, head) => {
    sessions.open({ cookie: request.headers.cookie, secure: false }).then(
      ({ data }) => (data.passed === undefined ? socket.destroy() : proxy.ws(request, socket, head)),
      () => socket.destroy(),
    )
  })
  return { gates, asked, url: await serve(t, server) }
}

async function readFirst(visitor: Browser, path: string): Promise<ReadableStreamDefaultReader<Uint8Array>> {
  const { body } = await visitor.fetch(path)
  assert(body)
  return body.getReader()
}

test('a proxied answer carries our cookie beside those from behind, and the request’s body goes through', async (t) => {
  const behind = express()
  behind.use(express.text())
  behind.post('/echo', (req, res) => {
    res
      .cookie('theirs', 'x')
      .status(201)
      .send(`${req.body} from ${req.get('x-forwarded-for')}`)
  })
  const { url } = await front(t, behind)
  const ada = browser(url)
  const text = { 'content-type': 'text/plain' }
  const { status, body, headers } = await ada.get('/echo', { method: 'POST', body: 'hello', headers: text })
  assert.deepEqual([status, body], [201, 'hello from 127.0.0.1'])
  assert.deepEqual([...ada.cookies.keys()].toSorted(), ['id', 'theirs'])
  assert.match(headers.get('cache-control') ?? '', /private/)
})

test('a proxied answer waits for the save, then streams as it comes', async (t) => {
  const more = gate<void>()
  const behind = createServer((req, res) => {
    if (req.url === '/stream') {
      res.writeHead(200, { 'content-type': 'text/plain' })
      res.write('first')
      void more.promise.then(() => res.end(' last'))
    } else res.end('short')
  })
  const { gates, url, asked } = await front(t, behind)
  gates.hold('create')
  let arrived = false
  const reading = readFirst(browser(url), '/stream').then((reader) => {
    arrived = true
    return reader
  })
  const hold = await gates.reached('create')
  assert.equal((await browser(url).get('/other')).body, 'short')
  assert.deepEqual(asked, ['GET /stream', 'GET /other'])
  assert.equal(arrived, false, 'no head before the save, though an answer to a later request came')
  hold.release()
  const reader = await reading
  assert.equal(new TextDecoder().decode((await reader.read()).value), 'first')
  more.resolve()
  assert.equal(new TextDecoder().decode((await reader.read()).value), ' last')
  assert.equal((await reader.read()).done, true)
})

test('a failed save is a plain 500 instead of the proxied answer; an answer of 502 keeps no change', async (t) => {
  const { gates, url } = await front(
    t,
    createServer((req, res) => void (req.url === '/cut' ? res.destroy() : res.end('theirs'))),
  )
  gates.fail('create', new Error('disk full'))
  const ada = browser(url)
  const failed = await ada.get('/')
  assert.deepEqual([failed.status, failed.body, ada.cookies.size], [500, 'Internal Server Error', 0])
  const cut = await ada.get('/cut')
  assert.deepEqual([cut.status, cut.body, ada.cookies.size], [502, 'nobody there', 0])
  assert.deepEqual([(await ada.get('/')).body, ada.cookies.size], ['theirs', 1])
})

test('a proxied WebSocket passes for who has a session, and for nobody else', async (t) => {
  const behind = createServer((_req, res) => void res.end('hello'))
  const sockets = new WebSocketServer({ server: behind })
  sockets.on('connection', (peer) => peer.send('from behind'))
  const { url } = await front(t, behind)
  const ada = browser(url)
  await ada.get('/')
  const outcome = (cookie: string): Promise<string> =>
    new Promise((resolve) => {
      const socket = new WebSocket(url.replace('http', 'ws'), { headers: cookie === '' ? {} : { cookie } })
      socket.on('error', () => resolve('refused'))
      socket.on('message', (text: Buffer) => {
        resolve(text.toString())
        socket.terminate()
      })
    })
  assert.deepEqual([await outcome(''), await outcome(ada.cookie())], ['refused', 'from behind'])
})
