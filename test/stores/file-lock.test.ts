import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { Worker } from 'node:worker_threads'
import { SessionError } from '../../src/errors.ts'
import { testClock } from '../../src/testing/clock.ts'
import { removeDeadLock, takeToken } from '../../src/stores/file-breaker.ts'
import { openFolder } from '../../src/stores/file-folder.ts'
import { placeOf } from '../../src/stores/file-layout.ts'
import { fileLocks } from '../../src/stores/file-lock.ts'
import { fileStore } from '../../src/stores/file.ts'
import { holderOf, parseOwner, standingOf } from '../../src/stores/file-owner.ts'
import { idOf, LATER, NOW, scratch, startChild } from '../fixtures/file-harness.ts'

const ID = idOf(1)
const RECORD = { payload: 'one', expiresAt: LATER }

/** A folder with one record, whose lock a killed process has left. */
async function withDeadLock(context: TestContext): Promise<{ directory: string; lock: string }> {
  const directory = scratch(context)
  const store = fileStore(directory)
  await store.create(ID, RECORD, NOW)
  await store.close?.()
  const child = startChild({ role: 'lock', directory, id: ID, signal: 'SIGKILL' })
  await child.ended
  const { lock } = placeOf(directory, ID)
  const holder = holderOf(lock)
  assert.ok(holder !== null && holder !== 'unreadable', 'the lock says whose it is')
  assert.equal(holder.pid, child.process.pid)
  return { directory, lock }
}

test('a lock whose holder was killed is taken over at once', async (t) => {
  const { directory, lock } = await withDeadLock(t)
  const store = fileStore(directory, { clock: { ...testClock(), sleep: () => assert.fail('no pause is needed') } })
  assert.equal(await store.touch(ID, LATER + 1, NOW), true)
  assert.equal(existsSync(lock), false)
  await store.close?.()
})

test('a sweep removes the lock of the dead from a record nobody visits', async (t) => {
  const { directory, lock } = await withDeadLock(t)
  const store = fileStore(directory)
  assert.deepEqual(await store.sweep?.(NOW, { records: 10, ms: 60_000 }), { removed: 0, more: false })
  assert.equal(existsSync(lock), false)
  assert.equal((await store.read(ID, NOW))?.payload, 'one')
  await store.close?.()
})

test('whoever is late to break a dead lock leaves the live one alone that has taken its place', async (t) => {
  const { directory, lock } = await withDeadLock(t)
  const [fast, slow] = [openFolder(directory), openFolder(directory)]
  const seen = holderOf(lock)
  assert.ok(seen !== null && seen !== 'unreadable' && standingOf(seen) === 'gone', 'the slow one has its proof')
  fileLocks(fast, testClock()).tryHold(lock, () => {
    assert.equal(removeDeadLock(slow, lock), true)
    const holder = holderOf(lock)
    assert.ok(holder !== null && holder !== 'unreadable' && holder.name === fast.owner.name, 'the live lock stands')
  })
  assert.equal(existsSync(lock), false)
})

test('a dead lock is not removed while another process holds the breaker token', async (t) => {
  const { directory, lock } = await withDeadLock(t)
  const [one, other] = [openFolder(directory), openFolder(directory)]
  assert.equal(takeToken(one), true)
  assert.equal(removeDeadLock(other, lock), false)
  assert.equal(existsSync(lock), true)
  assert.equal(removeDeadLock(one, lock), true)
  assert.equal(existsSync(lock), false)
})

test('the token of a killed process passes to exactly one other, and there is never a second token', async (t) => {
  const { directory, lock } = await withDeadLock(t)
  const child = startChild({ role: 'token', directory })
  await child.ended
  assert.deepEqual(child.lines, ['true'])
  const folders = [1, 2, 3].map(() => openFolder(directory))
  assert.equal(folders.filter((folder) => takeToken(folder)).length, 1)
  const [holder] = readdirSync(join(directory, '.breaker')).map((name) => parseOwner(name))
  const winner = folders.find((folder) => folder.owner.name === holder?.name)
  assert.ok(winner, 'the token bears the name of the one that got it')
  assert.equal(removeDeadLock(winner, lock), true)
  assert.deepEqual(readdirSync(join(directory, '.breaker')), ['free'])
})

