/** What must be true of a race at every moment, and what at its end. Each check answers the sentence that is broken. */
import { createHash } from 'node:crypto'
import { decodeData } from '../../src/record/codec.ts'
import { decodeRecord } from '../../src/record/record.ts'
import type { RecordHead } from '../../src/record/record.ts'
import type { StoredRecord } from '../../src/index.ts'
import { TIMES } from './race.ts'
import type { Data, Outcome, Race } from './race.ts'

/** A record as it lies in the store. */
interface Lying {
  readonly id: string
  readonly record: StoredRecord
  readonly head: RecordHead
  readonly data: Data
  readonly isLive: boolean
}

/** What is in the store at one moment of a race. */
export interface Moment {
  readonly records: readonly Lying[]
  /** Nobody with a cookie of the session can open it any more; from then on nobody ever may. */
  readonly dead: boolean
  /** The same text for two moments that have the same future. */
  readonly text: string
}

/** Look into the store. `from` is when records count: 0 for all that have bytes, on stores that go by what they are told. */
export async function look(race: Race, wasDead: boolean, from: number): Promise<Moment> {
  const records: Lying[] = []
  const described: string[] = []
  for (const id of race.ids) {
    const record = await race.store.read(id, from)
    if (!record) continue
    described.push(`${id} ${race.describe(record)}`)
    const decoded = decodeRecord(record.payload)
    if ('unreadable' in decoded) throw new Error(`${id} is ${decoded.unreadable}`)
    const { head, lines } = decoded
    const ends = Math.min(record.expiresAt, head.createdAt + TIMES.absolute * 1000)
    records.push({ id, record, head, data: decodeData(lines), isLive: head.kind === 'live' && ends > race.clock.now() })
  }
  const now = race.clock.now()
  // A call that was told an earlier time belongs to that time, and may still find the session alive.
  const isLate = race.parties.some(({ waiting }) => waiting?.now !== undefined && waiting.now < now)
  const dead = wasDead || isEnded(race) || (!isLate && opened(race, records).length === 0)
  const histories = race.parties.map(({ history, waiting }) => [history, waiting])
  return { records, dead, text: JSON.stringify([now, dead, race.jar, described.toSorted(), histories, race.outcomes]) }
}

/** What is broken at any moment; undefined when nothing is. */
export function brokenNow(race: Race, { records, dead }: Moment): string | undefined {
  const now = race.clock.now()
  for (const { id, record, head, data, isLive } of records) {
    if (!isLive) continue
    if (record.expiresAt > head.createdAt + TIMES.absolute * 1000) return `${id} outlives the absolute deadline`
    if (record.expiresAt > now + TIMES.lifetime * 1000) return `${id} outlives the idle deadline`
    if (id === race.stranger ? Object.keys(data).join() !== 'user' || data['user'] !== 'bob' : data['user'] === 'bob') {
      return "a stranger's data moved"
    }
  }
  if (dead && opened(race, records).length > 0) return 'a dead session came back'
  for (const outcome of race.outcomes) {
    const broken = outcome && brokenReply(outcome)
    if (broken) return `${outcome.deed}: ${broken}`
  }
  return undefined
}

/** What is broken when everybody has ended. */
export function brokenAtEnd(race: Race, moment: Moment): string | undefined {
  const { records, dead } = moment
  const outcomes = race.outcomes.filter((outcome) => outcome !== undefined)
  if (outcomes.length < race.deeds.length) return 'a request never ended'
  for (const { id, data, isLive } of records) {
    if (isLive && data['user'] === undefined && Object.keys(data).length > 1)
      return `${id} mixes new sessions: ${show(data)}`
  }
  const live = records.filter(({ isLive, data }) => isLive && data['user'] === 'ada')
  if (live.length > 1) return `${live.length} live IDs of one session`
  const [kept] = live
  if (!kept) return dead ? undefined : 'the session is lost, and nobody ended it'
  if (dead) return 'a dead session is still stored'
  if (!opens(race, records, race.jar).includes(kept.id)) return 'the cookie that the browser has now does not open it'
  return brokenData(outcomes, kept.data) ?? brokenVisit(outcomes, kept)
}

/**
 * Whether somebody was told that the session has ended, or found it so when asked to end it; but where time goes by, it
 * may have been found past its deadline while a call was late: see `isLate`.
 */
function isEnded({ deeds, outcomes }: Race): boolean {
  return outcomes.some((outcome) => {
    if (outcome?.deed === 'destroy') return outcome.ended === 'destroyed'
    return outcome?.deed === 'revoke' && (outcome.ended === 'true' || !deeds.includes('expire'))
  })
}

/** Live records of the session that one of the cookies sent so far leads to. */
function opened(race: Race, records: readonly Lying[]): readonly string[] {
  return race.sent.flatMap((cookie) => opens(race, records, cookie))
}

