/** Where the browsers' sessions are kept, and a look there without the library. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { temporaryFolder } from '../demo/demo-process.ts'
import { startRedis } from '../servers/index.ts'
import { until } from '../servers/processes.ts'

/** One store. */
export interface Kept extends AsyncDisposable {
  /** For `SESSION_STORE`. */
  readonly url: string
  /** When a record ends by what is stored, Unix ms; undefined when there is none. */
  deadline(id: string): Promise<number | undefined>
  /** Wait until a record whose deadline has passed is removed; or see that the server itself is about to. */
  removed(id: string): Promise<void>
}

/** The name of the record that a cookie's value opens: P6 says how it comes about. */
export function recordOf(cookie: string): string {
  return createHash('sha256').update(cookie).digest('hex')
}

/** In files, which the demo sweeps. */
export async function keptInFiles(): Promise<Kept> {
  const folder = temporaryFolder()
  const fileOf = (id: string): string => join(folder.path, id.slice(0, 2), id)
  return {
    url: `file:${folder.path}?fsync=false`,
    deadline: async (id) =>
      existsSync(fileOf(id)) ? Number(readFileSync(fileOf(id), 'utf8').split(' ')[1]) : undefined,
    removed: (id) => until('a sweep', () => !existsSync(fileOf(id)), 30_000),
    [Symbol.asyncDispose]: async () => folder.remove(),
  }
}

/** In Redis, looked at with `redis-cli`. */
export async function keptInRedis(): Promise<Kept> {
  const server = await startRedis()
  async function ask(...words: readonly string[]): Promise<string> {
    return (await promisify(execFile)('redis-cli', ['-p', String(server.port), ...words])).stdout.trim()
  }
  async function deadline(id: string): Promise<number | undefined> {
    return Number(await ask('HGET', `session:${id}`, 'expiresAt')) || undefined
  }
  return {
    url: server.url,
    deadline,
    async removed(id) {
      // The minute of grace is longer than a test should be; that it ends is Redis's own promise.
      const end = (await deadline(id)) ?? 0
      const removal = Number(await ask('PEXPIRETIME', `session:${id}`))
      const isGone = removal === -2
      if (!isGone && removal !== end + 60_000) throw new Error(`${id} ends at ${end} and stays until ${removal}`)
    },
    [Symbol.asyncDispose]: () => server.stop(),
  }
}