test('the token of a process that was killed when no lock was left to remove is free again after a sweep', async (t) => {
  const directory = scratch(t)
  const store = fileStore(directory)
  await store.create(ID, RECORD, NOW)
  await startChild({ role: 'token', directory }).ended
  await store.sweep?.(NOW, { records: 10, ms: 60_000 })
  assert.deepEqual(readdirSync(join(directory, '.breaker')), ['free'])
  await store.close?.()
})

test('processes that meet at a dead lock keep their count', async (t) => {
  const directory = scratch(t)
  const store = fileStore(directory)
  const counter = idOf(2)
  await store.create(counter, { payload: '0', expiresAt: LATER }, NOW)
  await startChild({ role: 'lock', directory, id: counter, signal: 'SIGKILL' }).ended
  const children = [1, 2].map(() => startChild({ role: 'increment', directory, id: counter, count: 20 }))
  await Promise.all(children.map((child) => child.ended))
  assert.equal((await store.read(counter, NOW))?.payload, '40')
  await store.close?.()
})

test('the lock of a stopped process is waited for, then an error names it; it is never taken away', async (t) => {
  const directory = scratch(t)
  const store = fileStore(directory, { clock: testClock() })
  await store.create(ID, RECORD, NOW)
  const child = startChild({ role: 'lock', directory, id: ID, signal: 'SIGSTOP' })
  t.after(() => child.process.kill('SIGKILL'))
  await child.until((lines) => lines.includes('held'))
  const version = (await store.read(ID, NOW))?.version ?? ''
  const verbs = {
    create: () => store.create(ID, RECORD, LATER + 1),
    update: () => store.update(ID, version, RECORD, NOW),
    touch: () => store.touch(ID, LATER + 1, NOW),
    delete: () => store.delete(ID),
  }
  const named = new RegExp(`${ID}\\.lock .*process ${child.process.pid}, which is alive`)
  await Promise.all(
    Object.entries(verbs).map(([verb, run]) =>
      assert.rejects(run(), (error) => {
        assert.ok(error instanceof SessionError, verb)
        assert.equal(error.code, 'store_timeout', verb)
        assert.match(error.message, named, verb)
        return true
      }),
    ),
  )
  assert.equal((await store.sweep?.(LATER + 1, { records: 10, ms: 1000 }))?.removed, 0)
  assert.equal((await store.read(ID, NOW))?.payload, 'one', 'reading needs no lock')
  child.process.kill('SIGCONT')
  await child.ended
  assert.deepEqual(child.lines, ['held', 'released'])
  assert.equal(await store.delete(ID), true)
  await store.close?.()
})

test('a worker thread that was terminated in a write is proven gone while its process lives', async (t) => {
  const directory = scratch(t)
  const source = `
    const { parentPort } = require('node:worker_threads')
    import(${JSON.stringify(new URL('../../src/stores/file-folder.ts', import.meta.url).href)}).then(({ openFolder }) => {
      const folder = openFolder(${JSON.stringify(directory)})
      parentPort.postMessage(folder.owner.name)
      for (;;);
    })`
  const worker = new Worker(source, { eval: true })
  const name = await new Promise<unknown>((resolve) => worker.once('message', resolve))
  const owner = parseOwner(String(name))
  assert.ok(owner)
  assert.equal(owner.pid, process.pid)
  assert.equal(standingOf(owner), 'alive')
  await worker.terminate()
  // The kernel's thread may outlast the event by a moment.
  while (standingOf(owner) === 'alive') await new Promise((resolve) => setImmediate(resolve))
  assert.equal(standingOf(owner), 'gone')
})
