/**
 * How the two records of a session that moves to a new ID know of each other: by ID, in `meta` of the head. An ID is
 * the hash of a token, so whoever reads it can open nothing with it.
 *
 * Without it, ending a session by its ID would race the move: what was looked up is the old record, and what lives a
 * moment later is the new one.
 */
import type { Json, RecordHead } from './record.ts'

type Meta = NonNullable<RecordHead['meta']>

/** Under which ID a superseded record's session went on; undefined where it has ended. */
export function successorOf(head: RecordHead): string | undefined {
  return idIn(head.meta?.['to'])
}

/** The ID that the session of a new record is leaving, until the next write to it. */
export function predecessorOf(head: RecordHead): string | undefined {
  return idIn(head.meta?.['from'])
}

/** Notes for the record that a session leaves. */
export function movedTo(id: string): Meta {
  return { to: id }
}

/** The head of the record that a session moves to. */
export function movedFrom(head: RecordHead, id: string): RecordHead {
  return { ...head, meta: { ...head.meta, from: id } }
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
