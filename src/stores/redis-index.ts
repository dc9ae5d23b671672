import { SessionError } from '../errors.ts'
import { randomBytes, sha256 } from '../runtime/platform.ts'
import type { RedisConnection } from './redis-client.ts'
import { ENTER, ENTRIES, type RedisScript, runScript } from './redis-scripts.ts'

/** How long Redis keeps what is dead, in ms: its clock may be this much ahead of the application's. */
export const SKEW = 60_000

/** An entry younger than this, in seconds of the server's clock, may be of a record that is still being written. */
const SETTLED = 60

/** Entries to ask for at once. */
const PAGE = '500'

/** Where a record is entered: part of the record. */
export interface IndexEntry {
  /** The end of the entry's name, which is different every time. */
  readonly tag: string
  /** Unix ms: as far as the record's deadline may be moved before it must be entered again. */
  readonly until: number
}

/** An entry as a listing finds it. */
export interface FoundEntry {
  readonly id: string
  /** The record is not there, or not this owner's: remove the entry if it is old enough to be sure. */
  readonly drop: () => void
}

/** Which records each owner has: a sorted set per owner, on a slot of its own. */
export interface OwnerIndex {
  /** Enter a record before it is written. */
  enter(owner: string, id: string, expiresAt: number, now: number): Promise<IndexEntry>
  /** Remove an entry after its record went: not waited for, since an entry without a record harms nobody. */
  leave(owner: string, id: string, tag: string): void
  /** Every ID that may be the owner's, perhaps more than once. */
  pages(owner: string): AsyncIterable<readonly FoundEntry[]>
}

/**
 * An entry promises that the record is dead at its score. That is what lets Redis expire an index, and drop entries
 * by score alone, although the records lie on other nodes and are touched without it: a deadline that would pass the
 * score makes the record be entered again first. The score lies two lifetimes ahead, so that this is one touch in ten.
 *
 * Every entry has a name of its own, so that removing a former one can never remove one that another process has made
 * since.
 */
export function ownerIndex(connection: RedisConnection, prefix: string): OwnerIndex {
  const keyOf = async (owner: string): Promise<string> => `${prefix}owner:${await sha256(owner)}`

  function remove(key: string, entry: string): void {
    void connection.write(key, ['ZREM', key, entry]).catch(() => {})
  }

  async function onIndex(key: string, script: RedisScript, args: readonly string[]): Promise<unknown> {
    try {
      return await runScript(connection, script, key, args)
    } catch (error) {
      throw isWrongType(error) ? notAnIndex(key, error) : error
    }
  }

  return {
    async enter(owner, id, expiresAt, now) {
      const key = await keyOf(owner)
      const tag = base64url(randomBytes(6))
      const until = Math.ceil(expiresAt + Math.max(expiresAt - now, SKEW))
      const seconds = await onIndex(key, ENTER, [shortId(id), tag, `${until}`, `${SKEW}`])
      return { tag: `${String(seconds)}.${tag}`, until }
    },

    leave(owner, id, tag) {
      const entry = `${shortId(id)}.${tag}`
      void keyOf(owner).then(
        (key) => remove(key, entry),
        () => {},
      )
    },

    async *pages(owner) {
      const key = await keyOf(owner)
      let cursor = '0'
      do {
        const [seconds, page] = arrayOf(await onIndex(key, ENTRIES, [cursor, PAGE]))
        const [next, pairs] = arrayOf(page)
        cursor = typeof next === 'string' ? next : '0'
        const entries = arrayOf(pairs).flatMap((entry, at) => (at % 2 === 0 ? [String(entry)] : []))
        yield entries.map((entry) => {
          const [name = '', entered] = entry.split('.')
          const settled = Number(seconds) - Number(entered) > SETTLED
          return { id: longId(name), drop: () => settled && remove(key, entry) }
        })
      } while (cursor !== '0')
    },
  }
}

/** Whether a command met a value of another type than it is for. */
export function isWrongType(error: unknown): boolean {
  return error instanceof Error && /^(ERR .*)?WRONGTYPE/s.test(error.message)
}

/** Nobody may be told that an owner has no sessions because something else lies where they are listed. */
function notAnIndex(key: string, cause: unknown): SessionError {
  const mend = 'Delete it, or give redisStore() another prefix'
  return new SessionError(
    'store_unusable',
    `the Redis key ${key} holds something else than an owner's index. ${mend}`,
    {
      cause,
    },
  )
}

function arrayOf(reply: unknown): readonly unknown[] {
  return Array.isArray(reply) ? reply : []
}

/** Redis packs sorted sets tightly as long as no entry has more than 64 bytes: in hex, an ID alone has that many. */
function shortId(id: string): string {
  return base64url(Uint8Array.from(id.match(/../g) ?? [], (pair) => parseInt(pair, 16)))
}

function longId(short: string): string {
  const bytes = atob(short.replaceAll('-', '+').replaceAll('_', '/'))
  return Array.from(bytes, (byte) => byte.charCodeAt(0).toString(16).padStart(2, '0')).join('')
}

function base64url(bytes: Uint8Array): string {
  const base64 = btoa(String.fromCharCode(...bytes))
  return base64.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}
