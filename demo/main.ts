/** `npm start`: a small site that keeps what it knows about its visitors in their sessions. */
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createApp } from './app.ts'
import { readConfig, SetupError } from './config.ts'
import type { Config } from './config.ts'
import { readEnvFile } from './env-file.ts'
import { openSessions } from './open-sessions.ts'
import type { KeptSessions } from './open-sessions.ts'

/** How long a request under way may keep the server from stopping. */
const STOP_WITHIN_MS = 3000

try {
  readEnvFile()
  await start(readConfig(process.env))
} catch (error) {
  if (!(error instanceof SetupError)) throw error
  console.error(error.message)
  process.exitCode = 1
}

async function start(config: Config): Promise<void> {
  const kept = await openSessions(config)
  const app = createApp(kept)
  // Plain http: for this machine alone. In front of anything else belongs a server that speaks https.
  const server = app.listen(config.port, '127.0.0.1')
  try {
    const { port } = await listening(server, config.port)
    // Before the address is told: whoever reads it may stop us at once.
    stopOnSignal(server, kept)
    console.log(`Coatcheck demo: http://127.0.0.1:${port}/`)
    console.log([...kept.notes, 'Stop with Ctrl+C.'].join('\n'))
  } catch (error) {
    await kept.sessions.close()
    throw error
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
function stopOnSignal(server: Server, { sessions }: KeptSessions): void {
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
