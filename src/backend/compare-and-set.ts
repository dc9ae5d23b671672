import type { Outcome } from './backend.ts'
import { decodeData } from '../record/codec.ts'
import { SessionError } from '../errors.ts'
import { beganAt, isOver } from '../request/lifetime.ts'
import type { Lines } from '../record/record.ts'
import type { Policy } from '../options/options.ts'
import { decodeRecord, encodeRecord } from '../record/record.ts'
import type { RecordHead } from '../record/record.ts'
import type { StoredState } from '../request/state.ts'
import type { RecordInput, Store, StoredRecord } from '../store.ts'
import { graceOf, movedTo, successorOf } from '../record/succession.ts'
import type { Grace, Successor } from '../record/succession.ts'
import { openGrace } from '../record/grace.ts'
import type { Ticket } from '../cookie/token.ts'

/** A record as it should be next. */
export interface Draft {
  readonly head: RecordHead
  readonly lines: Lines
  readonly expiresAt: number
  readonly owner: string | undefined
}

/** What a stored record turned out to be. */
export type Reading = StoredState | NoRecord

/** Why there is none to be had. */
export interface NoRecord {
  readonly missing: 'unknown' | 'expired' | 'superseded' | 'unreadable'
  readonly detail?: string
  readonly owner?: string | undefined
  /** Under which ID the session of a superseded record went on. */
  readonly successor?: string
  /** How the holder of the old token finds it there, after a renewal. */
  readonly grace?: Grace
}

/** A cap that time normally sets: it only matters to a clock that stands still. */
const MAX_ATTEMPTS = 500

/** How long an old ID answers "superseded" once it leads nowhere: longer than a request that carries it is in flight. */
export const SUPERSEDED_MS = 60_000

/** The wire form of a draft. */
export function recordInput(draft: Draft): RecordInput {
  return {
    payload: encodeRecord(draft.head, draft.lines),
    expiresAt: draft.expiresAt,
    ...(draft.owner === undefined ? {} : { owner: draft.owner }),
  }
}

/** What a superseded record holds until it expires: the fact, and under which ID the session went on, if it did. */
export function supersededDraft(from: StoredState, expiresAt: number, successor?: Successor): Draft {
  const { createdAt, permanent } = from.head
  const meta = successor === undefined ? null : { meta: movedTo(successor) }
  // A session that went on is still found among its owner's under the old ID: see `revoke.ts`.
  const owner = successor === undefined ? undefined : from.owner
  return { head: { kind: 'superseded', createdAt, permanent, ...meta }, lines: new Map(), expiresAt, owner }
}

/**
 * Read a record and check both deadlines, however lazily the store expires. A renewed ID leads to the record under the
 * ID that replaced it: whoever gets another ticket than it asked for owes the browser the new token.
 */
export async function readRecord(store: Store, policy: Policy, ticket: Ticket): Promise<Reading> {
  const now = policy.clock.now()
  const record = await store.read(ticket.id, now)
  const reading = understand(record, policy, ticket, now)
  return 'missing' in reading ? followRenewal(store, policy, ticket, reading) : reading
}

/** What a record that is none says in the end: a renewed one leads to another. */
export async function followRenewal(store: Store, policy: Policy, ticket: Ticket, reading: NoRecord): Promise<Reading> {
  if (!reading.successor || !reading.grace) return reading
  const next = await openGrace(ticket, reading.successor, reading.grace, policy.clock.now())
  if (!next) return reading
  const later = policy.clock.now()
  const there = understand(await store.read(next.id, later), policy, next, later)
  // What has ended there has ended here, too; `unknown` would give a request in flight a new cookie.
  return 'missing' in there && there.missing !== 'unreadable' ? reading : there
}

/**
 * Whether what is not there is there still, dead: the same question as of a time when it lived. Only asked when
 * somebody listens for the answer, and no reason to fail.
 */
export async function readExpired(store: Store, policy: Policy, ticket: Ticket): Promise<Reading> {
  const record = await store.read(ticket.id, 0).catch(() => null)
  const reading = record && understand(record, policy, ticket, policy.clock.now())
  return reading && 'missing' in reading && reading.missing === 'expired' ? reading : { missing: 'unknown' }
}

