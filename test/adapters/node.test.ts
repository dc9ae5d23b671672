import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import https from 'node:https'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import type { ConnectionOptions } from 'node:tls'
import { session } from '../../src/adapters/node.ts'
import type { NodeOptions } from '../../src/adapters/node.ts'
import { createSessions } from '../../src/sessions.ts'
import type { Sessions } from '../../src/sessions.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { testClock } from '../../src/testing/clock.ts'
import { gatedStore } from '../../src/testing/gates.ts'
import type { Gates } from '../../src/testing/gates.ts'
import { warnings } from '../core/unhandled.ts'
import { answerPast, ask, listen, until } from './wire.ts'

type Req = http.IncomingMessage
type Res = http.ServerResponse
interface Data {
  user: string
}

function world(secure = false): { readonly gates: Gates; readonly sessions: Sessions<Data> } {
  const gates = gatedStore(memoryStore())
  return { gates, sessions: createSessions<Data>({ store: gates.store, cookie: { secure }, sweepEvery: false }) }
}

async function serve(t: TestContext, listener: (req: Req, res: Res) => void): Promise<number> {
  const { port, close } = await listen(http.createServer(listener))
  t.after(close)
  return port
}

test('a handler that rejects: a plain 500 without its headers, and the error is told', async (t) => {
  const told: unknown[] = []
  const { sessions } = world()
  const options: NodeOptions<Req, Res> = { onError: (error, req) => told.push(String(error), req.url) }
  const handler = async (req: Req, res: Res): Promise<void> => {
    sessions.of(req).data.user = 'ada'
    res.setHeader('content-length', '1000')
    res.setHeader('x-page', '1')
    res.statusCode = 201
    throw await Promise.resolve(new Error('the secret of the handler'))
  }
  const port = await serve(t, session(sessions, handler, options))
  const { status, reason, body, headers, complete } = await ask(port, { path: '/here' })
  assert.deepEqual([status, reason, body, complete], [500, 'Internal Server Error', 'Internal Server Error', true])
  assert.deepEqual(
    [headers['x-page'], headers['set-cookie'], headers['cache-control']],
    [undefined, undefined, ['no-store']],
  )
  assert.deepEqual(told, ['Error: the secret of the handler', '/here'])
})

test('a handler that fails within its page: the response is cut off, not ended', async (t) => {
  const { sessions } = world()
  const told: unknown[] = []
  const handler = async (_req: Req, res: Res): Promise<void> => {
    res.write('half a page')
    await new Promise((resolve) => setTimeout(resolve, 5))
    throw new Error('a bug on purpose')
  }
  const port = await serve(t, session(sessions, handler, { onError: (error) => told.push(String(error)) }))
  const { status, complete } = await ask(port)
  assert.deepEqual([status, complete, told.length], [200, false, 1])
})

test('without onError, a failed handler is a process warning', async (t) => {
  const { sessions } = world()
  const warned = once(process, 'warning')
  const handler = (): never => {
    throw new Error('a bug on purpose')
  }
  const port = await serve(t, session(sessions, handler))
  assert.equal((await ask(port)).status, 500)
  const [warning] = await warned
  assert.equal(warning.code, 'COATCHECK_HANDLER_FAILED')
  assert.match(warning.message, /a bug on purpose/)
})

test('a store that is down: a plain 500 before the handler is called', async (t) => {
  const { sessions, gates } = world()
  const told: unknown[] = []
  let called = 0
  const handler = (req: Req, res: Res): void => {
    called += 1
    sessions.of(req).data.user = 'ada'
    res.end('in')
  }
  const port = await serve(t, session(sessions, handler, { onError: (error) => told.push(Object(error).code) }))
  const cookie = (await ask(port)).headers['set-cookie']?.[0]?.split(';')[0] ?? ''
  gates.fail('read', new Error('down'))
  const { status, body } = await ask(port, { headers: { cookie } })
  assert.deepEqual([status, body, called, told], [500, 'Internal Server Error', 1, ['store_failed']])
})

