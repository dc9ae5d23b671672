/**
 * A WebSocket that knows whose it is: the session is read on the upgrade, and again for every message, so that whoever
 * left in another tab is not talked to here either.
 *
 *     npm run example examples/websocket.ts
 *     http://localhost:3000/ in a browser: say something, reload, leave in a second tab and say more
 */
import type { IncomingMessage } from 'node:http'
import express from 'express'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import { createSessions } from 'coatcheck'
import { session } from 'coatcheck/express'
import { page } from './parts/page.ts'
import { refuseOtherSites } from './parts/same-site.ts'

const sessions = createSessions<{ said: number }>()
const app = express()
app.use(refuseOtherSites, session(sessions))
app.get('/', (req, res) => {
  sessions.of(req).data.said ??= 0 // an upgrade cannot set a cookie, so the session begins with the page
  res.send(page(VIEW))
})
app.post('/leave', async (req, res) => {
  await sessions.of(req).destroy()
  res.send('Bye.')
})

const sockets = new WebSocketServer({ noServer: true, maxPayload: 10_000 })
app.listen(3000).on('upgrade', (req, socket, head) => {
  // Pages of all websites can open a socket to here, and only ours may.
  const ours = URL.parse(req.headers.origin ?? '')?.host === req.headers.host
  const upgrade = (): void => sockets.handleUpgrade(req, socket, head, (ws) => talk(ws, req))
  const refuse = (): unknown => socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n')
  if (ours) count(req, 0).then(upgrade, refuse)
  else refuse()
})

function talk(ws: WebSocket, req: IncomingMessage): void {
  ws.on('error', () => ws.terminate())
  const answer = (said: number): void => ws.send(`You have said ${said} things.`)
  ws.on('message', () => void count(req, 1).then(answer, () => ws.close(4401, 'No session.')))
}

/** How much the visitor has said, `more` included. Rejects when they have no session (any more). */
async function count({ headers: { cookie } }: IncomingMessage, more: number): Promise<number> {
  const current = await sessions.open({ cookie, secure: false })
  if (current.isNew) throw new Error('no session')
  // A visit like any other, which keeps the session alive. Rejects when another request has ended it meanwhile.
  await current.update((data) => void (data.said = (data.said ?? 0) + more))
  return current.data.said ?? 0
}

const VIEW = `<button onclick="socket.send('hi')">Say something</button> <pre></pre>
<form method="post" action="/leave"><button>Leave</button></form>
<script>
  const socket = new WebSocket('ws' + location.origin.slice(4))
  socket.onmessage = socket.onclose = ({ data, reason }) => document.querySelector('pre').append(data ?? reason, '\\n')
</script>`
