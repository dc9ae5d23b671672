import { warn } from '../runtime/platform.ts'
import type { RedisConnection } from './redis-client.ts'

/** Under these nothing is evicted, or first what would end first. */
const HARMLESS = ['noeviction', 'volatile-ttl']

/**
 * Warn when a master would evict live sessions to make room. It asks for a section that needs no rights to CONFIG; a
 * server that does not even tell that is taken to be set up well, since a guess would be noise.
 */
export async function warnOfEviction(connection: RedisConnection): Promise<void> {
  const answers = await Promise.allSettled(
    (await connection.masters()).map(async (call) => String(await call(['INFO', 'memory']))),
  )
  const policies = answers.map((answer) =>
    answer.status === 'fulfilled' ? /^maxmemory_policy:([\w-]+)/m.exec(answer.value)?.[1] : undefined,
  )
  const harmful = policies.find((policy) => policy !== undefined && !HARMLESS.includes(policy))
  if (harmful === undefined) return
  warn(
    'COATCHECK_EVICTION',
    `Redis evicts with the maxmemory-policy ${harmful}: when its memory is full it removes live sessions, and visitors ` +
      'are logged out without an error. Set it to noeviction: then a full server refuses new data instead.',
  )
}
