/** What a sweep of files takes away, what it leaves, and how it goes on from one call to the next. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openFolder } from '../../src/stores/file-folder.ts'
import { placeOf } from '../../src/stores/file-layout.ts'
import { fileStore } from '../../src/stores/file.ts'
import { deadOwnerName, idOf, LATER, NOW, scratch } from '../fixtures/file-harness.ts'

const ALL = { records: 1_000_000, ms: 60_000 }
const ONE_AT_A_TIME = { records: 1, ms: 60_000 }

/** IDs of one shard each, or all of one shard. */
function idIn(shard: string, n: number): string {
  return shard + n.toString(16).padStart(62, '0')
}

function namesIn(directory: string): string[] {
  return fs.readdirSync(directory, { recursive: true, encoding: 'utf8' }).toSorted()
}

test('what the dead have left goes, what the living use and what is foreign stays', async (t) => {
  const directory = scratch(t)
  const store = fileStore(directory)
  await store.create(idOf(1), { payload: 'one', expiresAt: LATER }, NOW)
  const living = openFolder(directory).owner.name
  const { shard, lock } = placeOf(directory, idOf(1))
  const dead = deadOwnerName()
  const write = (path: string, text = ''): void => fs.writeFileSync(path, text)
  write(join(shard, `${living}.0.tmp`))
  write(join(shard, 'notes.7.tmp'))
  write(join(shard, 'README'))
  write(join(shard, `${'0'.repeat(64)}.lock`), JSON.stringify({ owner: living }))
  fs.mkdirSync(join(directory, `.breaker-${living}`))
  fs.mkdirSync(join(directory, dead))
  fs.mkdirSync(join(directory, `x-breaker-${dead}`))
  for (const noShard of ['x3f', '3fx', '3F', '3']) {
    fs.mkdirSync(join(directory, noShard))
    write(join(directory, noShard, `${dead}.0.tmp`))
  }
  const before = namesIn(directory)

  write(lock, JSON.stringify({ owner: dead }))
  write(join(shard, `${dead}.0.tmp`))
  write(join(shard, `${dead}.12.tmp`))
  write(join(directory, '.owners', dead))
  write(join(directory, '.owners', `${dead}.probe`))
  fs.mkdirSync(join(directory, `.breaker-${dead}`))
  write(join(directory, `.breaker-${dead}`, 'free'))
  assert.deepEqual(await store.sweep?.(NOW, ALL), { removed: 0, more: false })
  assert.deepEqual(namesIn(directory), [...before, '.breaker', '.breaker/free'].toSorted())
})

test('a token that the dead had for removing locks is free again', async (t) => {
  const directory = scratch(t)
  const home = join(directory, '.breaker')
  const store = fileStore(directory)
  fs.mkdirSync(home)
  fs.writeFileSync(join(home, deadOwnerName()), '')
  await store.sweep?.(NOW, ALL)
  assert.deepEqual(fs.readdirSync(home), ['free'])
})

test('a record ends at its deadline, not a millisecond before', async (t) => {
  const store = fileStore(scratch(t))
  await store.create(idOf(1), { payload: 'one', expiresAt: LATER }, NOW)
  assert.deepEqual(await store.sweep?.(LATER - 1, ALL), { removed: 0, more: false })
  assert.deepEqual(await store.sweep?.(LATER, ALL), { removed: 1, more: false })
  assert.deepEqual(await store.sweep?.(LATER, ALL), { removed: 0, more: false })
})

test('a call stops at either limit, and the next goes on from there', async (t) => {
  const store = fileStore(scratch(t))
  for (const shard of ['00', '7f', 'ff'])
    for (let n = 0; n < 3; n++) await store.create(idIn(shard, n), { payload: 'x', expiresAt: LATER }, NOW)
  assert.deepEqual(await store.sweep?.(LATER, { records: 2, ms: 60_000 }), { removed: 2, more: true })
  assert.deepEqual(await store.sweep?.(LATER, { records: 100, ms: 0 }), { removed: 1, more: true })
  assert.deepEqual(await store.sweep?.(LATER, ALL), { removed: 6, more: false })
})

