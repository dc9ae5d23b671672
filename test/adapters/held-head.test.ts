/**
 * The held head as a table: style of response × what becomes of the commit. Each cell says status, body, cookie and
 * how many records the store then holds. Where the commit works, the answer must also be what plain Node gives for the
 * same handler without us, byte for byte, apart from the three headers that are ours.
 */
import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import http from 'node:http'
import http2 from 'node:http2'
import net from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import compression from 'compression'
import { session } from '../../src/adapters/node.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { gatedStore } from '../../src/testing/gates.ts'
import { testClock } from '../../src/testing/clock.ts'
import { createSessions } from '../../src/sessions.ts'
import { ask, ask2, listen, NOTHING, until } from './wire.ts'
import type { Answer, Ask } from './wire.ts'

type Req = http.IncomingMessage
type Res = http.ServerResponse
type Style = (res: Res, req: Req) => unknown
type Middleware = (req: Req, res: Res, next: (error?: unknown) => void) => void

interface Row {
  readonly style: Style
  readonly ask?: Ask
  readonly protocol?: 'HTTP/2' | 'client leaves'
  /** Mounted outside and inside of the session middleware. */
  readonly before?: Middleware
  readonly after?: Middleware
  /** Status, body, cookie, records. */
  readonly works: Cell
  readonly fails: Cell
  readonly timesOut: Cell
}

type Cell = readonly [status: number, body: string, cookie: 'cookie' | 'none', records: number]

const ERROR: Cell = [500, 'Internal Server Error', 'none', 0]
const BARE_ERROR: Cell = [500, '', 'none', 0]
const LARGE = 'a line of text that compresses well\n'.repeat(8000)
const gzip: Ask = { headers: { 'accept-encoding': 'gzip' } }
const text = { 'content-type': 'text/plain' }

const compress = (): Middleware => compression() as unknown as Middleware
/** Its stream takes everything at once, and so never announces a drain itself. */
const roomy = (): Middleware => compression(Object({ highWaterMark: 1e6 })) as unknown as Middleware
const pieces = (): Readable => Readable.from(LARGE.match(/[^]{1,10000}/g) ?? [])

function sse(res: Res): void {
  res.writeHead(200, { 'content-type': 'text/event-stream' })
  res.flushHeaders()
  let ticks = 0
  const timer = setInterval(() => {
    res.write(`data: ${ticks++}\n\n`)
    if (ticks < 3) return
    clearInterval(timer)
    res.end()
  }, 2)
}

const same = (works: Cell): Pick<Row, 'works' | 'fails' | 'timesOut'> => ({ works, fails: ERROR, timesOut: ERROR })
const bare = (works: Cell): Pick<Row, 'works' | 'fails' | 'timesOut'> => ({
  works,
  fails: BARE_ERROR,
  timesOut: BARE_ERROR,
})
const gone = { works: [0, '', 'none', 1], fails: [0, '', 'none', 0], timesOut: [0, '', 'none', 0] } as const