function opens({ clock }: Race, records: readonly Lying[], cookie: string | undefined): readonly string[] {
  if (cookie === undefined) return []
  const id = createHash('sha256').update(cookie.slice('id='.length)).digest('hex')
  const found: string[] = []
  let at: unknown = id
  // As far as renewals lead: no race has more of them than this.
  for (let hop = 0; hop < 5; hop += 1) {
    const lying = records.find((each) => each.id === at)
    if (!lying) break
    const { meta = {} } = lying.head
    if (lying.isLive && lying.data['user'] === 'ada') found.push(lying.id)
    if (typeof meta['until'] !== 'number' || meta['until'] <= clock.now()) break
    at = meta['to']
  }
  return found
}

/** Errors that a request may end with: whoever asks for a save by name is told that there is nothing to save into. */
const ERRORS: Partial<Record<string, string>> = { update: 'session_ended' }
const REVOKED = new Set(['regenerate', 'renew', 'visit', 'write', 'write-same', 'delete', 'update', 'destroy'])

function brokenReply({ deed, ended, cookies, error, seen, isNew }: Outcome): string | undefined {
  if (error !== undefined && error !== ERRORS[deed] && !(error === 'session_ended' && REVOKED.has(deed))) return error
  if (seen['user'] === 'bob' || (isNew && Object.keys(seen).length > 0)) return `it saw ${show(seen)}`
  if (Object.keys(seen).length > 0 && seen['user'] !== 'ada') return `it saw ${show(seen)}`
  if (deed === 'revoke' || deed === 'sweep') return undefined
  const sends = cookies.some((line) => !/Max-Age=0/i.test(line))
  if (sends && ended !== undefined) return `it is ${ended}, and sends a cookie`
  if (cookies.length > 0 && ended !== undefined && ended !== 'destroyed')
    return `it is ${ended}, and deletes the cookie`
  return undefined
}

/** No change that was acknowledged may be missing, unless an event says which and why. */
function brokenData(outcomes: readonly Outcome[], data: Data): string | undefined {
  const saved = outcomes.filter(({ error, dropped, isNew }) => error === undefined && dropped.length === 0 && !isNew)
  for (const [index, outcome] of outcomes.entries()) {
    if (outcome.deed !== 'write' && outcome.deed !== 'poll-write') continue
    const isThere = data[`own${index}`] === index
    if (isThere !== saved.includes(outcome)) return `own${index} ${isThere ? 'was dropped, and is there' : 'is lost'}`
  }
  const counted = saved.filter(({ deed }) => deed === 'update').length
  if (data['count'] !== counted) return `${counted} were counted, and the count is ${show(data['count'])}`
  return brokenSame(outcomes, saved, data['same'])
}

function brokenSame(outcomes: readonly Outcome[], saved: readonly Outcome[], kept: unknown): string | undefined {
  const writers = outcomes.flatMap((outcome, index) =>
    saved.includes(outcome) && outcome.deed === 'write-same' ? [{ index, seen: outcome.seen['same'] }] : [],
  )
  const deletions = saved.filter(({ deed, seen }) => deed === 'delete' && seen['same'] !== undefined)
  const [keeper] = writers.filter(({ index }) => index === kept)
  if (kept !== undefined && kept !== 'first' && !keeper) return `same is ${show(kept)}, which nobody saved`
  if (kept === undefined && deletions.length === 0) return 'same is lost'
  if (kept === 'first' && writers.length + deletions.length > 0) return 'every change of same is lost'
  // Whoever found nothing came after a deletion, and may have set the key again for others to change.
  if (deletions.length > 0 && keeper && !writers.some(({ seen }) => seen === undefined))
    return 'a change undid a deletion'
  const overwritten = writers.filter(
    ({ index }) =>
      index !== kept &&
      !writers.some(({ seen }) => seen === index) &&
      !deletions.some(({ seen }) => seen['same'] === index),
  )
  const told = outcomes.reduce((sum, { conflicts }) => sum + conflicts.length, 0)
  return overwritten.length > told
    ? `${overwritten.length} changes of same are lost, and ${told} events tell`
    : undefined
}

/**
 * A visit that nobody ended earned its deadline, whatever others wrote meanwhile. The stated exception is a change by a
 * request that is no visit: it leaves the deadline as it found it (`docs/reliability.md`).
 */
function brokenVisit(outcomes: readonly Outcome[], { record, head }: Lying): string | undefined {
  if (outcomes.some(({ deed }) => deed === 'poll-write')) return undefined
  const absolute = head.createdAt + TIMES.absolute * 1000
  for (const { deed, at, ended, error, isNew } of outcomes) {
    if (!VISITS.has(deed) || ended !== undefined || error !== undefined || isNew) continue
    const earned = Math.min(at + TIMES.lifetime * 900, absolute)
    if (record.expiresAt < earned) return `a visit earned ${earned - record.expiresAt} ms more`
  }
  return undefined
}

const VISITS = new Set(['visit', 'write', 'write-same', 'delete', 'update', 'regenerate', 'renew'])

function show(value: unknown): string {
  return JSON.stringify(value) ?? 'undefined'
}
