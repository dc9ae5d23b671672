/** A thousand requests, one after the other on one connection: nothing is kept of them. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createSessions } from '../../src/sessions.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { servers } from './servers.ts'

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

/** The eager form; the lazy one differs in how it begins, so that fewer will do. */
const REQUESTS = { eager: 1000, lazy: 200 }
/** The last request of a kept connection stays with the connection, and what is being awaited with the test. */
const STILL_HELD = 5

for (const [name, serve] of Object.entries(servers)) {
  for (const lazy of [false, true]) {
    test(`${name}${lazy ? ', lazy' : ''}: no listener, no session and no request is left behind`, async (t) => {
      const sessions = createSessions({ store: memoryStore(), cookie: { secure: false }, sweepEvery: false })
      const seen: WeakRef<object>[] = []
      const sockets = serverSockets(t.signal)
      const { url, close } = await serve({
        mounts: [{ sessions, lazy }],
        at: undefined,
        trustProxy: false,
        onError: (error) => assert.fail(String(error)),
        async page(request) {
          const session = await sessions.get(request)
          seen.push(new WeakRef(session), new WeakRef(request))
          session.data['count'] = Number(session.data['count'] ?? 0) + 1
          return { body: String(session.data['count']) }
        },
      })
      t.after(close)
      const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
      t.after(() => agent.destroy())
      const warned: unknown[] = []
      const collectWarning = (warning: Error): void => void warned.push(warning.name)
      process.on('warning', collectWarning)
      t.after(() => process.off('warning', collectWarning))

      let cookie = ''
      let listeners = 0
      let body = ''
      const requests = REQUESTS[lazy ? 'lazy' : 'eager']
      for (let request = 1; request <= requests; request++) {
        ;({ body, cookie } = await get(url, agent, cookie))
        if (request === 10) listeners = listenersOf(sockets)
      }
      assert.equal(body, String(requests))
      assert.equal(sockets.size, 1, 'one connection')
      assert.equal(listenersOf(sockets), listeners, 'listeners on the connection')
      assert.equal(warned.includes('MaxListenersExceededWarning'), false)
      await new Promise((resolve) => setImmediate(resolve))
      collect()
      const held = seen.filter((ref) => ref.deref() !== undefined).length
      assert(held <= STILL_HELD, `${held} of ${seen.length} sessions and requests are still held`)
    })
  }
}

/** The sockets that servers accept from here on. */
// oxlint-disable typescript/unbound-method -- called with the server
function serverSockets(signal: AbortSignal): ReadonlySet<net.Socket> {
  const sockets = new Set<net.Socket>()
  const { emit } = net.Server.prototype
  net.Server.prototype.emit = function emitAndNote(this: net.Server, event: string, ...args: unknown[]): boolean {
    if (event === 'connection' && args[0] instanceof net.Socket) sockets.add(args[0])
    return Reflect.apply(emit, this, [event, ...args])
  }
  signal.addEventListener('abort', () => (net.Server.prototype.emit = emit))
  return sockets
}

function listenersOf(sockets: ReadonlySet<net.Socket>): number {
  return [...sockets]
    .flatMap((socket) => socket.eventNames().map((name) => socket.listenerCount(name)))
    .reduce((sum, count) => sum + count, 0)
}

async function get(url: string, agent: http.Agent, cookie: string): Promise<{ body: string; cookie: string }> {
  const request = http.get(url, { agent, headers: cookie ? { cookie } : {} })
  const [response] = await once(request, 'response')
  assert(response instanceof http.IncomingMessage)
  let body = ''
  for await (const chunk of response) body += String(chunk)
  const [set = ''] = response.headers['set-cookie'] ?? []
  return { body, cookie: set.slice(0, set.indexOf(';')) || cookie }
}
