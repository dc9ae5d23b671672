import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Store } from '../../src/store.ts'

/** Run `processes` workers that begin at once on the database at `url`; fails unless each keeps all its records. */
export async function workAtOnce(url: string, processes: number, sessions: number): Promise<void> {
  const workers = Array.from({ length: processes }, (_, n) => {
    const args = [join(import.meta.dirname, '../fixtures/sql-worker.ts'), url, `worker-${n}-`, String(sessions)]
    return spawn(process.execPath, ['--conditions=coatcheck-source', ...args])
  })
  try {
    await Promise.all(workers.map((worker) => once(worker.stdout, 'data')))
    for (const worker of workers) worker.stdin.write('go\n')
    const output = await Promise.all(
      workers.map(async ({ stdout, stderr }) => [await text(stdout), await text(stderr)]),
    )
    for (const [said, complaint] of output) assert.equal(`${said}${complaint}`, `kept ${sessions}\n`)
  } finally {
    for (const worker of workers) worker.kill('SIGKILL')
  }
}

/**
 * Sweep from ten handles at once until all say that there is no more. Returns how many records they removed and how
 * many calls they made.
 */
export async function sweepAtOnce(stores: readonly Required<Store>[], now: number): Promise<Swept> {
  const swept = { removed: 0, calls: 0 }
  await Promise.all(
    stores.map(async (store) => {
      for (let more = true; more;) {
        const batch = await store.sweep(now, { records: 50, ms: 1000 })
        swept.removed += batch.removed
        swept.calls++
        more = batch.more
      }
    }),
  )
  return swept
}

/** What a sweep from several handles did. */
export interface Swept {
  readonly removed: number
  readonly calls: number
}
