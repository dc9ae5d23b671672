/** Whose a lock is, and what that owner's standing allows; no other process is needed to try it. */
import assert from 'node:assert/strict'
import fs, { existsSync, linkSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { SessionError } from '../../src/errors.ts'
import { openFolder } from '../../src/stores/file-folder.ts'
import { placeOf } from '../../src/stores/file-layout.ts'
import { fileLocks } from '../../src/stores/file-lock.ts'
import { holderOf, newOwner, parseOwner, standingOf } from '../../src/stores/file-owner.ts'
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

/** Let /proc say something else; what `answer` gives `undefined` for is read as it is. */
function proc(context: TestContext, answer: (path: string) => string | Error | undefined): void {
  const real = fs.readFileSync
  context.mock.method(fs, 'readFileSync', (path: string | URL, options: BufferEncoding) => {
    // Node itself reads a module by its URL.
    const text = typeof path === 'string' && path.startsWith('/proc/') ? answer(path) : undefined
    if (text instanceof Error) throw text
    return text ?? real(path, options)
  })
}

function failed(code: string): Error {
  return Object.assign(new Error(code), { code })
}

/** What the kernel says of a thread in `state` that was started at `started`, with a name made to confuse. */
function stat(state: string, started: string): string {
  return ['17 (a) Z 1 (b)', state, ...Array.from({ length: 18 }, (_, n) => n), started, 0].join(' ')
}

test('standing: a thread that has ended and only waits to be noticed is gone, one that sleeps is not', (t) => {
  const me = newOwner()
  let state = ''
  proc(t, () => stat(state, me.started))
  for (const [each, standing] of Object.entries({
    R: 'alive',
    S: 'alive',
    D: 'alive',
    T: 'alive',
    Z: 'gone',
    X: 'gone',
  })) {
    state = each
    assert.equal(standingOf(me), standing, each)
  }
})

test('standing: what cannot be read proves nothing', (t) => {
  const me = newOwner()
  let answer: string | Error = ''
  proc(t, () => answer)
  for (answer of [failed('EMFILE'), failed('EACCES'), '', '17 (a) S 1 2 3'])
    assert.equal(standingOf(me), 'unknown', String(answer))
  answer = failed('ENOENT')
  assert.equal(standingOf(me), 'unknown', 'a /proc that hides others: the process is there and its files are not')
  assert.equal(standingOf({ ...me, pid: 2 ** 30 }), 'gone', 'neither is there')
})

test('standing: a process that may not be signalled is there', (t) => {
  const me = { ...newOwner(), thread: 0, started: '0' }
  let code = 'EPERM'
  t.mock.method(process, 'kill', () => {
    throw failed(code)
  })
  assert.equal(standingOf(me), 'alive')
  code = 'ESRCH'
  assert.equal(standingOf(me), 'gone')
})

interface Owners {
  readonly newOwner: typeof newOwner
  readonly parseOwner: typeof parseOwner
  readonly standingOf: typeof standingOf
}

/** What is known of this machine is asked once, so some tests need a module that has not asked yet. */
async function freshOwners(): Promise<Owners> {
  return (await import(new URL(`../../src/stores/file-owner.ts?${performance.now()}`, import.meta.url).href)) as Owners
}

test('the boot is known by the first 16 digits of its ID', async (t) => {
  proc(t, (path) => (path.endsWith('boot_id') ? '01234567-89ab-cdef-0123-456789abcdef\n' : undefined))
  assert.equal((await freshOwners()).newOwner().boot, '0123456789abcdef')
})

test('where there is no /proc, the host and the process are what an owner is known by', async (t) => {
  proc(t, () => failed('ENOENT'))
  const mock = t.mock.method(fs, 'readlinkSync', () => {
    throw failed('ENOENT')
  })
  const fresh = await freshOwners()
  const me = fresh.newOwner()
  assert.ok(mock.mock.callCount() > 0)
  assert.match(me.name, new RegExp(`^${process.pid}-0-0---[0-9a-f]{12}-[0-9a-f]{16}$`))
  assert.deepEqual(fresh.parseOwner(me.name), me)
  const elsewhere = '17-18-1234567890-0123456789abcdef-4026531836_4026531834-0123456789ab-0123456789abcdef'
  assert.equal(fresh.parseOwner(elsewhere)?.started, '1234567890')
  for (const name of [`x${elsewhere}`, `${elsewhere}0`, `${elsewhere}x`, elsewhere.slice(1).replace('-', '')])
    assert.equal(fresh.parseOwner(name), null, name)
  assert.equal(fresh.standingOf(me), 'alive')
  assert.equal(fresh.standingOf({ ...me, pid: 2 ** 30 }), 'gone')
  assert.equal(fresh.standingOf({ ...me, host: 'f'.repeat(12), pid: 2 ** 30 }), 'unknown', 'another host')
  assert.equal(fresh.standingOf({ ...me, boot: 'f'.repeat(16) }), 'unknown', 'a boot there is nothing to compare with')
})

test('a lock that is not there has no holder', (t) => {
  assert.equal(holderOf(join(scratch(t), 'none')), null)
})

test('a lock is waited for with pauses that grow to 16 ms, for two seconds in all', async (t) => {
  const directory = scratch(t)
  const folder = openFolder(directory)
  const { lock, shard } = placeOf(directory, ID)
  folder.restore(shard)
  linkSync(openFolder(directory).identity, lock)
  const pauses: number[] = []
  const clock = { ...testClock(), sleep: async (ms: number) => void pauses.push(ms) }
  t.mock.method(Math, 'random', () => 0.5)
  await assert.rejects(
    fileLocks(folder, clock).hold(lock, () => 'ran'),
    { code: 'store_timeout' },
  )
  assert.deepEqual(pauses.slice(0, 6), [1.5, 2, 3, 5, 8.5, 8.5])
  const waited = pauses.reduce((sum, ms) => sum + ms, 0)
  assert.ok(waited >= 2000 && waited < 2009, `${waited} ms`)
})

test('a lock that is always taken when asked for and gone when looked at ends in an error that says so', async (t) => {
  const directory = scratch(t)
  const folder = openFolder(directory)
  const { lock } = placeOf(directory, ID)
  const link = t.mock.method(fs, 'linkSync', () => {
    throw failed('EEXIST')
  })
  assert.equal(
    fileLocks(folder, testClock()).tryHold(lock, () => assert.fail('the lock is not ours')),
    null,
  )
  assert.equal(link.mock.callCount(), 3)
  const clock = { ...testClock(), sleep: async () => {} }
  await assert.rejects(
    fileLocks(folder, clock).hold(lock, () => assert.fail('the lock is not ours')),
    /\.lock was locked for more than 2000 ms by ever changing holders/,
  )
})

test('a lock that cannot be made is the error of its system call', (t) => {
  const directory = scratch(t)
  const folder = openFolder(directory)
  t.mock.method(fs, 'linkSync', () => {
    throw failed('EMLINK')
  })
  assert.throws(() => fileLocks(folder, testClock()).tryHold(placeOf(directory, ID).lock, () => 'ran'), {
    code: 'EMLINK',
  })
})

test('a section that fails gives its lock back, and a lock that cannot be given back does not hide what was done', (t) => {
  const directory = scratch(t)
  const folder = openFolder(directory)
  const { lock, shard } = placeOf(directory, ID)
  folder.restore(shard)
  const locks = fileLocks(folder, testClock())
  assert.throws(
    () =>
      locks.tryHold(lock, () => {
        throw failed('EIO')
      }),
    { code: 'EIO' },
  )
  assert.equal(existsSync(lock), false)
  const unlink = t.mock.method(fs, 'unlinkSync', () => {
    throw failed('EIO')
  })
  assert.deepEqual(
    locks.tryHold(lock, () => 'done'),
    { result: 'done' },
  )
  unlink.mock.restore()
  assert.equal(existsSync(lock), true)
  assert.deepEqual(
    locks.tryHold(lock, () => 'again'),
    { result: 'again' },
  )
  assert.equal(existsSync(lock), false)
})
