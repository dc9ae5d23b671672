import { randomBytes } from '../runtime/platform.ts'

const SIZE = 12
const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/**
 * A version for stores that draw theirs: 96 random bits as 24 hex digits. Unlike a counter in the record it cannot come
 * back when an ID is deleted and created again, nor when a failover has forgotten the last writes; and it tells a write
 * that the client has sent twice from a conflict.
 */
export function newVersion(): string {
  if (next === pool.length) {
    // A call of the system's generator costs ten times the digits, so one of them serves for 341 writes. Versions are
    // no secrets: what is left in the pool may lie in memory.
    pool = randomBytes(341 * SIZE)
    next = 0
  }
  let version = ''
  for (const end = next + SIZE; next < end; next += 1) version += HEX[pool[next] ?? 0]
  return version
}

let pool: Uint8Array = new Uint8Array()
let next = 0
