/** What the file store tells the operator once per process, so these tests have one of their own. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { test, type TestContext } from 'node:test'
import { openFolder } from '../../src/stores/file-folder.ts'
import { placeOf } from '../../src/stores/file-layout.ts'
import { fileStore } from '../../src/stores/file.ts'
import { idOf, LATER, NOW, scratch } from '../fixtures/file-harness.ts'

const ALL = { records: 1_000_000, ms: 60_000 }

/** Code and words of every warning of a test, in order. */
function warnings(context: TestContext): string[] {
  const said: string[] = []
  context.mock.method(process, 'emitWarning', (message: string, { code }: { code: string }) => {
    said.push(`${code} ${message}`)
  })
  return said
}

for (const [state, bytes] of Object.entries({ TORN: '', NEWER: 'coatcheck/2 ', FOREIGN: 'Dear diary' }))
  test(`reading a file that is ${state.toLowerCase()} gives a warning that names it, the first time`, async (t) => {
    const directory = scratch(t)
    const store = fileStore(directory)
    const { file, shard } = placeOf(directory, idOf(1))
    fs.mkdirSync(shard, { mode: 0o700 })
    fs.writeFileSync(file, bytes)
    const said = warnings(t)
    for (const time of ['first', 'second']) assert.equal(await store.read(idOf(1), NOW), null, time)
    assert.equal(said.length, 1)
    assert.ok(said[0]?.startsWith(`COATCHECK_RECORD_${state} ${file} `))
  })

test('a record that cannot be swept is told of when nobody here can say whether its lock is still held', async (t) => {
  const directory = scratch(t)
  const store = fileStore(directory)
  await store.create(idOf(1), { payload: 'x', expiresAt: LATER }, NOW)
  const { lock } = placeOf(directory, idOf(1))
  const said = warnings(t)
  fs.linkSync(openFolder(directory).identity, lock)
  await store.sweep?.(LATER, ALL)
  assert.equal(said.length, 0, 'a living holder lets go by itself')
  fs.unlinkSync(lock)
  const link = t.mock.method(fs, 'linkSync', () => {
    throw Object.assign(new Error('taken'), { code: 'EEXIST' })
  })
  assert.deepEqual(await store.sweep?.(LATER, ALL), { removed: 0, more: false })
  link.mock.restore()
  assert.equal(said.length, 0, 'a lock that is gone when looked at')
  const elsewhere = ['17', '17', '99', 'f'.repeat(16), '1', 'a'.repeat(12), 'b'.repeat(16)].join('-')
  fs.writeFileSync(lock, JSON.stringify({ owner: elsewhere }))
  for (const time of ['first', 'second'])
    assert.deepEqual(await store.sweep?.(LATER, ALL), { removed: 0, more: false }, time)
  assert.equal(said.length, 1)
  assert.ok(said[0]?.startsWith(`COATCHECK_LOCK_UNKNOWN ${lock} `))
})

test('maxSessions: the first eviction gives a warning with both numbers', async (t) => {
  const store = fileStore(scratch(t), { maxSessions: 10 })
  const said = warnings(t)
  for (let n = 0; n < 10; n++) await store.create(idOf(n), { payload: 'x', expiresAt: LATER + n }, NOW)
  await store.sweep?.(NOW, ALL)
  assert.equal(said.length, 0)
  for (const more of [10, 11, 12]) await store.create(idOf(more), { payload: 'x', expiresAt: LATER + more }, NOW)
  await store.sweep?.(NOW, ALL)
  assert.match(said[0] ?? '', /^COATCHECK_SESSIONS_EVICTED 13 sessions are stored and maxSessions is 10/)
})
