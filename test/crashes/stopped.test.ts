/** Processes stopped or killed in the middle of a change, deterministically; at random instants: kills.test.ts. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { SessionError } from '../../src/errors.ts'
import { testClock } from '../../src/testing/clock.ts'
import type { Store } from '../../src/store.ts'
import { fileStore } from '../../src/stores/file.ts'
import { sqliteStore } from '../../src/stores/sqlite.ts'
import { type Child, startScript } from '../fixtures/child.ts'
import { idOf, LATER, NOW, payloadOf, scratch, startChild, traces, valueOf } from '../fixtures/file-harness.ts'
import { isStopped, until } from '../servers/processes.ts'
import type { StoppedJob } from './stopped-writer.ts'

const ID = idOf(1)

// Before it has the lock the other one wins; then the other one is told to wait; once its record counts, that one wins,
// though the lock is still there. A large one is a file of its own before it asks for the lock.
for (const [verb, expected] of [
  ['update', /^made (store_timeout ){3}(conflict ?)+$/],
  ['update large', /^(made ){3,}(store_timeout )+(conflict ?)+$/],
] as const)
  test(`files: an ${verb} stopped before any of its system calls, and continued after another one: one of them wins, and says so`, async (t) => {
    const outcomes: string[] = []
    for (let at = 1; ; at++) {
      const directory = scratch(t)
      // Its pauses take no time: what a lock costs a caller here is a number of tries.
      const store = fileStore(directory, { clock: testClock() })
      const created = await store.create(ID, { payload: payloadOf(1, 500), expiresAt: LATER }, NOW)
      const child = startChild({ role: 'crash', directory, id: ID, verb, at, signal: 'SIGSTOP' })
      if (!(await stoppedInside(t, child))) break
      const ours = await updated(store, payloadOf(3, 700), created?.version ?? '')
      // A sweep beside a stopped process takes nothing of it away.
      await store.sweep?.(NOW, { records: 10, ms: 60_000 })
      child.process.kill('SIGCONT')
      await child.ended
      const theirs = child.lines.includes('done true')
      const value = valueOf((await store.read(ID, NOW))?.payload ?? '')
      assert.deepEqual({ value, theirs }, ours === 'made' ? { value: 3, theirs: false } : { value: 2, theirs: true })
      await store.sweep?.(NOW, { records: 10, ms: 60_000 })
      assert.deepEqual(traces(directory), [])
      await store.close?.()
      outcomes.push(ours)
    }
    assert.match(outcomes.join(' '), expected)
  })

for (const verb of ['update', 'touch', 'delete'] as const) {
  test(`SQLite: ${verb} stopped in its transaction: others read, writers are told in time, and nothing is lost`, async (t) => {
    const { file, store, version } = await database(t)
    const child = startStopped({ file, id: ID, verb, signal: 'SIGSTOP' })
    assert.ok(await stoppedInside(t, child))
    assert.equal((await store.read(ID, NOW))?.payload, 'old')
    assert.equal(await updated(store, 'ours', version), 'store_timeout')
    child.process.kill('SIGCONT')
    await child.ended
    assert.ok(child.lines.includes('done true'), child.lines.join(' | '))
    const found = await store.read(ID, NOW)
    assert.deepEqual(
      found === null ? 'absent' : `${found.payload} until ${found.expiresAt - LATER}`,
      { update: 'theirs until 0', touch: 'old until 1000', delete: 'absent' }[verb],
    )
    await store.close?.()
  })

  test(`SQLite: ${verb} killed in its transaction: it has not been made, and nobody waits for it`, async (t) => {
    const { directory, file, store, version } = await database(t)
    const child = startStopped({ file, id: ID, verb, signal: 'SIGKILL' })
    await child.ended
    assert.deepEqual([child.lines, child.process.signalCode], [['signal'], 'SIGKILL'])
    const found = await store.read(ID, NOW)
    assert.deepEqual([found?.payload, found?.expiresAt, found?.version], ['old', LATER, version])
    assert.equal(await updated(store, 'ours', version), 'made')
    await store.close?.()
    assert.deepEqual(readdirSync(directory), ['sessions.db'])
  })
}

async function database(
  context: TestContext,
): Promise<{ readonly directory: string; readonly file: string; readonly store: Store; readonly version: string }> {
  const directory = scratch(context)
  const file = join(directory, 'sessions.db')
  const store = sqliteStore(file, { busyTimeout: '50ms' })
  const created = await store.create(ID, { payload: 'old', expiresAt: LATER }, NOW)
  return { directory, file, store, version: String(created?.version) }
}

function startStopped(job: StoppedJob): Child {
  return startScript(new URL('stopped-writer.ts', import.meta.url), job)
}

/** False when the child has ended without having sent itself a signal. */
async function stoppedInside(context: TestContext, child: Child): Promise<boolean> {
  context.after(() => child.process.kill('SIGKILL'))
  await child.until((lines) => lines.some((line) => line === 'signal' || line.startsWith('done')))
  if (!child.lines.includes('signal')) {
    await child.ended
    return false
  }
  await until('stopped', () => isStopped(child.process.pid ?? 0))
  return true
}

/** What an update by us comes to: `made`, `conflict`, `gone`, or the code of its error. */
async function updated(store: Store, payload: string, version: string | number): Promise<string> {
  try {
    const result = await store.update(ID, version, { payload, expiresAt: LATER }, NOW)
    return typeof result === 'object' ? 'made' : result
  } catch (error) {
    if (error instanceof SessionError) return error.code
    throw error
  }
}
