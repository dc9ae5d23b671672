/** The session behind a WebSocket: read on upgrade, saved by name, and ended from outside. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import express from 'express'
import { WebSocket, WebSocketServer } from 'ws'
import { session } from '../../src/adapters/express.ts'
import { session as nodeSession } from '../../src/adapters/node.ts'
import type { SessionsOptions } from '../../src/options/options.ts'
import type { Session } from '../../src/session.ts'
import { createSessions } from '../../src/sessions.ts'
import type { Sessions } from '../../src/sessions.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { testClock } from '../../src/testing/clock.ts'
import type { TestClock } from '../../src/testing/clock.ts'
import { gatedStore } from '../../src/testing/gates.ts'
import type { Gates } from '../../src/testing/gates.ts'
import { browser, serve } from './browser.ts'
import type { Browser } from './browser.ts'

interface Data {
  name: string
  said: string[]
}

interface World {
  readonly sessions: Sessions<Data>
  readonly gates: Gates
  readonly clock: TestClock
  readonly server: Server
  readonly sockets: WebSocketServer
  /** Save, and tell the other side. */
  readonly keep: (visitor: Session<Data>, peer: WebSocket) => Promise<void>
  /** Someone who has signed in. */
  readonly ada: () => Promise<Browser>
}

async function world(t: TestContext, options: SessionsOptions = {}): Promise<World> {
  const gates = gatedStore(memoryStore())
  const clock = testClock(Date.now())
  const common = { store: gates.store, clock, cookie: { secure: false }, sweepEvery: false } as const
  const sessions = createSessions<Data>({ ...common, ...options })
  const app = express()
  app.use(session(sessions))
  app.get('/in', (req, res) => {
    Object.assign(sessions.of(req).data, { name: 'ada', said: [] })
    res.send('in')
  })
  app.get('/out', (req, res, next) => {
    sessions
      .of(req)
      .destroy()
      .then(() => res.send('out'), next)
  })
  app.get('/said', (req, res) => void res.json(sessions.of(req).data.said))
  const server = createServer(app)
  const sockets = new WebSocketServer({ noServer: true })
  const url = await serve(t, server)
  const ada = async (): Promise<Browser> => {
    const visitor = browser(url)
    await visitor.get('/in')
    return visitor
  }
  const keep = async (visitor: Session<Data>, peer: WebSocket): Promise<void> => {
    await visitor.save()
    peer.send('saved')
  }
  return { sessions, gates, clock, server, sockets, keep, ada }
}

/** The first message, or the status that the server answered instead of an upgrade. */
async function connect(url: string, cookie: string): Promise<{ readonly socket: WebSocket; readonly first: string }> {
  const socket = new WebSocket(url.replace('http', 'ws'), { headers: cookie === '' ? {} : { cookie } })
  const refused = Promise.withResolvers<string>()
  socket.on('unexpected-response', (_request, response) => {
    refused.resolve(String(response.statusCode))
    response.destroy()
  })
  const message = once(socket, 'message').then(([text]) => String(text))
  return { socket, first: await Promise.race([message, refused.promise]) }
}

async function exchange(socket: WebSocket, text: string): Promise<string> {
  socket.send(text)
  const [answer] = await once(socket, 'message')
  return String(answer)
}

/** As docs/neighbours.md has it. */
function serveByOpen({ sessions, server, sockets }: World): void {
  async function accept(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const visitor = await sessions.open({ cookie: request.headers.cookie, secure: false })
    await sessions.commit(visitor, { headSent: true })
    if (visitor.data.name === undefined) {
      socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n')
      return
    }
    async function answer(text: string): Promise<string> {
      if (!(await visitor.reload())) return 'signed out'
      const { data } = visitor
      data.said = [...(data.said ?? []), text]
      await visitor.save()
      return `${data.said.length} said`
    }
    sockets.handleUpgrade(request, socket, head, (peer) => {
      peer.on('message', (text: Buffer) => {
        void answer(text.toString()).then((reply) => peer.send(reply))
      })
      peer.send(`hello ${visitor.data.name}`)
    })
  }
  server.on('upgrade', (request, socket, head) => {
    accept(request, socket, head).catch(() => socket.destroy())
  })
}

