/**
 * Real sockets for the adapters' tests: a server on a free loopback port, and a client that shows the answer as it
 * came over the wire.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import net from 'node:net'
import { gunzipSync } from 'node:zlib'

export interface Listening {
  readonly port: number
  readonly close: () => Promise<void>
}

/** Serve until closed; `server` may be http or http2. */
export async function listen(server: http.Server | http2.Http2Server): Promise<Listening> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert(typeof address === 'object' && address !== null)
  const sockets = new Set<net.Socket>()
  server.on('connection', (socket: net.Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  return {
    port: address.port,
    close: async () => {
      server.close()
      for (const socket of sockets) socket.destroy()
      if (server.listening) await once(server, 'close')
    },
  }
}

export interface Answer {
  readonly status: number
  readonly reason: string
  readonly version: string
  readonly headers: Readonly<Record<string, readonly string[]>>
  readonly body: string
  /** Statuses of the 1xx answers that came before. */
  readonly early: readonly number[]
  /** The body came to its end: by length, last chunk, or the close of a connection that frames nothing. */
  readonly complete: boolean
  readonly length: number
}

export interface Ask {
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly version?: '1.0' | '1.1'
}

/** One request on one connection, which is then closed; the answer parsed here, byte by byte. */
export async function ask(
  port: number,
  { method = 'GET', path = '/', headers = {}, version = '1.1' }: Ask = {},
): Promise<Answer> {
  const socket = net.connect(port, '127.0.0.1')
  const fields = { host: '127.0.0.1', ...(version === '1.1' ? { connection: 'close' } : {}), ...headers }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`${method} ${path} HTTP/${version}\r\n${lines.join('')}\r\n`)
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.on('error', () => {})
  await once(socket, 'close')
  return parse(Buffer.concat(chunks), method)
}

function parse(bytes: Buffer, method: string): Answer {
  const early: number[] = []
  for (;;) {
    const end = bytes.indexOf('\r\n\r\n')
    if (end < 0) return { ...NOTHING, early, body: bytes.toString() }
    const [first = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n')
    bytes = bytes.subarray(end + 4)
    const [, version = '', code, reason = ''] = /^HTTP\/(\S+) (\d+) ?(.*)$/.exec(first) ?? []
    const status = Number(code)
    if (status < 200) {
      early.push(status)
      continue
    }
    const headers: Record<string, string[]> = {}
    for (const line of lines) {
      const colon = line.indexOf(':')
      ;(headers[line.slice(0, colon).toLowerCase()] ??= []).push(line.slice(colon + 1).trim())
    }
    const bodiless = method === 'HEAD' || status === 204 || status === 304
    const framed = bodiless ? { body: bytes, complete: bytes.length === 0 } : unframe(bytes, headers)
    const body = headers['content-encoding']?.[0] === 'gzip' ? gunzipSync(framed.body) : framed.body
    return {
      status,
      reason,
      version,
      headers,
      early,
      complete: framed.complete,
      body: body.toString(),
      length: body.length,
    }
  }
}

function unframe(bytes: Buffer, headers: Record<string, string[]>): { body: Buffer; complete: boolean } {
  const length = headers['content-length']?.[0]
  if (length !== undefined) return { body: bytes, complete: bytes.length === Number(length) }
  if (headers['transfer-encoding']?.[0] !== 'chunked') return { body: bytes, complete: true }
  const parts: Buffer[] = []
  for (;;) {
    const end = bytes.indexOf('\r\n')
    const size = Number.parseInt(bytes.subarray(0, Math.max(end, 0)).toString(), 16)
    if (end < 0 || Number.isNaN(size)) return { body: Buffer.concat(parts), complete: false }
    if (size === 0) return { body: Buffer.concat(parts), complete: true }
    parts.push(bytes.subarray(end + 2, end + 2 + size))
    bytes = bytes.subarray(end + 2 + size + 2)
  }
}

/** What is left when the connection closed before any answer. */
export const NOTHING: Answer = {
  status: 0,
  reason: '',
  version: '',
  headers: {},
  body: '',
  early: [],
  complete: false,
  length: 0,
}

/** The same over HTTP/2, without TLS. */
export async function ask2(port: number, { method = 'GET', path = '/', headers = {} }: Ask = {}): Promise<Answer> {
  const session = http2.connect(`http://127.0.0.1:${port}`)
  session.on('error', () => {})
  try {
    const stream = session.request({ ':method': method, ':path': path, ...headers })
    const early: number[] = []
    const got: Record<string, string[]> = {}
    let status = 0
    stream.on('headers', (fields: http2.IncomingHttpHeaders) => early.push(Number(fields[':status'])))
    stream.on('response', (fields) => {
      status = Number(fields[':status'])
      for (const [name, value] of Object.entries(fields))
        if (!name.startsWith(':')) got[name] = [value ?? ''].flat().map(String)
    })
    const chunks: Buffer[] = []
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('error', () => {})
    await once(stream, 'close')
    const bytes = Buffer.concat(chunks)
    const body = got['content-encoding']?.[0] === 'gzip' ? gunzipSync(bytes) : bytes
    return {
      status,
      reason: '',
      version: '2',
      headers: got,
      body: body.toString(),
      early,
      complete: stream.rstCode === 0,
      length: body.length,
    }
  } finally {
    session.destroy()
  }
}

/** A promise to settle by hand. */
export function gate<Value>(): PromiseWithResolvers<Value> {
  const gated = Promise.withResolvers<Value>()
  gated.promise.catch(() => {})
  return gated
}

/** Wait until `condition` holds, a turn of the event loop at a time. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 30_000
  while (!condition()) {
    if (Date.now() > deadline) assert.fail(`waited 30 s in vain until ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

/** Answer past whatever is in place of the response's methods, as a library does that took them off earlier. */
export function answerPast(res: http.ServerResponse, body: string): void {
  // oxlint-disable typescript/unbound-method -- called with the response
  Reflect.apply(http.ServerResponse.prototype.writeHead, res, [200])
  Reflect.apply(http.ServerResponse.prototype.end, res, [body])
}