test('onCommitError answers for a failed save', async (t) => {
  const { sessions, gates } = world()
  const handler = (req: Req, res: Res): void => {
    sessions.of(req).data.user = 'ada'
    res.end('in')
  }
  const onCommitError = (error: unknown, req: Req, res: Res): void =>
    void res.writeHead(503).end(`${req.url} ${Object(error).code}`)
  const port = await serve(t, session(sessions, handler, { onCommitError }))
  gates.fail('create', new Error('full'))
  const { status, body } = await ask(port, { path: '/a' })
  assert.deepEqual([status, body], [503, '/a store_failed'])
})

test('as connect-style middleware: next when the session is there, next(error) when it cannot be', async (t) => {
  const { sessions, gates } = world()
  const middleware = session(sessions)
  const port = await serve(t, (req, res) =>
    middleware(req, res, (error) => {
      if (error !== undefined) return res.writeHead(502).end(String(Object(error).code))
      sessions.of(req).data.user = 'ada'
      return res.end('in')
    }),
  )
  const first = await ask(port)
  assert.equal(first.body, 'in')
  const cookie = first.headers['set-cookie']?.[0]?.split(';')[0] ?? ''
  gates.fail('read', new Error('down'))
  const second = await ask(port, { headers: { cookie } })
  assert.deepEqual([second.status, second.body], [502, 'store_failed'])
})

test('twice on one request is an error', async (t) => {
  const { sessions } = world()
  const again = session(sessions)
  const port = await serve(
    t,
    session(sessions, (req: Req, res: Res) => again(req, res, (error) => void res.end(String(Object(error).code)))),
  )
  assert.equal((await ask(port)).body, 'registered_twice')
})

test('a Secure cookie is set when the socket is TLS, or the option says so', async (t) => {
  const { sessions } = world(true)
  const handler = (req: Req, res: Res): void => {
    sessions.of(req).data.user = 'ada'
    res.end('in')
  }
  const plain = await serve(t, session(sessions, handler))
  assert.equal((await ask(plain)).headers['set-cookie'], undefined)
  const proxied = await serve(
    t,
    session(sessions, handler, { secure: (req) => req.headers['x-forwarded-proto'] === 'https' }),
  )
  const answer = await ask(proxied, { headers: { 'x-forwarded-proto': 'https' } })
  assert.match(answer.headers['set-cookie']?.[0] ?? '', /^__Host-id=.*; Secure/)

  // TLS by a shared secret needs no certificate.
  const psk = Buffer.from('a secret that both sides know')
  const tls = { ciphers: 'PSK', maxVersion: 'TLSv1.2' } as const
  const { port, close } = await listen(
    https.createServer({ ...tls, pskCallback: () => psk }, session(sessions, handler)),
  )
  t.after(close)
  const options: https.RequestOptions & ConnectionOptions = {
    ...tls,
    port,
    host: '127.0.0.1',
    pskCallback: () => ({ psk, identity: 'ada' }),
    checkServerIdentity: () => undefined,
  }
  const request = https.get(options)
  const [response] = await once(request, 'response')
  assert.match(response.headers['set-cookie'][0], /^__Host-id=.*; Secure/)
  response.resume()
})

test('activity: false keeps a request from counting as a visit', async (t) => {
  const clock = testClock()
  const gates = gatedStore(memoryStore())
  const sessions = createSessions<Data>({ store: gates.store, cookie: { secure: false }, sweepEvery: false, clock })
  const handler = (req: Req, res: Res): void => {
    const { data } = sessions.of(req)
    if (req.url === '/in') data.user = 'ada'
    res.end(data.user)
  }
  const port = await serve(t, session(sessions, handler, { activity: (req) => req.url !== '/poll' }))
  const cookie = (await ask(port, { path: '/in' })).headers['set-cookie']?.[0]?.split(';')[0] ?? ''
  clock.advance(20 * 86_400_000)
  for (const [path, touches] of [
    ['/poll', 0],
    ['/visit', 1],
  ] as const) {
    assert.equal((await ask(port, { path, headers: { cookie } })).body, 'ada')
    assert.equal(gates.count('touch'), touches, path)
  }
})

