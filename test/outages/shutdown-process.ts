/** A server that is told to end while requests are under way; the lines of the recipe stand in docs/outages.md, too. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { createSessions } from 'coatcheck'
import { session } from 'coatcheck/express'
import { fileStore } from 'coatcheck/stores/file'
import type { Store } from 'coatcheck'

const [folder = '', expected = '0'] = process.argv.slice(2)
const files = fileStore(folder)
let closed = false
// Slow enough that saves are under way when the last request is through, and strict about its own end.
const store: Store = {
  ...files,
  async create(...args) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    if (closed) throw new Error('saved after the store was closed')
    return files.create(...args)
  },
  async close() {
    closed = true
    await files.close?.()
  },
}
const sessions = createSessions<{ user?: string }>({ store, cookie: { secure: false } })
process.setMaxListeners(0)

const app = express()
app.use(session(sessions))
let waiting = 0
app.get('/:user', (req, res) => {
  waiting += 1
  if (waiting === Number(expected)) process.send?.('all are here')
  process.once('SIGTERM', () => {
    sessions.of(req).data.user = req.params.user
    res.send('done')
  })
})
const server = app.listen(0, '127.0.0.1')
await once(server, 'listening')
process.send?.((server.address() as AddressInfo).port)
// Whoever started us may be gone, and nobody would tell us to end; and the channel to them must not keep us alive.
process.once('disconnect', () => process.exit(1))
process.channel?.unref()

// The recipe:
process.once('SIGTERM', () => void end())

async function end(): Promise<void> {
  server.close() // no new connections; what is under way is answered
  const idle = setInterval(() => server.closeIdleConnections(), 100) // browsers and proxies keep theirs open
  const patience = setTimeout(() => server.closeAllConnections(), 10_000) // nobody streams for ever
  await once(server, 'close')
  clearInterval(idle)
  clearTimeout(patience)
  await sessions.close() // nothing is being saved any more: let go of the store
}