test('what dies between two calls of one pass is removed by that pass', async (t) => {
  const store = fileStore(scratch(t))
  for (const shard of ['00', '7f', 'ff']) {
    await store.create(idIn(shard, 1), { payload: 'x', expiresAt: NOW + 1 }, NOW)
    await store.create(idIn(shard, 2), { payload: 'x', expiresAt: LATER }, NOW)
  }
  // The first call has seen one shard at least, and some that live on.
  const first = await store.sweep?.(NOW + 1, { records: 3, ms: 60_000 })
  assert.deepEqual(first, { removed: 3, more: true })
  const second = await store.sweep?.(LATER, ALL)
  assert.deepEqual(second, { removed: 3, more: false })
})

test('calls that overlap take turns and remove each record once', async (t) => {
  const store = fileStore(scratch(t))
  for (let n = 0; n < 6; n++) await store.create(idOf(n), { payload: 'x', expiresAt: LATER }, NOW)
  const calls = [1, 2, 3].map(async () => store.sweep?.(LATER, { records: 2, ms: 60_000 }))
  assert.deepEqual(
    (await Promise.all(calls)).map((result) => result?.removed),
    [2, 2, 2],
  )
})

test('a call that fails does not stop those after it', async (t) => {
  const directory = scratch(t)
  const store = fileStore(directory)
  await store.create(idOf(1), { payload: 'x', expiresAt: LATER }, NOW)
  const mock = t.mock.method(fs.promises, 'readdir', () =>
    Promise.reject(Object.assign(new Error('no'), { code: 'EIO' })),
  )
  await assert.rejects(async () => store.sweep?.(LATER, ALL), { code: 'store_failed' })
  mock.mock.restore()
  assert.deepEqual(await store.sweep?.(LATER, ALL), { removed: 1, more: false })
})

test('a sweep under way ends when the store closes', async (t) => {
  const directory = scratch(t)
  const store = fileStore(directory)
  for (let n = 0; n < 3; n++) await store.create(idOf(n), { payload: 'x', expiresAt: LATER }, NOW)
  const sweep = store.sweep?.(LATER, ALL)
  await store.close?.()
  assert.deepEqual(await sweep, { removed: 0, more: false })
})

test('maxSessions: whoever is told of evictions hears of those that still lived, and of nothing else', async (t) => {
  const directory = scratch(t)
  const store = fileStore(directory, { maxSessions: 2 })
  const [first, second]: string[][] = [[], []]
  store.onEvict((id) => first?.push(id))
  store.onEvict((id) => second?.push(id))
  await store.create(idOf(0), { payload: 'x', expiresAt: NOW + 1 }, NOW)
  for (let n = 1; n < 5; n++) await store.create(idOf(n), { payload: 'x', expiresAt: LATER + n }, NOW)
  assert.deepEqual(await store.sweep?.(NOW + 1, ALL), { removed: 3, more: false })
  assert.deepEqual(first, [idOf(1), idOf(2)])
  assert.deepEqual(second, first)
  await store.create(idOf(5), { payload: 'x', expiresAt: LATER + 9 }, NOW)
  assert.deepEqual(await store.sweep?.(NOW + 1, ALL), { removed: 1, more: false })
  assert.deepEqual(first, [idOf(1), idOf(2), idOf(3)], 'the count begins anew in each pass')
})

test('maxSessions: at the limit nothing goes', async (t) => {
  const store = fileStore(scratch(t), { maxSessions: 3 })
  for (let n = 0; n < 3; n++) await store.create(idOf(n), { payload: 'x', expiresAt: LATER + n }, NOW)
  assert.deepEqual(await store.sweep?.(NOW, ALL), { removed: 0, more: false })
})

test('maxSessions: what was visited since it was chosen stays', async (t) => {
  const directory = scratch(t)
  const store = fileStore(directory, { maxSessions: 1 })
  const evicted: string[] = []
  store.onEvict((id) => evicted.push(id))
  for (let n = 1; n < 4; n++) await store.create(idOf(n), { payload: 'x', expiresAt: LATER + n }, NOW)
  assert.deepEqual(await store.sweep?.(NOW, ONE_AT_A_TIME), { removed: 1, more: true })
  await store.touch(idOf(2), LATER + 100, NOW)
  assert.deepEqual(await store.sweep?.(NOW, ALL), { removed: 0, more: false })
  assert.deepEqual(evicted, [idOf(1)])
  assert.ok(await store.read(idOf(2), NOW))
})

