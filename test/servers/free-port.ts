import { createServer } from 'node:net'

/**
 * A port on 127.0.0.1 that nobody listened on a moment ago, at most `highest` (default: any).
 *
 * Another process may take it before a server does, so whoever starts one tries again with another port.
 */
export async function freePort(highest = 65_535): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = await bindOnce(0)
    if (port !== null && port <= highest) return port
  }
  throw new Error(`no free port up to ${highest} on 127.0.0.1 after 100 attempts`)
}

/** Whether a server could listen on this port of 127.0.0.1 just now. */
export async function isFree(port: number): Promise<boolean> {
  return (await bindOnce(port)) !== null
}

async function bindOnce(wanted: number): Promise<number | null> {
  const { promise, resolve, reject } = Promise.withResolvers<number | null>()
  const probe = createServer()
  probe.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(null) : reject(error)))
  probe.listen(wanted, '127.0.0.1', () => {
    const address = probe.address()
    const port = typeof address === 'object' && address !== null ? address.port : null
    probe.close(() => resolve(port))
  })
  return promise
}
