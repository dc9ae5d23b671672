/**
 * How the two records of a session that moves to a new ID know of each other: by ID, in `meta` of the head. An ID is
 * the hash of a token, so whoever reads it can open nothing with it.
 *
 * Without it, ending a session by its ID would race the move: what was looked up is the old record, and what lives a
 * moment later is the new one.
 */
import type { Json, RecordHead } from './record.ts'

type Meta = NonNullable<RecordHead['meta']>

/** Where a session went on. */
export interface Successor {
  readonly id: string
  /** After a renewal. After `regenerate()` there is none: a way to the new token would be session fixation. */
  readonly grace?: Grace
}

/** A way for the holder of a renewed token to its successor: see `grace.ts`. */
export interface Grace {
  /** Unix ms. */
  readonly until: number
  /** The new token, which only the old one opens. */
  readonly sealed: string
}

/** Under which ID a superseded record's session went on; undefined where it has ended. */
export function successorOf(head: RecordHead): string | undefined {
  return idIn(head.meta?.['to'])
}

/** The way on from a superseded record, where its ID was renewed. */
export function graceOf({ meta }: RecordHead): Grace | undefined {
  const [until, sealed] = [meta?.['until'], meta?.['sealed']]
  return typeof until === 'number' && typeof sealed === 'string' ? { until, sealed } : undefined
}

/** When a session got the ID it has, Unix ms. */
export function issuedAt({ createdAt, meta }: RecordHead): number {
  const noted = meta?.['issuedAt']
  return typeof noted === 'number' ? noted : createdAt
}

/** The ID that the session of a new record is leaving, until the next write to it. */
export function predecessorOf(head: RecordHead): string | undefined {
  return idIn(head.meta?.['from'])
}

/** Notes for the record that a session leaves. */
export function movedTo({ id, grace }: Successor): Meta {
  return { to: id, ...grace }
}

/** The head of the record that a session moves to. `now` is noted where IDs are renewed: their age counts from it. */
export function movedFrom(head: RecordHead, id: string, now: number | undefined): RecordHead {
  return { ...head, meta: { ...head.meta, from: id, ...(now === undefined ? null : { issuedAt: now }) } }
}

/** The notes a later write keeps: by then the move is over. */
export function afterMove(meta: Meta): Meta | undefined {
  if (!('from' in meta)) return meta
  const { from: _, ...rest } = meta
  return Object.keys(rest).length > 0 ? rest : undefined
}

/** Lower-case hex, as stores expect it: a record may have been written by anybody. */
function idIn(value: Json | undefined): string | undefined {
  return typeof value === 'string' && /^[\da-f]{64}$/.test(value) ? value : undefined
}
