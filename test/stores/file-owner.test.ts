/** Whose a lock is, and what that owner's standing allows; no other process is needed to try it. */
import assert from 'node:assert/strict'
import { existsSync, linkSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { SessionError } from '../../src/errors.ts'
import { openFolder } from '../../src/stores/file-folder.ts'
import { placeOf } from '../../src/stores/file-layout.ts'
import { fileLocks } from '../../src/stores/file-lock.ts'
import { newOwner, parseOwner, standingOf } from '../../src/stores/file-owner.ts'
import { fileStore } from '../../src/stores/file.ts'
import { testClock } from '../../src/testing/clock.ts'
import { idOf, LATER, NOW, scratch } from '../fixtures/file-harness.ts'

const ID = idOf(1)
const RECORD = { payload: 'one', expiresAt: LATER }

test('a lock from another machine or container is an error that names file, holder and mend', async (t) => {
  const directory = scratch(t)
  const store = fileStore(directory, { clock: testClock() })
  await store.create(ID, RECORD, NOW)
  const { lock } = placeOf(directory, ID)
  const name = ['17', '17', '99', 'f'.repeat(16), '1', 'a'.repeat(12), 'b'.repeat(16)].join('-')
  writeFileSync(lock, JSON.stringify({ owner: name, pid: 17, host: 'elsewhere' }))
  await assert.rejects(store.touch(ID, LATER + 1, NOW), (error) => {
    assert.ok(error instanceof SessionError)
    assert.equal(error.code, 'store_timeout')
    assert.ok(error.message.includes(lock))
    assert.match(error.message, /process 17 of another machine or container.*delete the file/)
    return true
  })
  assert.equal(existsSync(lock), true)
  writeFileSync(lock, '')
  await assert.rejects(store.touch(ID, LATER + 1, NOW), /does not say by whom: delete it/)
  await store.close?.()
})

test('a lock of our own, left by a release that failed, is used again', async (t) => {
  const directory = scratch(t)
  const folder = openFolder(directory)
  folder.restore(join(directory, ID.slice(0, 2)))
  const { lock } = placeOf(directory, ID)
  linkSync(folder.identity, lock)
  assert.deepEqual(
    fileLocks(folder, testClock()).tryHold(lock, () => 'ran'),
    { result: 'ran' },
  )
  assert.equal(existsSync(lock), false)
})

test('standing: only a proof says gone', () => {
  const me = newOwner()
  assert.equal(standingOf(me), 'alive')
  assert.deepEqual(parseOwner(me.name), me)
  assert.equal(standingOf({ ...me, started: String(Number(me.started) + 1) }), 'gone', 'the pid was used again')
  assert.equal(standingOf({ ...me, thread: 2 ** 30 }), 'gone', 'no such thread')
  assert.equal(standingOf({ ...me, pid: 2 ** 30, thread: 2 ** 30 }), 'gone', 'no such process')
  assert.equal(standingOf({ ...me, boot: 'f'.repeat(16) }), 'gone', 'this host has been started again')
  assert.equal(standingOf({ ...me, boot: 'f'.repeat(16), host: 'f'.repeat(12) }), 'unknown', 'another host')
  assert.equal(standingOf({ ...me, namespace: '1_1', pid: 2 ** 30 }), 'unknown', 'another container')
  assert.equal(standingOf({ ...me, boot: '', pid: 2 ** 30 }), 'unknown', 'no boot ID to compare')
  assert.equal(standingOf({ ...me, thread: 0, started: '0' }), 'alive', 'no start time to compare')
  assert.equal(parseOwner('free'), null)
})

test('the identity file names host and process for a person', (t) => {
  const folder = openFolder(scratch(t))
  const facts: unknown = JSON.parse(readFileSync(folder.identity, 'utf8'))
  assert.deepEqual(facts, { owner: folder.owner.name, pid: process.pid, host: hostname() })
})
