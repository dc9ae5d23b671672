/** The demo in this process, for what does not need one of its own: that costs half a second each time. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createApp } from '../../demo/app.ts'
import { readConfig } from '../../demo/config.ts'
import type { Environment } from '../../demo/config.ts'
import { openSessions } from '../../demo/open-sessions.ts'
import type { KeptSessions } from '../../demo/open-sessions.ts'
import type { Pause } from '../../demo/site.ts'

export interface Served extends AsyncDisposable {
  /** With a slash at its end. */
  readonly url: string
  stop(): Promise<void>
}

/** The demo with these variables and no others, on a free port. Rejects as `npm start` does. */
export async function serve(env: Environment, pause?: Pause): Promise<Served> {
  return listen(await openSessions(readConfig(env)), pause)
}

/** The demo on sessions that a test has made itself. */
export async function listen(kept: KeptSessions, pause?: Pause): Promise<Served> {
  const server = createApp(kept, pause).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  const stop = async (): Promise<void> => {
    server.close()
    server.closeAllConnections()
    await kept.sessions.close()
  }
  return { url: `http://127.0.0.1:${address.port}/`, stop, [Symbol.asyncDispose]: stop }
}