// prettier-ignore
const TABLE: Readonly<Record<string, Row>> = {
  'plain end': { style: (res) => res.end('hello'), ...same([200, 'hello', 'cookie', 1]) },
  'no body': { style: (res) => res.end(), ...same([200, '', 'cookie', 1]) },
  'writeHead and end': { style: (res) => res.writeHead(201, text).end('made'), ...same([201, 'made', 'cookie', 1]) },
  'writeHead with a reason': { style: (res) => res.writeHead(202, 'Sure', text).end('x'), ...same([202, 'x', 'cookie', 1]) },
  'writeHead with set-cookie': { style: (res) => res.writeHead(200, { 'set-cookie': 'a=1' }).end('x'), ...same([200, 'x', 'cookie', 1]) },
  'writeHead with a raw list': { style: (res) => res.writeHead(200, ['Set-Cookie', 'a=1', 'X-A', '1']).end('x'), ...same([200, 'x', 'cookie', 1]) },
  'setHeader set-cookie, then end': { style: (res) => { res.setHeader('Set-Cookie', ['a=1', 'b=2']); res.end('x') }, ...same([200, 'x', 'cookie', 1]) },
  'several writes': { style: (res) => { res.write('a'); res.write('b'); res.end('c') }, ...same([200, 'abc', 'cookie', 1]) },
  'writes over time': { style: (res) => { res.write('a'); setTimeout(() => res.end('b'), 5) }, ...same([200, 'ab', 'cookie', 1]) },
  'a large stream': { style: (res) => void pipeline(pieces(), res).catch(() => {}), ...same([200, LARGE, 'cookie', 1]) },
  'pipe()': { style: (res) => void pieces().pipe(res), ...same([200, LARGE, 'cookie', 1]) },
  'with a length': { style: (res) => { res.setHeader('content-length', 5); res.write('he'); res.end('llo') }, ...same([200, 'hello', 'cookie', 1]) },
  'double end': { style: (res) => { res.end('once'); res.end() }, ...same([200, 'once', 'cookie', 1]) },
  'flushHeaders first': { style: (res) => { res.flushHeaders(); res.end('x') }, ...same([200, 'x', 'cookie', 1]) },
  'server-sent events': { style: sse, ...same([200, 'data: 0\n\ndata: 1\n\ndata: 2\n\n', 'cookie', 1]) },
  'redirect': { style: (res) => res.writeHead(303, { location: '/next' }).end(), ...same([303, '', 'cookie', 1]) },
  '304': { style: (res) => res.writeHead(304, { etag: '"a"' }).end(), ...same([304, '', 'cookie', 1]) },
  '204': { style: (res) => { res.statusCode = 204; res.end() }, ...same([204, '', 'cookie', 1]) },
  '404': { style: (res) => res.writeHead(404, text).end('where?'), ...same([404, 'where?', 'cookie', 1]) },
  'HEAD': { style: (res) => res.end('unseen'), ask: { method: 'HEAD' }, ...bare([200, '', 'cookie', 1]) },
  'HEAD with a length': { style: (res) => res.writeHead(200, { 'content-length': '6' }).end(), ask: { method: 'HEAD' }, ...bare([200, '', 'cookie', 1]) },
  // Node swallows these bodies and so has no drain to announce.
  'HEAD of a large stream': { style: (res) => void pieces().pipe(res), ask: { method: 'HEAD' }, ...bare([200, '', 'cookie', 1]) },
  '304 with a large stream': { style: (res) => { res.statusCode = 304; pieces().pipe(res) }, ...same([304, '', 'cookie', 1]) },
  'HTTP/1.0': { style: (res) => res.end('old'), ask: { version: '1.0' }, ...same([200, 'old', 'cookie', 1]) },
  'HTTP/1.0, several writes': { style: (res) => { res.write('o'); res.end('ld') }, ask: { version: '1.0' }, ...same([200, 'old', 'cookie', 1]) },
  'HTTP/2': { style: (res) => { res.setHeader('x-a', '1'); res.write('a'); res.end('b') }, protocol: 'HTTP/2', ...same([200, 'ab', 'cookie', 1]) },
  'HTTP/2, writeHead with set-cookie': { style: (res) => res.writeHead(201, { 'set-cookie': 'a=1' }).end('x'), protocol: 'HTTP/2', ...same([201, 'x', 'cookie', 1]) },
  'HTTP/2, a large stream': { style: (res) => void pipeline(pieces(), res).catch(() => {}), protocol: 'HTTP/2', ...same([200, LARGE, 'cookie', 1]) },
  'HTTP/2, HEAD': { style: (res) => res.end('unseen'), ask: { method: 'HEAD' }, protocol: 'HTTP/2', ...bare([200, '', 'cookie', 1]) },
  'HTTP/2, double end': { style: (res) => { res.end('once'); res.end() }, protocol: 'HTTP/2', ...same([200, 'once', 'cookie', 1]) },
  'early hints': { style: (res) => { res.writeEarlyHints({ link: '</a.css>; rel=preload' }); res.end('x') }, ...same([200, 'x', 'cookie', 1]) },
  'compression before us': { style: (res) => res.writeHead(200, text).end(LARGE), before: compress(), ask: gzip, ...same([200, LARGE, 'cookie', 1]) },
  'compression after us': { style: (res) => res.writeHead(200, text).end(LARGE), after: compress(), ask: gzip, ...same([200, LARGE, 'cookie', 1]) },
  'compression on both sides': { style: (res) => res.writeHead(200, text).end(LARGE), before: compress(), after: compress(), ask: gzip, ...same([200, LARGE, 'cookie', 1]) },
  'compression before us, implied head': { style: (res) => { res.setHeader('content-type', 'text/plain'); res.end(LARGE) }, before: compress(), ask: gzip, ...same([200, LARGE, 'cookie', 1]) },
  'compression after us, implied head': { style: (res) => { res.setHeader('content-type', 'text/plain'); res.end(LARGE) }, after: compress(), ask: gzip, ...same([200, LARGE, 'cookie', 1]) },
  'compression before us, stream': { style: (res) => { res.setHeader('content-type', 'text/plain'); pieces().pipe(res) }, before: compress(), ask: gzip, ...same([200, LARGE, 'cookie', 1]) },
  'compression after us, stream': { style: (res) => { res.setHeader('content-type', 'text/plain'); pieces().pipe(res) }, after: compress(), ask: gzip, ...same([200, LARGE, 'cookie', 1]) },
  'compression before us, stream, never full': { style: (res) => { res.setHeader('content-type', 'text/plain'); pieces().pipe(res) }, before: roomy(), ask: gzip, ...same([200, LARGE, 'cookie', 1]) },
  'compression before us, small body': { style: (res) => { res.setHeader('content-type', 'text/plain'); res.end('small') }, before: compress(), ask: gzip, ...same([200, 'small', 'cookie', 1]) },
  'compression after us, small body': { style: (res) => { res.setHeader('content-type', 'text/plain'); res.end('small') }, after: compress(), ask: gzip, ...same([200, 'small', 'cookie', 1]) },
  'compression before us, events': { style: sse, before: compress(), ask: gzip, ...same([200, 'data: 0\n\ndata: 1\n\ndata: 2\n\n', 'cookie', 1]) },
  'compression after us, events': { style: sse, after: compress(), ask: gzip, ...same([200, 'data: 0\n\ndata: 1\n\ndata: 2\n\n', 'cookie', 1]) },
  'a client that leaves': { style: (res) => res.end('unread'), protocol: 'client leaves', ...gone },
  'a client that leaves a stream': { style: (res) => void pipeline(pieces(), res).catch(() => {}), protocol: 'client leaves', ...gone },
  'res.destroy() while held': { style: (res) => { res.write('x'); res.destroy() }, ...gone },
}

