/** `npm start`: upload a text file, see its lines, find it again on the next visit. */
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createSessions, SessionError } from 'coatcheck'
import type { Sessions } from 'coatcheck'
import { openStore } from 'coatcheck/stores'
import { createApp } from './app.ts'
import type { DemoData } from './app.ts'
import { readConfig, SetupError, storeProblem, withoutSecrets } from './config.ts'
import type { Config } from './config.ts'

/** How long a request under way may keep the server from stopping. */
const STOP_WITHIN_MS = 3000

try {
  await start(readConfig(process.env))
} catch (error) {
  if (!(error instanceof SetupError)) throw error
  console.error(error.message)
  process.exitCode = 1
}

async function start(config: Config): Promise<void> {
  const sessions = await openSessions(config)
  const app = createApp(sessions)
  // Plain http: for this machine alone. In front of anything else belongs a server that speaks https.
  const server = app.listen(config.port, '127.0.0.1')
  try {
    const { port } = await listening(server, config.port)
    // Before the address is told: whoever reads it may stop us at once.
    stopOnSignal(server, sessions)
    console.log(`Coatcheck demo: http://127.0.0.1:${port}/`)
    console.log(`Sessions are kept in ${withoutSecrets(config.store)} (SESSION_STORE). Stop with Ctrl+C.`)
  } catch (error) {
    await sessions.close()
    throw error
  }
}

async function openSessions({ store: url, lifetime, permanent }: Config): Promise<Sessions<DemoData>> {
  try {
    return createSessions<DemoData>({ store: await openStore(url), lifetime, permanent })
  } catch (error) {
    throw error instanceof SessionError ? storeProblem(url, error) : error
  }
}

function listening(server: Server, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('listening', () => {
      const address = server.address()
      if (typeof address === 'object' && address !== null) resolve(address)
    })
    server.once('error', (error: NodeJS.ErrnoException) => reject(portProblem(port, error)))
  })
}

function portProblem(port: number, error: NodeJS.ErrnoException): Error {
  const other = 'Choose another with the variable PORT: PORT=3001 npm start. PORT=0 takes any free one.'
  if (error.code === 'EADDRINUSE') return new SetupError(`Port ${port} is in use by another program. ${other}`)
  if (error.code === 'EACCES') return new SetupError(`This user may not listen on port ${port}. ${other}`)
  return error
}

/**
 * Answer what is under way, then close the store. A second signal changes nothing: npm passes a Ctrl+C on to a process
 * that has already had it from the terminal, and that must not cut the first one short.
 */
function stopOnSignal(server: Server, sessions: Sessions<DemoData>): void {
  let stopping = false
  const stop = (): void => {
    if (stopping) return
    stopping = true
    server.close(() => void sessions.close())
    setTimeout(() => server.closeAllConnections(), STOP_WITHIN_MS).unref()
  }
  // close() ends the connections that are idle at that moment; browsers would hold on to the others for seconds.
  server.on('request', (_req, res) => {
    res.once('close', () => stopping && server.closeIdleConnections())
  })
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
}