test('a change after the head is reported when the response has closed', async (t) => {
  const { sessions } = world()
  const late: unknown[] = []
  sessions.on('late', ({ keys }) => late.push(...keys))
  const handler = async (req: Req, res: Res): Promise<void> => {
    const { data } = sessions.of(req)
    data.user = 'ada'
    res.write('a')
    await until(() => res.socket?.bytesWritten !== 0, 'the head has left')
    Object.assign(data, { tooLate: true })
    res.end('b')
  }
  const port = await serve(t, session(sessions, handler))
  assert.equal((await ask(port)).body, 'ab')
  await until(() => late.length > 0, 'the event')
  assert.deepEqual(late, ['tooLate'])
})

test('after a save that failed nothing is called late', async (t) => {
  const { sessions, gates } = world()
  let late = 0
  let closed = false
  sessions.on('late', () => (late += 1))
  const handler = (req: Req, res: Res): void => {
    sessions.of(req).data.user = 'ada'
    res.on('close', () => setImmediate(() => (closed = true)))
    res.end('x')
  }
  gates.fail('create', new Error('full'))
  const port = await serve(t, session(sessions, handler))
  assert.equal((await ask(port)).status, 500)
  await until(() => closed, 'the response has closed')
  assert.equal(late, 0)
})

test('what writes past the response is warned of, with what was lost; what reads only is not', async (t) => {
  const { sessions } = world()
  const warned = warnings(t)
  const late: string[] = []
  sessions.on('late', ({ keys }) => late.push(...keys))
  const handler = (req: Req, res: Res): void => {
    const { data } = sessions.of(req)
    if (req.url === '/read') assert.deepEqual(data, {})
    else data.user = 'ada'
    if (req.url === '/half') {
      // oxlint-disable-next-line typescript/unbound-method -- called with the response
      Reflect.apply(http.ServerResponse.prototype.writeHead, res, [200, { 'content-length': '4' }])
      res.write('ha')
      res.end('lf')
    } else answerPast(res, 'past')
  }
  const port = await serve(t, session(sessions, handler))
  assert.equal((await ask(port, { path: '/read' })).body, 'past')
  assert.deepEqual([await warned(), late], [[], []])
  for (const [path, body] of [
    ['/whole', 'past'],
    ['/half', 'half'],
  ] as const) {
    const answer = await ask(port, { path })
    assert.deepEqual([answer.status, answer.body, answer.headers['set-cookie']], [200, body, undefined], path)
    await until(() => late.length > 0, 'the late change is told')
    const [warning] = (await warned()).slice(-1)
    assert.equal(warning?.code, 'COATCHECK_HEAD_SENT', path)
    assert.match(warning?.message ?? '', /not saved or sent: user\..*\[head_sent\]/, path)
    assert.deepEqual(late.splice(0), ['user'], path)
  }
})

test('a head that leaves past the session while that is being saved: the answer is cut off, and a warning says so', async (t) => {
  const { sessions, gates } = world()
  const warned = warnings(t)
  const handler = (req: Req, res: Res): void => {
    sessions.of(req).data.user = 'ada'
    res.write('through the session')
    // oxlint-disable-next-line typescript/unbound-method -- called with the response
    const { writeHead, flushHeaders } = http.ServerResponse.prototype
    assert.throws(() => Reflect.apply(writeHead, res, [200]), { code: 'ERR_HTTP_HEADERS_SENT' })
    Reflect.apply(flushHeaders, res, [])
  }
  const port = await serve(t, session(sessions, handler))
  const answer = await ask(port)
  assert.deepEqual([answer.complete, answer.headers['set-cookie'], gates.count('create')], [false, undefined, 1])
  assert.deepEqual(
    (await warned()).map(({ code }) => code),
    ['COATCHECK_HEAD_SENT'],
  )
})