test('sessions.open reads the session on upgrade; save() keeps what a message changed', async (t) => {
  const here = await world(t)
  serveByOpen(here)
  const ada = await here.ada()
  const writes = here.gates.count('create') + here.gates.count('update')
  assert.equal((await connect(ada.url, '')).first, '401')
  assert.equal((await connect(ada.url, `id=${'A'.repeat(43)}`)).first, '401', 'a token that nobody issued')
  const { socket, first } = await connect(ada.url, ada.cookie())
  assert.equal(first, 'hello ada')
  assert.equal(here.gates.count('create') + here.gates.count('update'), writes, 'an upgrade alone writes nothing')
  assert.equal(await exchange(socket, 'one'), '1 said')
  assert.equal(await exchange(socket, 'two'), '2 said')
  assert.equal((await ada.get('/said')).body, '["one","two"]')
  await ada.get('/out')
  assert.equal(await exchange(socket, 'three'), 'signed out')
  socket.terminate()
})

test('an upgrade counts as a visit, and a busy session keeps its ID on it', async (t) => {
  const here = await world(t, { lifetime: '1h', renewAfter: '10m' })
  serveByOpen(here)
  const ada = await here.ada()
  here.clock.advance(50 * 60_000)
  const first = await connect(ada.url, ada.cookie())
  here.clock.advance(50 * 60_000)
  const second = await connect(ada.url, ada.cookie())
  assert.deepEqual([first.first, second.first], ['hello ada', 'hello ada'])
  assert.deepEqual([here.gates.count('touch'), here.gates.count('create')], [2, 1])
  first.socket.terminate()
  second.socket.terminate()
})

/** As apps for express-session do: the middleware itself, with an empty object in place of the response. */
for (const form of ['eager', 'lazy', 'node'] as const) {
  test(`the ${form} middleware takes an upgrade with an empty object for the response`, async (t) => {
    const here = await world(t, { renewAfter: '10d' })
    const { sessions, server, sockets, keep } = here
    const run: (req: never, res: never, opened: (error?: unknown) => void) => void =
      form === 'node' ? nodeSession(sessions) : session(sessions, { lazy: form === 'lazy' })
    server.on('upgrade', (request, socket, head) => {
      const opened = (error?: unknown): void => {
        assert.equal(error, undefined)
        const visitor = sessions.of(request)
        if (form !== 'node') assert.equal(Object(request).session.name, visitor.data.name)
        if (visitor.data.name === undefined) {
          socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n')
          return
        }
        sockets.handleUpgrade(request, socket, head, (peer) => {
          peer.on('message', (text: Buffer) => {
            visitor.data.said = [text.toString()]
            void keep(visitor, peer)
          })
          peer.send(`hello ${visitor.data.name}`)
        })
      }
      run(Object(request) as never, {} as never, opened)
    })
    const ada = await here.ada()
    assert.equal((await connect(ada.url, '')).first, '401')
    here.clock.advance(20 * 86_400_000)
    const { socket, first } = await connect(ada.url, ada.cookie())
    assert.equal(first, 'hello ada')
    assert.equal(here.gates.count('touch'), 1, 'it is a visit')
    assert.equal(here.gates.count('create'), 1, 'no new ID, which could not be sent')
    assert.equal(await exchange(socket, 'one'), 'saved')
    assert.equal((await ada.get('/said')).body, '["one"]')
    socket.terminate()
  })
}

test('an upgrade leaves it to the next response to send a cookie with changed settings', async (t) => {
  const earlier = await world(t)
  const ada = await earlier.ada()
  const here = await world(t, { store: earlier.gates.store, cookie: { secure: false, priority: 'high' } })
  serveByOpen(here)
  const { url } = await here.ada()
  const { socket, first } = await connect(url, ada.cookie())
  assert.equal(first, 'hello ada')
  const { headers } = await browser(url).get('/said', { headers: { cookie: ada.cookie() } })
  assert.match(headers.getSetCookie().join('\n'), /Priority=High/i)
  socket.terminate()
})

test('a new session cannot begin on an upgrade, since no cookie can be sent', async (t) => {
  const here = await world(t)
  const failed = Promise.withResolvers<unknown>()
  here.server.on('upgrade', (request, socket) => {
    const middleware: (req: never, res: never, next: () => void) => void = session(here.sessions)
    middleware(Object(request) as never, {} as never, () => {
      const visitor = here.sessions.of(request)
      visitor.data.name = 'eve'
      visitor.save().catch(failed.resolve)
      socket.destroy()
    })
  })
  const socket = new WebSocket((await here.ada()).url.replace('http', 'ws'))
  socket.on('error', () => {})
  assert.equal(Object(await failed.promise).code, 'cookie_too_late')
  assert.equal(here.gates.count('create'), 1, 'only ada’s')
})