/**
 * Read a record again that was readable before. A later release may have written to it meanwhile: lines that this one
 * cannot decode must not get as far as being merged, where the error would come after the save.
 */
export async function readAgain(store: Store, policy: Policy, ticket: Ticket): Promise<Reading> {
  const reading = await readRecord(store, policy, ticket)
  if ('missing' in reading) return reading
  try {
    decodeData(reading.lines)
  } catch (error) {
    return { missing: 'unreadable', detail: String(error) }
  }
  return fitting(reading, policy)
}

/** The same with data that fits the schema, if there is one. */
export async function fitting(record: StoredState, { validation }: Policy): Promise<StoredState> {
  return validation ? { ...record, lines: await validation.fit(record.lines) } : record
}

/** What a stored record says by itself; `now` is as of when it was read. */
export function understand(record: StoredRecord | null, policy: Policy, ticket: Ticket, now: number): Reading {
  if (record === null) return { missing: 'unknown' }
  if (record.unreadable !== undefined) return { missing: 'unreadable', detail: record.unreadable }
  const decoded = decodeRecord(record.payload)
  if ('unreadable' in decoded) return { missing: 'unreadable', detail: decoded.unreadable }
  const { head, lines } = decoded
  // What says that an ID is used up has no absolute lifetime: that of its session may have begun anew with a login.
  const absolute = head.kind === 'live' ? policy.absolute : Infinity
  if (isOver({ now, createdAt: beganAt(head), absolute }, record.expiresAt))
    return head.kind === 'live' ? { missing: 'expired', owner: record.owner } : { missing: 'unknown' }
  if (head.kind === 'superseded') {
    const [successor, grace] = [successorOf(head), graceOf(head)]
    return { missing: 'superseded', ...(successor && { successor }), ...(grace && { grace }) }
  }
  const { version, expiresAt, owner, rewriteDue = false } = record
  return { ticket, version, head, lines, expiresAt, owner, rewriteDue }
}

/** What a record should be; null when it is so already, `'again'` to look first what it is by now. */
export type Revision = Draft | null | 'again'

/**
 * Replace a record by compare-and-set: `revise` says what it should be, and is asked again over the newest record
 * whenever another writer was faster. `stale` skips the first try,
 * which is known to lose; `read` is how the newest record is read. When the session was renewed meanwhile, the newest
 * record and the outcome are those under its new ID.
 */
export async function compareAndSet(
  store: Store,
  policy: Policy,
  from: StoredState,
  revise: (current: StoredState) => Revision | Promise<Revision>,
  { stale = false, read = readAgain }: { readonly stale?: boolean; readonly read?: typeof readRecord } = {},
): Promise<Outcome> {
  const { clock } = policy
  const giveUpAt = clock.now() + policy.storeTimeout
  let current = from
  let outdated = stale
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    if (outdated) {
      const newest = await read(store, policy, current.ticket)
      if ('missing' in newest) return newest.missing === 'superseded' ? 'superseded' : 'gone'
      current = newest
    }
    const revision = revise(current)
    // Waited for only where there is something to wait for: most revisions are made at once.
    const draft = revision instanceof Promise ? await revision : revision
    if (draft === null) return current
    if (draft === 'again') {
      outdated = true
      continue
    }
    if (policy.validation && draft.head.kind === 'live') await policy.validation.check(draft.lines)
    const result = await store.update(current.ticket.id, current.version, recordInput(draft), clock.now())
    if (result === 'gone') return 'gone'
    if (result !== 'conflict') return { ...draft, ticket: current.ticket, version: result.version }
    outdated = true
    if (clock.now() >= giveUpAt) break
    // Random and growing, so that processes that collided once do not march in step.
    if (attempt > 0) await clock.sleep(Math.random() * Math.min(2 ** attempt, 64))
  }
  throw new SessionError('too_busy', `nothing was saved in ${policy.storeTimeout} ms; use update() or fewer writers`)
}
