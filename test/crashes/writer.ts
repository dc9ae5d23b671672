/**
 * One of several processes that write until they are killed. It says what it is about to do (`try`), and whether the
 * store has acknowledged it (`ack`) or not (`not`), synchronously: whatever the parent has read really happened.
 *
 * A record's state is `value@deadline`, the deadline in ms after LATER; `0@0` is no record. Of the shared record only
 * its additions are told, as `+`.
 */
import { writeSync } from 'node:fs'
import { SessionError } from '../../src/errors.ts'
import type { Store, StoredRecord } from '../../src/store.ts'
import { dice, LATER, NOW, payloadOf, valueOf } from '../fixtures/file-harness.ts'
import { type PlaceName, places } from './places.ts'

/** What the parent asks for. */
export interface WriterJob {
  readonly place: PlaceName
  readonly directory: string
  /** Records that no other process writes. */
  readonly ids: readonly string[]
  /** A counter that all of them raise. */
  readonly shared: string
  readonly seed: number
  /** End after so many steps instead of never. */
  readonly steps?: number
}

const job: WriterJob = JSON.parse(process.argv[2] ?? '{}')
const random = dice(job.seed)

say('opening')
const store = places[job.place].open(job.directory)
say('ready')
for (let step = 0; step < (job.steps ?? Infinity); step++) {
  const id = job.ids[random(job.ids.length)] ?? ''
  const found = await inTime(store.read(id, NOW))
  if (found !== 'late') await changeOwn(id, found)
  if (random(2) === 0) await addOne(job.shared)
  if (random(10) === 0) await inTime(sweep(store))
}
await store.close?.()

async function changeOwn(id: string, found: StoredRecord | null): Promise<void> {
  const value = found === null ? 0 : valueOf(found.payload)
  const choice = random(10)
  const payload = payloadOf(value + 1, random(4) === 0 ? random(100_000) : random(600))
  const expiresAt = LATER + random(1000)
  const written = `${value + 1}@${expiresAt - LATER}`
  if (found === null) {
    await telling(id, written, async () => (await store.create(id, { payload, expiresAt }, NOW)) !== null)
  } else if (choice === 0) {
    await telling(id, '0@0', () => store.delete(id))
  } else if (choice < 4) {
    const deadline = found.expiresAt + 1 + random(1000)
    await telling(id, `${value}@${deadline - LATER}`, () => store.touch(id, deadline, NOW))
  } else {
    const record = { payload, expiresAt }
    await telling(id, written, async () => typeof (await store.update(id, found.version, record, NOW)) === 'object')
  }
}

/** Nobody else writes the record, so nothing but a lock that does not come free may be in the way. */
async function telling(id: string, state: string, change: () => Promise<boolean>): Promise<void> {
  say(`try ${id} ${state}`)
  const done = await inTime(change())
  if (done === false) throw new Error(`${state} was refused, though nobody else writes ${id}`)
  say(`${done === true ? 'ack' : 'not'} ${id} ${state}`)
}

async function addOne(id: string): Promise<void> {
  const found = await inTime(store.read(id, NOW))
  if (found === 'late') return
  if (found === null) throw new Error('the shared record went away')
  const payload = payloadOf(valueOf(found.payload) + 1, 50)
  say(`try ${id} +`)
  const result = await inTime(store.update(id, found.version, { payload, expiresAt: LATER }, NOW))
  say(`${typeof result === 'object' ? 'ack' : 'not'} ${id} +`)
}

async function sweep(swept: Store): Promise<void> {
  await swept.sweep?.(NOW, { records: 100, ms: 2 })
}

/** `late` when a lock did not come free in time: somebody who has it may be stopped. */
async function inTime<Result>(call: Promise<Result>): Promise<Result | 'late'> {
  try {
    return await call
  } catch (error) {
    if (error instanceof SessionError && error.code === 'store_timeout') return 'late'
    throw error
  }
}

function say(line: string): void {
  writeSync(1, `${line}\n`)
}
