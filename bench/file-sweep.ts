/**
 * What the file store costs: per call at 1,000 and at 100,000 sessions, and the delay of the event loop while
 * requests go on, without a sweep and beside one of 20,000 expired records.
 *
 *   node --conditions=coatcheck-source bench/file-sweep.ts
 */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import type { Store } from '../src/store.ts'
import { fileStore } from '../src/stores/file.ts'

const NOW = 1_700_000_000_000
const LATER = NOW + 3_600_000
const PAYLOAD = 'x'.repeat(600)
const EXPIRED = 20_000

const directory = mkdtempSync(join(tmpdir(), 'coatcheck-bench-'))
process.on('exit', () => rmSync(directory, { recursive: true, force: true }))

const small = fileStore(join(directory, 'small'))
await fill(small, 0, 1000, LATER)
await costs('1,000', small, 1000)
const large = fileStore(join(directory, 'large'))
await fill(large, 0, 100_000, LATER)
await costs('100,000', large, 100_000)

await loopDelays()
for (const store of [small, large]) await store.close?.()

function idOf(n: number): string {
  return createHash('sha256').update(String(n)).digest('hex')
}

async function fill(store: Store, from: number, count: number, expiresAt: number): Promise<void> {
  for (let n = from; n < from + count; n++) await store.create(idOf(n), { payload: PAYLOAD, expiresAt }, NOW)
}

async function costs(label: string, store: Store, sessions: number): Promise<void> {
  // IDs are drawn beforehand: hashing is not the store's cost.
  const ids = Array.from({ length: 2000 }, (_, n) => idOf(Math.imul(n, 7919) % sessions))
  const verbs: Record<string, (id: string, n: number) => Promise<unknown>> = {
    read: (id) => store.read(id, NOW),
    update: async (id) => {
      const found = await store.read(id, NOW)
      return store.update(id, found?.version ?? '', { payload: PAYLOAD, expiresAt: LATER }, NOW)
    },
    touch: (id, n) => store.touch(id, LATER + n, NOW),
    'read of an absent ID': (id) => store.read(`${id.slice(1)}0`, NOW),
  }
  for (const [verb, run] of Object.entries(verbs)) {
    for (const id of ids.slice(0, 200)) await run(id, 0)
    const cpu = process.cpuUsage()
    const start = performance.now()
    for (const [n, id] of ids.entries()) await run(id, n + 1)
    const wall = ((performance.now() - start) * 1000) / ids.length
    const used = process.cpuUsage(cpu)
    const each = (used.user + used.system) / ids.length
    const name = verb === 'update' ? 'read + update' : verb
    console.log(`${label} sessions: ${name}: ${wall.toFixed(1)} us, CPU ${each.toFixed(1)} us`)
  }
}

async function loopDelays(): Promise<void> {
  const store = fileStore(join(directory, 'sweep'))
  await fill(store, 0, 1000, LATER)
  for (let round = 0; round < 3; round++) {
    await fill(store, 1000, EXPIRED, NOW + 1)
    const requests = { stop: false }
    const traffic = go(store, requests)
    const alone = await delay(() => pause(1500))
    let removed = 0
    const beside = await delay(async () => {
      for (let more = true; more;) {
        const result = await store.sweep?.(NOW + 1, { records: 1000, ms: 50 })
        removed += result?.removed ?? 0
        more = result?.more ?? false
        await pause(5)
      }
    })
    requests.stop = true
    await traffic
    if (removed !== EXPIRED) throw new Error(`${removed} of ${EXPIRED} expired records were removed`)
    console.log(
      `sweep of ${removed} in ${beside.took.toFixed(0)} ms: loop delay without / with: ` +
        `mean ${alone.mean.toFixed(2)} / ${beside.mean.toFixed(2)} ms, p99 ${alone.p99.toFixed(2)} / ` +
        `${beside.p99.toFixed(2)} ms, max ${alone.max.toFixed(2)} / ${beside.max.toFixed(2)} ms, ` +
        `p99 ratio ${(beside.p99 / alone.p99).toFixed(2)}`,
    )
  }
  await store.close?.()
}

/** A request every two milliseconds: one read and one write. */
async function go(store: Store, requests: { stop: boolean }): Promise<void> {
  for (let n = 0; !requests.stop; n = (n + 1) % 1000) {
    const found = await store.read(idOf(n), NOW)
    if (found) await store.update(idOf(n), found.version, { payload: PAYLOAD, expiresAt: LATER }, NOW)
    await pause(2)
  }
}

async function delay(work: () => Promise<void>): Promise<{ mean: number; p99: number; max: number; took: number }> {
  const histogram = monitorEventLoopDelay({ resolution: 1 })
  histogram.enable()
  const start = performance.now()
  await work()
  const took = performance.now() - start
  histogram.disable()
  // The histogram counts the timer's own millisecond too, alike in both.
  return { mean: histogram.mean / 1e6, p99: histogram.percentile(99) / 1e6, max: histogram.max / 1e6, took }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
