import { announcedBytes, beginsRecord, type Header, isWhole, type NotARecord, parseHeader } from './file-format.ts'

/*
 * A file of up to two records, so that a small one can be replaced without a new file: the next version is written
 * beside the current one, over the version before that. On ext4 making a file and renaming it over another one costs
 * 150 us of CPU, and a write into a file that is there 3 us. The trade-off: the version before the current one stays
 * in the file until the next change.
 *
 * The first record begins the file. The second one begins behind a NUL at byte 2048, 4096, 8192, 16384 or 28672: at the
 * first of these that leaves room for both when it is written for the first time, so the two of a usual session share one
 * block of the disk. No payload and no owner contains a NUL (src/store.ts), so none can pass for a second record.
 *
 * The current record is the whole one with the higher sequence. Whoever writes holds the record's lock and never
 * touches the current one, but for its deadline:
 * - A writer killed at any byte leaves the current record as it was, and a torn one beside it, which the next writer
 *   overwrites.
 * - An acknowledged touch is in the current record, where an update never writes; the update itself brings the deadline
 *   that its caller asked for.
 *
 * Readers hold no lock, so two writes may happen while one copies the file: the record it had copied first is replaced,
 * and the one that replaced it is torn in the copy by the write after next. Then an older version is all that is whole in
 * the copy (once in 860,000 reads beside a process that did nothing but write). So a copy counts only when both records
 * are in order, their sequences side by side; or when it says the same as another one just before: what it found then
 * stood there all the time between, and was current when the other one was seen torn.
 */

/** Bytes of the largest record that there may be two of in a file, both of which one read of 64 KiB shall see. */
export const LARGEST_BESIDE = 28_672

/** Where a second record may begin, less the NUL before it. What does not fit before the last one is replaced by a new file. */
const ROOMS = [2048, 4096, 8192, 16_384, LARGEST_BESIDE]

/** The current record of a file. */
export interface Current {
  readonly state: 'record'
  readonly header: Header
  /** Where it begins. */
  readonly at: number
  /** Where the second record has its NUL, if there is a second one. */
  readonly room: number | undefined
  /** Whether the file is in order, so that this is the current record even if nobody held its lock. */
  readonly settled: boolean
}

/** Which record of a file counts, of whose bytes the first `length` are in `bytes`. The body of an only one is not checked. */
export function currentRecord(bytes: Buffer, length: number): Current | NotARecord {
  const first = parseHeader(bytes, 0, length)
  // Both kinds of record begin alike: a file that does not begin so was never ours to write into.
  if (first.state === 'foreign' || first.state === 'newer') return first
  const room = ROOMS.find((each) => bytes[each] === 0 && beginsRecord(bytes, each + 1, length))
  if (room === undefined) return first.state === 'record' ? current(first, 0, room, first.settled) : first
  const second = parseHeader(bytes, room + 1, length)
  // A later version of ours wrote last: what is beside it is older, and to go on from there would lose what it wrote.
  if (second.state === 'newer') return second
  const ahead = sequenceOf(second) > sequenceOf(first)
  const [one, oneAt, two, twoAt] = ahead ? [second, room + 1, first, 0] : [first, 0, second, room + 1]
  if (one.state === 'record' && isWhole(one, bytes, oneAt, length))
    return current(one, oneAt, room, one.settled && sequenceOf(two) === one.sequence - 1)
  if (two.state === 'record' && isWhole(two, bytes, twoAt, length)) return current(two, twoAt, room, false)
  return { state: 'torn' }
}

/**
 * Where a record of `size` bytes is written beside the current one: at 0, or at its NUL. `undefined` when there is no
 * room, so that the file must be replaced by a new one.
 */
export function placeBeside({ header, at, room }: Current, size: number): number | undefined {
  const nul = room ?? ROOMS.find((each) => Math.max(size, announcedBytes(header)) <= each)
  if (nul === undefined || size > nul) return undefined
  return at === 0 ? nul : 0
}

function current(header: Header, at: number, room: number | undefined, settled: boolean): Current {
  return { state: 'record', header, at, room, settled }
}

function sequenceOf(header: Header | NotARecord): number {
  return header.state === 'record' ? header.sequence : -1
}
