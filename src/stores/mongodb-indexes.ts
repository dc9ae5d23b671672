import { warnOnce } from '../runtime/platform.ts'
import type { MongodbCollection } from './mongodb-client.ts'

/** How long MongoDB keeps a record beyond its deadline: its clock may be ahead of the application's. In seconds. */
export const SKEW_SECONDS = 60

/** The two indexes of a collection, made beside the requests. */
export interface MongodbIndexes {
  /** Begin to make them, unless that is done or under way. `again`: in case somebody has dropped the collection. */
  ensure(again?: boolean): void
}

/** The server is shutting down, starting or not the primary: the next call may meet another. */
const PASSING: readonly unknown[] = [91, 189, 10107, 11600, 11602, 13435, 13436]

/**
 * No request waits for an index, or fails for want of one: without them every answer is the same, only later. What a
 * server refuses is said once per process; it is tried again with every sweep, so that a mended server needs no restart.
 */
export function mongodbIndexes(collection: MongodbCollection): MongodbIndexes {
  let underWay = false
  let done = false

  async function make(): Promise<void> {
    await collection.createIndex({ owner: 1 }, { sparse: true }).catch(passOn)
    try {
      await collection.createIndex({ expiresAt: 1 }, { expireAfterSeconds: SKEW_SECONDS })
    } catch (error) {
      const reason = refusalOf(error)
      if (reason === undefined) throw error
      warnOnce(
        'COATCHECK_NO_TTL',
        `the server refuses a TTL index on the collection "${collection.collectionName}" (${reason}). Expired ` +
          'sessions are removed by the sweeps of your processes alone: leave sweepEvery on, or call sessions.sweep()',
      )
      // What a sweep looks for them with.
      await collection.createIndex({ expiresAt: 1 }, {}).catch(passOn)
    }
  }

  return {
    ensure(again = false) {
      if (underWay || (done && !again)) return
      underWay = true
      void make()
        .then(() => (done = true))
        // The server cannot be reached, which the request beside this one reports. The next call tries again.
        .catch(() => {})
        .finally(() => (underWay = false))
    },
  }
}

/** Why a server that answered does not make the index; undefined when it may at another time. */
function refusalOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'number') return undefined
  return PASSING.includes(error.code) ? undefined : error.message
}

/** A refusal is answered with the TTL index; anything else ends the attempt. */
function passOn(error: unknown): void {
  if (refusalOf(error) === undefined) throw error
}
