import type { Server } from './server.ts'

/** What can be done to several servers as to one, all at once. */
export type ServerGroup = Pick<
  Server,
  'pids' | 'stop' | 'kill9' | 'pause' | 'resume' | 'restart' | typeof Symbol.asyncDispose
>

/** Handle `servers` as one. `untilReady` says when they have found each other again after a restart. */
export function groupOf(servers: readonly Server[], untilReady: () => Promise<void>): ServerGroup {
  const onEach = async (action: (server: Server) => Promise<void>): Promise<void> => {
    await Promise.all(servers.map(action))
  }
  const stop = (): Promise<void> => onEach((server) => server.stop())
  return {
    pids: () => servers.flatMap((server) => server.pids()),
    stop,
    kill9: () => onEach((server) => server.kill9()),
    pause: () => onEach((server) => server.pause()),
    resume() {
      for (const server of servers) server.resume()
    },
    async restart() {
      await onEach((server) => server.restart())
      await untilReady()
    },
    [Symbol.asyncDispose]: stop,
  }
}

/** Start servers side by side. When one does not start, the others are stopped before this rejects. */
export async function startAll<S extends Server>(starts: readonly (() => Promise<S>)[]): Promise<S[]> {
  const results = await Promise.allSettled(starts.map((start) => start()))
  const servers = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const failed = results.find((result) => result.status === 'rejected')
  if (failed === undefined) return servers
  await Promise.all(servers.map((server) => server.stop()))
  throw failed.reason
}