for (const [name, row] of Object.entries(TABLE)) {
  for (const outcome of ['works', 'fails', 'timesOut'] as const) {
    test(`${name}: the commit ${outcome === 'timesOut' ? 'times out' : outcome}`, (t) => cell(t, row, outcome))
  }
}

async function cell(t: TestContext, row: Row, outcome: 'works' | 'fails' | 'timesOut'): Promise<void> {
  const clock = testClock(Date.now())
  const gates = gatedStore(memoryStore())
  const sessions = createSessions({
    store: gates.store,
    clock,
    storeTimeout: '2s',
    sweepEvery: false,
    cookie: { secure: false },
  })
  let closed = false
  let left = false
  const serve = session(sessions, (req: Req, res: Res) => {
    res.on('close', () => (closed = true))
    Object.assign(sessions.of(req).data, { user: 'ada' })
    chain(row.after, req, res, () => row.style(res, req))
  })
  const port = await start(t, row, (req, res) => chain(row.before, req, res, () => serve(req, res)))

  gates.hold('create')
  const leave = new AbortController()
  const answered = row.protocol === 'client leaves' ? abandon(port, leave.signal) : request(port, row)
  const stop = await gates.reached('create')
  if (row.protocol === 'client leaves') {
    leave.abort()
    left = true
    await until(() => closed, 'the server saw the client leave')
  }
  if (outcome === 'works') stop.release()
  else if (outcome === 'fails') stop.fail(new Error('disk full'))
  else clock.advance(2000)

  const answer = await answered
  await until(() => closed || left, 'the response has closed')
  const [status, body, cookie, records] = row[outcome]
  const cookies = (answer.headers['set-cookie'] ?? []).map((line) => line.slice(0, 3))
  assert.equal(answer.status, status)
  assert.equal(short(answer.body), short(body))
  assert.equal(cookies.includes('id='), cookie === 'cookie', `cookies: ${cookies.join()}`)
  assert.equal(answer.complete, status !== 0)
  if (outcome === 'timesOut') stop.fail(new Error('it would have worked'))
  let stored = 0
  for await (const { id } of sessions.list()) stored += id === '' ? 0 : 1
  assert.equal(stored, records)

  if (outcome !== 'works' || status === 0) return
  const plain = await start(t, row, (req, res) =>
    chain(row.before, req, res, () => chain(row.after, req, res, () => row.style(res, req))),
  )
  assert.deepEqual(theirs(answer), theirs(await request(plain, row)))
}

/** An answer without what is ours and what differs by the second. */
function theirs(answer: Answer): unknown {
  const headers = Object.entries(answer.headers).flatMap(([name, lines]) => {
    if (name === 'date' || name === 'cache-control') return []
    if (name === 'vary') lines = lines.flatMap((line) => line.split(', ')).filter((field) => field !== 'Cookie')
    if (name === 'set-cookie') lines = lines.filter((line) => !line.startsWith('id='))
    return lines.length > 0 ? [[name, lines]] : []
  })
  // gzip is not obliged to give the same bytes for other chunks.
  const length = answer.headers['content-encoding'] ? 0 : answer.length
  return { ...answer, body: short(answer.body), length, headers: Object.fromEntries(headers) }
}

/** For messages that can be read. */
function short(body: string): string {
  return body.length < 100 ? body : `${body.length} characters, SHA-256 ${hash('sha256', body)}`
}

function chain(middleware: Middleware | undefined, req: Req, res: Res, next: () => unknown): void {
  if (middleware) middleware(req, res, () => void next())
  else void next()
}

async function start(t: TestContext, row: Row, listener: (req: Req, res: Res) => unknown): Promise<number> {
  // The compatibility API is the same to a handler, except for its types.
  const handler = listener as never
  const server = row.protocol === 'HTTP/2' ? http2.createServer(handler) : http.createServer(handler)
  const { port, close } = await listen(server)
  t.after(close)
  return port
}

function request(port: number, row: Row): Promise<Answer> {
  return row.protocol === 'HTTP/2' ? ask2(port, row.ask) : ask(port, row.ask)
}

function abandon(port: number, signal: AbortSignal): Promise<Answer> {
  const socket = net.connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n')
  return new Promise((resolve) =>
    signal.addEventListener('abort', () => {
      socket.destroy()
      resolve(NOTHING)
    }),
  )
}
