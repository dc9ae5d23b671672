/**
 * One server of a soak, in a process of its own: `node --expose-gc app.ts JOB`. Visitors come over HTTP; it prints its
 * port, and warnings, a JSON line each. SIGTERM ends it in good order: then nothing may keep the process.
 */
import { readdirSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { createSessions, login, logout, SessionError } from 'coatcheck'
import type { Session, SessionsOptions } from 'coatcheck'
import { session as forExpress } from 'coatcheck/express'
import { session as forNode } from 'coatcheck/node'
import { openStore } from 'coatcheck/stores'
import type { Response } from 'express'

/** What a process is told on its command line. */
export interface AppJob {
  readonly url: string
  readonly adapter: 'node' | 'express'
  readonly options: SessionsOptions
}

/** What a page says of the session it had. */
export interface PageBody {
  /** When the page was made, by the server's clock. */
  readonly now: number
  /** The cookie opened a session that still lives. */
  readonly opened: boolean
  readonly id: string | undefined
  readonly owner: string | undefined
  /** From when the absolute lifetime counts. */
  readonly since: number
  readonly data: SoakData
  /** What the page did, where that is not to be seen from the data. */
  readonly result?: number | boolean | undefined
}

/** What else happened to the session of a request, told behind the page when `split` is asked for. */
export interface ToldEvent {
  readonly name: 'conflict' | 'gone'
  readonly keys: readonly string[]
  /** Whose change stayed, of a conflict. */
  readonly winner?: string
}

/** What visitors keep. */
export interface SoakData {
  [key: string]: unknown
  n?: number
  box?: { items: string[] }
}

/** What a process uses. */
export interface AppStats {
  /** Of the JavaScript heap, after a collection. */
  readonly heap: number
  readonly rss: number
  /** Open files and sockets, without the connections of visitors, which keep those they have had. */
  readonly descriptors: number
  /** The most listeners that any event of the process, the server or an open socket has. */
  readonly listeners: number
}

type Visitor = Session<SoakData>
type Page = (visitor: Visitor, query: URLSearchParams) => unknown

const MOST_ITEMS = 5

const job = JSON.parse(process.argv[2] ?? '') as AppJob
const sessions = createSessions<SoakData>({
  ...job.options,
  store: await openStore(job.url),
  cookie: { secure: false },
  requestInfo: (request) => request,
})

const told = new WeakMap<object, ToldEvent[]>()
sessions.on('conflict', ({ info, key, winner }) => tellOf(info, { name: 'conflict', keys: [key], winner }))
sessions.on('gone', ({ info, keys }) => tellOf(info, { name: 'gone', keys }))
process.on('warning', (warning) => say({ warning: String(warning.stack ?? warning) }))

const pages: Readonly<Record<string, Page>> = {
  read: () => {},
  poll: () => {},
  set: ({ data }, query) => void (data[query.get('k') ?? ''] = query.get('v')),
  delete: ({ data }, query) => void delete data[query.get('k') ?? ''],
  push({ data }, query) {
    data.box ??= { items: [] }
    data.box.items.push(query.get('v') ?? '')
    if (data.box.items.length > MOST_ITEMS) data.box.items.shift()
  },
  async count(visitor) {
    let result = 0
    await visitor.update((data) => {
      data.n = (data.n ?? 0) + 1
      result = data.n
    })
    return result
  },
  login: (visitor, query) => login(visitor, query.get('owner') ?? '', { keep: true }),
  regenerate: (visitor) => visitor.regenerate({ keep: true }),
  logout: (visitor) => logout(visitor),
  destroy: (visitor) => visitor.destroy(),
  revoke: (_, query) => sessions.revoke(query.get('id') ?? ''),
  // How many were ended: an operator's page, on which this visitor's own session plays no part.
  'revoke-others': (visitor, query) => sessions.revokeAll({ owner: query.get('owner') ?? '', except: visitor }),
}

const middleware =
  job.adapter === 'express'
    ? undefined
    : forNode(sessions, {
        activity: (req) => isVisit((req as http.IncomingMessage).url ?? ''),
        onCommitError: (error, _, res) => fail(error, res as http.ServerResponse),
      })

const handle = job.adapter === 'express' ? await expressApp() : plain
const sockets = new Set<Socket>()
const server = http.createServer((req, res) => {
  if (req.url === '/stats') res.end(JSON.stringify(stats()))
  else if (req.url === '/sweep') void sweep(res)
  else handle(req, res)
})
server.keepAliveTimeout = 60_000
server.on('connection', (socket) => {
  sockets.add(socket)
  socket.once('close', () => sockets.delete(socket))
})
process.once('SIGTERM', () => {
  server.close()
  server.closeAllConnections()
  void sessions.close()
})
server.listen(0, '127.0.0.1', () => say({ port: (server.address() as AddressInfo).port }))

/** Who polls, or ends sessions of others, does not visit their own. */
function isVisit(path: string): boolean {
  return !path.startsWith('/poll') && !path.startsWith('/revoke')
}

function plain(req: http.IncomingMessage, res: http.ServerResponse): void {
  middleware?.(req, res, (error) => {
    if (error === undefined) void serve(req, res)
    else fail(error, res)
  })
}

async function expressApp(): Promise<(req: http.IncomingMessage, res: http.ServerResponse) => void> {
  const { default: express } = await import('express')
  const app = express()
  app.use(
    forExpress(sessions, {
      activity: ({ path }) => isVisit(path),
      onCommitError: (error, _, res) => fail(error, res as unknown as http.ServerResponse),
    }),
  )
  app.use((req, res) => void serve(req, res))
  app.use((error: unknown, _: unknown, res: Response, next: () => void) => {
    if (res.headersSent) next()
    else fail(error, res)
  })
  return app
}

async function serve(req: http.IncomingMessage, res: http.ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(req.url ?? '/', 'http://soak')
  const visitor = sessions.of(req)
  try {
    const opened = !visitor.isNew && visitor.ended === undefined
    const result = await pages[pathname.slice(1)]?.(visitor, searchParams)
    const body = bodyOf(visitor, opened, result)
    res.setHeader('content-type', 'application/json')
    if (searchParams.has('split')) {
      // The first part lets the head go, which waits for the save; whatever that found is known afterwards.
      res.write(`${body}\n`, () => res.end(JSON.stringify(told.get(req) ?? [])))
    } else {
      res.end(body)
    }
  } catch (error) {
    fail(error, res)
  }
}

function bodyOf(visitor: Visitor, opened: boolean, result: unknown): string {
  const body: PageBody = {
    now: Date.now(),
    opened,
    id: opened ? visitor.id : undefined,
    owner: visitor.owner,
    since: Math.max(visitor.createdAt, visitor.authenticatedAt ?? 0),
    data: visitor.data,
    result: typeof result === 'number' || typeof result === 'boolean' ? result : undefined,
  }
  return JSON.stringify(body)
}

function fail(error: unknown, res: http.ServerResponse): void {
  const code = error instanceof SessionError ? error.code : `unexpected: ${String(error)}`
  if (!res.headersSent) res.statusCode = 500
  res.end(JSON.stringify({ code }))
}

async function sweep(res: http.ServerResponse): Promise<void> {
  try {
    res.end(JSON.stringify({ removed: await sessions.sweep() }))
  } catch (error) {
    fail(error, res)
  }
}

function stats(): AppStats {
  // One collection may leave what finalizers hold.
  global.gc?.()
  global.gc?.()
  const { heapUsed: heap, rss } = process.memoryUsage()
  const emitters = [process, server, ...sockets]
  const listeners = Math.max(
    ...emitters.flatMap((emitter) => emitter.eventNames().map((name) => emitter.listenerCount(name))),
  )
  return { heap, rss, descriptors: readdirSync('/proc/self/fd').length - sockets.size, listeners }
}

function tellOf(info: unknown, event: ToldEvent): void {
  if (typeof info !== 'object' || info === null) return
  const events = told.get(info)
  if (events) events.push(event)
  else told.set(info, [event])
}

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}