test('maxSessions: what ended since it was chosen is removed without a word', async (t) => {
  const store = fileStore(scratch(t), { maxSessions: 1 })
  const evicted: string[] = []
  store.onEvict((id) => evicted.push(id))
  for (let n = 1; n < 4; n++) await store.create(idOf(n), { payload: 'x', expiresAt: LATER + n }, NOW)
  await store.sweep?.(NOW, ONE_AT_A_TIME)
  assert.deepEqual(await store.sweep?.(LATER + 2, ALL), { removed: 1, more: false })
  assert.deepEqual(evicted, [idOf(1)])
})

test('a torn record that is written anew before the sweep has its lock stays', async (t) => {
  const directory = scratch(t)
  const store = fileStore(directory)
  await store.create(idOf(1), { payload: 'x', expiresAt: LATER }, NOW)
  const { file } = placeOf(directory, idOf(1))
  const whole = fs.readFileSync(file)
  fs.writeFileSync(file, whole.subarray(0, 40))
  const real = fs.linkSync
  const mock = t.mock.method(fs, 'linkSync', (from: string, to: string) => {
    mock.mock.restore()
    fs.writeFileSync(file, whole)
    real(from, to)
  })
  await store.sweep?.(NOW, ALL)
  assert.equal(mock.mock.callCount(), 1)
  assert.ok(await store.read(idOf(1), NOW))
})

test('a sweep locks what it removes and nothing else', async (t) => {
  const store = fileStore(scratch(t))
  for (let n = 0; n < 6; n++) await store.create(idOf(n), { payload: 'x', expiresAt: LATER + (n % 2) }, NOW)
  const locked = t.mock.method(fs, 'linkSync')
  assert.deepEqual(await store.sweep?.(LATER, ALL), { removed: 3, more: false })
  assert.equal(locked.mock.callCount(), 3)
})

test('an expired record whose lock somebody holds is left to the next pass', async (t) => {
  const directory = scratch(t)
  const store = fileStore(directory)
  await store.create(idOf(1), { payload: 'x', expiresAt: LATER }, NOW)
  const { lock } = placeOf(directory, idOf(1))
  fs.linkSync(openFolder(directory).identity, lock)
  assert.deepEqual(await store.sweep?.(LATER, ALL), { removed: 0, more: false })
  assert.ok(fs.existsSync(lock))
  fs.unlinkSync(lock)
  assert.deepEqual(await store.sweep?.(LATER, ALL), { removed: 1, more: false })
})

test('a record that is deleted between two calls of one pass is passed over', async (t) => {
  const store = fileStore(scratch(t))
  for (let n = 0; n < 4; n++) await store.create(idIn('7f', n), { payload: 'x', expiresAt: LATER }, NOW)
  assert.deepEqual(await store.sweep?.(LATER, ONE_AT_A_TIME), { removed: 1, more: true })
  let deleted = 0
  for (let n = 0; n < 4 && deleted < 2; n++) if (await store.delete(idIn('7f', n))) deleted++
  assert.deepEqual(await store.sweep?.(LATER, ALL), { removed: 1, more: false })
})

test('maxSessions: foreign files are no sessions', async (t) => {
  const directory = scratch(t)
  const store = fileStore(directory, { maxSessions: 2 })
  for (let n = 0; n < 2; n++) await store.create(idIn('7f', n), { payload: 'x', expiresAt: LATER + n }, NOW)
  fs.writeFileSync(placeOf(directory, idIn('7f', 2)).file, 'Dear diary')
  assert.deepEqual(await store.sweep?.(NOW, ALL), { removed: 0, more: false })
})

test('a foreign file does not keep a pass from coming back to what dies beside it', async (t) => {
  const directory = scratch(t)
  const store = fileStore(directory)
  await store.create(idIn('7f', 1), { payload: 'x', expiresAt: LATER }, NOW)
  await store.create(idIn('7f', 2), { payload: 'x', expiresAt: NOW + 1 }, NOW)
  fs.writeFileSync(placeOf(directory, idIn('7f', 3)).file, 'Dear diary')
  // Whatever the order in which they are listed: one file a call, until the one that is dead is found.
  for (let more = true; more;) {
    const result = await store.sweep?.(NOW + 1, { records: 1, ms: 0 })
    more = result?.more === true && result.removed === 0
  }
  const rest = await store.sweep?.(LATER, ALL)
  assert.equal(rest?.removed, 1)
})
