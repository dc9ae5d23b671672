/** Locks and tokens of owners that are gone, as files that such an owner leaves; processes that die: file-lock.test.ts. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { freeDeadToken, removeDeadLock, takeToken } from '../../src/stores/file-breaker.ts'
import { openFolder, type Folder } from '../../src/stores/file-folder.ts'
import { placeOf } from '../../src/stores/file-layout.ts'
import { deadOwnerName, idOf, scratch } from '../fixtures/file-harness.ts'

interface Scene {
  readonly directory: string
  readonly folder: Folder
  /** Where the lock of a record would be; its folder is there. */
  readonly lock: string
  /** The names in the token's folder. */
  readonly token: () => string[]
}

function scene(context: TestContext): Scene {
  const directory = scratch(context)
  const folder = openFolder(directory)
  const { lock, shard } = placeOf(directory, idOf(1))
  folder.restore(shard)
  return { directory, folder, lock, token: () => fs.readdirSync(join(directory, '.breaker')) }
}

function writeLock(path: string, owner: string): void {
  fs.writeFileSync(path, `${JSON.stringify({ owner })}\n`)
}

test('the lock of the dead is removed and the token is free again', (t) => {
  const { folder, lock, token } = scene(t)
  for (const time of ['first', 'second']) {
    writeLock(lock, deadOwnerName())
    assert.equal(removeDeadLock(folder, lock), true, time)
    assert.equal(fs.existsSync(lock), false, time)
    assert.deepEqual(token(), ['free'], time)
  }
})

test('the lock of the living, of nobody and of somebody unknown stays', (t) => {
  const { directory, folder, lock, token } = scene(t)
  const contents = ['', 'Dear diary', JSON.stringify({ owner: openFolder(directory).owner.name })]
  for (const text of contents) {
    fs.writeFileSync(lock, text)
    assert.equal(removeDeadLock(folder, lock), true, text)
    assert.equal(fs.readFileSync(lock, 'utf8'), text)
  }
  fs.unlinkSync(lock)
  assert.equal(removeDeadLock(folder, lock), true, 'the lock is gone already')
  assert.deepEqual(token(), ['free'])
})

test('a token that a living owner has is nobody else’s, and is not freed', (t) => {
  const { directory, folder, lock, token } = scene(t)
  const other = openFolder(directory)
  assert.equal(takeToken(other), true)
  writeLock(lock, deadOwnerName())
  assert.equal(removeDeadLock(folder, lock), false)
  assert.equal(fs.existsSync(lock), true)
  freeDeadToken(folder)
  assert.deepEqual(token(), [other.owner.name])
})

test('a token that the dead had is taken from them, once, or freed', (t) => {
  const { directory, folder, lock, token } = scene(t)
  freeDeadToken(folder)
  assert.equal(fs.existsSync(join(directory, '.breaker')), false, 'freeing makes no token')
  const home = join(directory, '.breaker')
  fs.mkdirSync(home)
  const dead = deadOwnerName()
  fs.writeFileSync(join(home, dead), '')
  assert.equal(takeToken(folder), true)
  assert.deepEqual(token(), [folder.owner.name])
  assert.equal(takeToken(openFolder(directory)), false)
  assert.equal(takeToken(folder), true, 'ours already: a return that failed')
  writeLock(lock, dead)
  assert.equal(removeDeadLock(folder, lock), true)
  assert.deepEqual(token(), ['free'])
  fs.renameSync(join(home, 'free'), join(home, dead))
  freeDeadToken(folder)
  assert.deepEqual(token(), ['free'])
})

test('a token that cannot be returned stays ours, and the lock is removed all the same', (t) => {
  const { folder, lock, token } = scene(t)
  assert.equal(takeToken(folder), true)
  writeLock(lock, deadOwnerName())
  const mock = t.mock.method(fs, 'renameSync', (from: string, to: string) => {
    throw Object.assign(new Error(`no room to rename ${from} to ${to}`), {
      code: to.endsWith('free') ? 'EIO' : 'ENOENT',
    })
  })
  assert.equal(removeDeadLock(folder, lock), true)
  assert.equal(fs.existsSync(lock), false)
  mock.mock.restore()
  assert.deepEqual(token(), [folder.owner.name])
  writeLock(lock, deadOwnerName())
  assert.equal(removeDeadLock(folder, lock), true)
  assert.deepEqual(token(), ['free'])
})

test('only this user may look at the token, and whoever prepared a second one throws it away', (t) => {
  const before = process.umask(0)
  t.after(() => process.umask(before))
  const { directory, folder, token } = scene(t)
  const home = join(directory, '.breaker')
  const real = fs.renameSync
  // Another process is first, in the last moment.
  const mock = t.mock.method(fs, 'renameSync', (from: string, to: string) => {
    if (to === home) {
      mock.mock.restore()
      assert.equal(takeToken(openFolder(directory)), true)
    }
    real(from, to)
  })
  assert.equal(takeToken(folder), false, 'the other one has it')
  assert.equal(token().length, 1)
  assert.deepEqual(
    fs.readdirSync(directory).filter((name) => name.startsWith('.breaker')),
    ['.breaker'],
  )
  assert.equal((fs.statSync(home).mode & 0o777).toString(8), '700')
  for (const name of token()) assert.equal((fs.statSync(join(home, name)).mode & 0o777).toString(8), '600')
})

test('a token that cannot be put in place is an error, and nothing of it is left', (t) => {
  const { directory, folder } = scene(t)
  t.mock.method(fs, 'renameSync', (_from: string, to: string) => {
    throw Object.assign(new Error(to), { code: to.endsWith('.breaker') ? 'EIO' : 'ENOENT' })
  })
  assert.throws(() => takeToken(folder), { code: 'EIO' })
  assert.deepEqual(
    fs.readdirSync(directory).filter((name) => name.startsWith('.breaker')),
    [],
  )
})

test('a token whose making failed half way is made the next time', (t) => {
  const { folder, token } = scene(t)
  const mock = t.mock.method(fs, 'writeFileSync', () => {
    throw Object.assign(new Error('full'), { code: 'ENOSPC' })
  })
  assert.throws(() => takeToken(folder), { code: 'ENOSPC' })
  mock.mock.restore()
  assert.equal(takeToken(folder), true)
  assert.deepEqual(token(), [folder.owner.name])
})
