import { SessionError } from '../errors.ts'
import { sha256 } from '../runtime/platform.ts'

/** Points on the ring for each server, in digests of eight: with 160, shares differ by some eight percent. */
const DIGESTS = 20

/**
 * Which server keeps which ID, by its index in `names`.
 *
 * The ring has 2^32 places. Server NAME takes 160: the eight 32-bit words (big endian) of each of SHA-256("NAME#0") to
 * SHA-256("NAME#19"). An ID, a SHA-256 itself, stands at its own first word and belongs to the first server at or
 * after it, around the end. So the mapping depends on the names alone, not on their order, and another server takes
 * over only its share. It does not depend on which servers are alive: an ID that moved away from a dead server would
 * come back with an old record, and a session ended meanwhile would live again.
 */
export function hashRing(names: readonly string[]): (id: string) => number {
  if (names.length === 1) return () => 0
  const points = names
    .flatMap((name, server) => placesOf(name).map((place) => ({ place, server, name })))
    .toSorted((a, b) => a.place - b.place || (a.name < b.name ? -1 : 1))
  return (id) => {
    const wanted = Number.parseInt(id.slice(0, 8), 16)
    let [low, high] = [0, points.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((points[middle]?.place ?? 0) < wanted) low = middle + 1
      else high = middle
    }
    return (points[low] ?? points[0])?.server ?? 0
  }
}

function placesOf(name: string): number[] {
  return Array.from({ length: DIGESTS }, (_, n) => wordsOf(sha256(`${name}#${n}`))).flat()
}

function wordsOf(digest: string | Promise<string>): number[] {
  if (typeof digest !== 'string')
    throw new SessionError('store_unusable', 'memcachedStore() needs the sockets of Node 22.18 or later, Bun or Deno')
  return Array.from({ length: 8 }, (_, word) => Number.parseInt(digest.slice(word * 8, word * 8 + 8), 16))
}
