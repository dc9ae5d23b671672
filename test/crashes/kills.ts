/**
 * Writers that are stopped, continued and killed at random instants, and the check of what they leave. `kills` may be
 * thousands. What is chosen (whom, after how many steps, what it writes) comes from the seed; the instant itself, a
 * moment after a line was read, is the machine's.
 */
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { SessionError } from '../../src/errors.ts'
import { type Child, startScript } from '../fixtures/child.ts'
import { dice, idOf, LATER, NOW, payloadOf, valueOf } from '../fixtures/file-harness.ts'
import { isStopped, until } from '../servers/processes.ts'
import { type PlaceName, places } from './places.ts'
import type { WriterJob } from './writer.ts'

/** What {@link killWriters} is to do. */
export interface KillPlan {
  readonly place: PlaceName
  readonly kills: number
  /** Processes at work at the same time. */
  readonly writers: number
  readonly seed: number
  /** Told after each kill. */
  readonly onKill?: (report: KillReport) => void
  /** Begin no more processes once this says so. */
  readonly enough?: () => boolean
}

/** What {@link killWriters} found. That nothing was lost or left is not told: it throws otherwise. */
export interface KillReport {
  kills: number
  /** SIGSTOP and, after others had worked in the same place, SIGCONT. */
  stops: number
  /** Changes that the store acknowledged. */
  acknowledged: number
  /** Kills between the beginning of a change and its acknowledgement… */
  midWrite: number
  /** …after which the change was there all the same. */
  doneUntold: number
  /** Kills before the store was open. */
  midOpening: number
  /** Calls beside a stopped process that ended in `store_timeout`. */
  timeouts: number
  /** What the dead had left before the sweep that follows each kill. */
  locksLeft: number
  othersLeft: number
}

