import { beganAt, isOver } from '../request/lifetime.ts'
import type { Policy } from '../options/options.ts'
import { decodeRecord } from '../record/record.ts'
import type { ListedRecord } from '../store.ts'
import { predecessorOf } from '../record/succession.ts'

/** A session as operators, and its owner's list of devices, see it. `id` is the public handle, useless as a cookie. */
export interface SessionInfo {
  readonly id: string
  readonly owner: string | undefined
  /** Whether it is the session given as `current`. */
  readonly current: boolean
  /** What the application noted of it, see `session.note`. */
  readonly note: Readonly<Record<string, string>> | undefined
  /** Unix ms. */
  readonly createdAt: number
  /** When its owner last proved who they are, by `login()`, Unix ms; undefined for whoever has not. */
  readonly authenticatedAt: number | undefined
  /**
   * The last visit, as far as the store knows it, Unix ms: it was then, or up to a tenth of the lifetime later. Reckoned
   * from the deadline, so it is too early for a session that is near the end of its absolute lifetime.
   */
  readonly lastVisitAt: number
  /** When it ends if nobody comes back, Unix ms. */
  readonly expiresAt: number
  readonly permanent: boolean
  /** Bytes in the store. */
  readonly size: number
}

/** What a stored record tells of its session; undefined when it is none that lives. */
export function sessionInfo(
  record: ListedRecord,
  { clock, lifetime, absolute }: Policy,
  current: ReadonlySet<string>,
): SessionInfo | undefined {
  const decoded = decodeRecord(record.payload)
  // What is not a session of this version is nobody's to see or to end here; it expires like any record.
  if ('unreadable' in decoded || decoded.head.kind !== 'live') return undefined
  const { head } = decoded
  const { createdAt, permanent, note, authAt } = head
  const now = clock.now()
  const { id, owner, expiresAt, size } = record
  if (isOver({ now, createdAt: beganAt(head), absolute }, expiresAt)) return undefined
  const idle = head.lifetime ?? lifetime[permanent ? 'permanent' : 'browser']
  return {
    id,
    owner,
    current: current.has(id) || current.has(predecessorOf(head) ?? ''),
    note,
    createdAt,
    authenticatedAt: authAt,
    lastVisitAt: Math.max(createdAt, Math.min(expiresAt - idle, now)),
    expiresAt,
    permanent,
    size,
  }
}