/** Run writers side by side in `directory` and kill one after another. Throws what does not hold, with the seed. */
export async function killWriters(directory: string, plan: KillPlan): Promise<KillReport> {
  const { kills, writers, seed, enough = () => false } = plan
  const place = places[plan.place]
  const home = join(directory, plan.place)
  mkdirSync(home)
  const cache = join(directory, 'compiled')
  const found: KillReport = {
    kills: 0,
    stops: 0,
    acknowledged: 0,
    midWrite: 0,
    doneUntold: 0,
    midOpening: 0,
    timeouts: 0,
    locksLeft: 0,
    othersLeft: 0,
  }
  const store = place.open(home)
  // A writer that is stopped inside a transaction keeps SQLite for itself: no reason to stand beside it for long.
  const beside = place.open(home, '200ms')
  const shared = idOf(0)
  await store.create(shared, { payload: payloadOf(0, 50), expiresAt: LATER }, NOW)
  const alive = new Set<Child>()
  const failures: unknown[] = []
  let [added, doubtful] = [0, 0]

  function start(job: Pick<WriterJob, 'ids' | 'seed' | 'steps'>): Child {
    const script = new URL('writer.ts', import.meta.url)
    const whole: WriterJob = { place: plan.place, directory: home, shared, ...job }
    const child = startScript(script, whole, { env: { NODE_COMPILE_CACHE: cache } })
    alive.add(child)
    void child.ended.then(() => alive.delete(child))
    return child
  }

  async function lane(number: number): Promise<void> {
    const random = dice(seed * 1000 + number)
    const ids = [1, 2, 3, 4].map((n) => idOf(number * 10 + n))
    /** The state of each own record, handed on from one process to the next that writes it. */
    const states = new Map(ids.map((id) => [id, '0@0']))
    for (let n = number - 1; n < kills && failures.length === 0 && !enough(); n += writers) {
      const child = start({ ids, seed: random(1_000_000) })
      await killAtRandom(child, random, idOf(1000 + number))
      await checkDead(child, ids, states, random)
      found.kills++
      plan.onKill?.(found)
    }
  }

  async function killAtRandom(child: Child, random: (below: number) => number, visited: string): Promise<void> {
    // A few while they open the store: it makes folders and files, and SQLite looks for what the last crash left.
    const steps = random(8) === 0 ? 1 : 2 + random(150)
    if (random(3) === 0) {
      const stopAt = 1 + random(steps)
      await child.until((lines) => lines.length >= stopAt)
      child.process.kill('SIGSTOP')
      await until('stopped', () => isStopped(child.process.pid ?? 0))
      await workBeside(visited)
      child.process.kill('SIGCONT')
      found.stops++
    }
    await child.until((lines) => lines.length >= steps)
    spin(random(2000))
    child.process.kill('SIGKILL')
    await child.ended
    assert.equal(child.process.signalCode, 'SIGKILL', `ended by itself: ${child.lines.slice(-3).join(' | ')}`)
  }

  /** Another visitor's session, while a process is stopped: on files nobody's lock is in its way. */
  async function workBeside(id: string): Promise<void> {
    try {
      const created = await beside.create(id, { payload: payloadOf(1, 500), expiresAt: LATER }, NOW)
      if (created !== null) assert.equal(await beside.touch(id, LATER + 1, NOW), true)
      assert.equal(valueOf((await beside.read(id, NOW))?.payload ?? ''), 1)
      assert.equal(await beside.delete(id), true)
    } catch (error) {
      if (!(error instanceof SessionError && error.code === 'store_timeout') || plan.place === 'file') throw error
      found.timeouts++
    }
  }

  async function checkDead(
    { lines, process: { pid = 0 } }: Child,
    ids: readonly string[],
    states: Map<string, string>,
    random: (below: number) => number,
  ): Promise<void> {
    const words = lines.map((line) => line.split(' '))
    const ofShared = words.filter(([, id]) => id === shared)
    added += count(ofShared, 'ack')
    doubtful += count(ofShared, 'try') - count(ofShared, 'ack') - count(ofShared, 'not')
    found.acknowledged += count(words, 'ack')
    if (words.at(-1)?.[0] === 'try') found.midWrite++
    if (words.at(-1)?.[0] === 'opening') found.midOpening++
    found.locksLeft += place.locksOf(home, pid).length
    found.othersLeft += place.othersOf(home, pid).length

    // First the sweep or first the next writer: neither may need the other.
    if (random(2) === 0) await sweepAfter(pid)
    for (const id of ids) await checkOwn(id, words, states)
    assert.equal(typeof (await store.touch(shared, LATER, NOW)), 'boolean')
    await sweepAfter(pid)
    assert.deepEqual(place.locksOf(home, pid), [], 'locks of the dead')
    place.checkWhole(home)
  }

  async function sweepAfter(pid: number): Promise<void> {
    await store.sweep?.(NOW, { records: 1_000_000, ms: 600_000 })
    assert.deepEqual(place.othersOf(home, pid), [], 'traces of the dead after a sweep')
  }

  /** The stored state is the last acknowledged one, or the one that was being written when the end came. */
  async function checkOwn(id: string, words: readonly string[][], states: Map<string, string>): Promise<void> {
    const mine = words.filter((each) => each[1] === id)
    const acknowledged = mine.findLast(([word]) => word === 'ack')?.[2] ?? states.get(id)
    const begun = words.at(-1)?.[0] === 'try' ? mine.at(-1) : undefined
    const inFlight = begun?.[0] === 'try' ? begun[2] : undefined
    const record = await store.read(id, NOW)
    const state = record === null ? '0@0' : `${valueOf(record.payload)}@${record.expiresAt - LATER}`
    assert.ok(
      state === acknowledged || state === inFlight,
      `${id}: ${state}; acknowledged ${acknowledged}, begun ${inFlight}`,
    )
    if (state === inFlight && state !== acknowledged) found.doneUntold++
    states.set(id, state)
    if (record === null) return
    // No lock of the dead stops the next writer.
    assert.equal(await store.touch(id, record.expiresAt + 1, NOW), true)
    states.set(id, `${valueOf(record.payload)}@${record.expiresAt + 1 - LATER}`)
  }

  try {
    // One process that ends by itself leaves the compiled sources for all others, which then start in half the time.
    await start({ ids: [], seed, steps: 0 }).ended
    const lanes = Array.from({ length: writers }, (_, number) => lane(number + 1))
    // The first to fail ends the others, too, after the kill they are about.
    await Promise.all(lanes.map((one) => one.catch((error: unknown) => failures.push(error))))
    if (failures.length > 0) throw failures[0]
    await store.sweep?.(NOW, { records: 1_000_000, ms: 600_000 })
    const sum = valueOf((await store.read(shared, NOW))?.payload ?? '')
    assert.ok(sum >= added && sum <= added + doubtful, `shared: ${sum}, ${added} acknowledged, ${doubtful} in doubt`)
    await beside.close?.()
    await store.close?.()
    assert.deepEqual(place.leftAtEnd(home), [])
    return found
  } catch (error) {
    throw new Error(`${plan.place}, seed ${seed}, after ${found.kills} kills`, { cause: error })
  } finally {
    // One whose check has failed before its kill would go on for ever.
    for (const child of alive) child.process.kill('SIGKILL')
    await Promise.all([...alive].map((child) => child.ended))
  }
}

function count(words: readonly (readonly string[])[], first: string): number {
  return words.filter(([word]) => word === first).length
}

/** Between two lines a process makes many system calls: the kill shall hit any of them. */
function spin(microseconds: number): void {
  const end = performance.now() + microseconds / 1000
  while (performance.now() < end);
}
