/** Record files to the byte, and what becomes of a verb when a system call does half of what it was asked, or nothing. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import {
  deadlineFields,
  encodeRecord,
  HEADER_BYTES,
  parseHeader,
  recordBytes,
  versionSource,
} from '../../src/stores/file-format.ts'
import { entryOf, listFolder, placeOf } from '../../src/stores/file-layout.ts'
import { overwriteRecord, readHeader, readRecord, touchRecord } from '../../src/stores/file-record.ts'
import { fileStore } from '../../src/stores/file.ts'
import { idOf, LATER, NOW, payloadOf, scratch, traces } from '../fixtures/file-harness.ts'

const ID = idOf(1)
const RECORD = { payload: 'one', expiresAt: LATER }

function failed(code: string): Error {
  return Object.assign(new Error(code), { code })
}

/** Files of `directory` that this process has open. */
function openFiles(directory: string): string[] {
  return fs.readdirSync('/proc/self/fd').flatMap((file) => {
    try {
      const path = fs.readlinkSync(`/proc/self/fd/${file}`)
      return path.startsWith(directory) ? [path] : []
    } catch {
      return [] // the folder of open files itself
    }
  })
}

/** Each call of `name` fails with `code`. */
function failing(context: TestContext, name: 'readSync' | 'writeSync' | 'openSync', code: string): () => void {
  const mock = context.mock.method(fs, name, () => {
    throw failed(code)
  })
  return () => mock.mock.restore()
}

test('records of every size around a read of 64 KiB come back whole; cut by a byte they are torn', async (t) => {
  const directory = scratch(t)
  const store = fileStore(directory)
  const { file } = placeOf(directory, ID)
  for (const size of [65_535, 65_536, 65_537, 200_000]) {
    for (const owner of ['ada', undefined]) {
      const around = recordBytes({ payload: '', expiresAt: LATER, ...(owner && { owner }) })
      const record = {
        payload: 'é'.repeat(100) + 'x'.repeat(size - around - 200),
        expiresAt: LATER,
        ...(owner && { owner }),
      }
      assert.equal(recordBytes(record), size)
      const written = await store.create(ID, record, NOW)
      assert.equal(fs.statSync(file).size, size)
      assert.deepEqual(await store.read(ID, NOW), { ...record, version: written?.version })
      const whole = fs.readFileSync(file)
      fs.appendFileSync(file, 'x')
      assert.deepEqual(await store.read(ID, NOW), { ...record, version: written?.version }, 'what follows is left over')
      fs.writeFileSync(file, whole.subarray(0, -1))
      assert.deepEqual(readRecord(file), { state: 'torn' }, `${size} less one`)
      fs.unlinkSync(file)
    }
  }
})

test('a damaged length allocates no more than the file has', async (t) => {
  const directory = scratch(t)
  const store = fileStore(directory)
  await store.create(ID, { payload: 'x'.repeat(70_000), expiresAt: LATER }, NOW)
  const { file } = placeOf(directory, ID)
  const bytes = fs.readFileSync(file)
  bytes.write('9999999999', 94, 'latin1')
  fs.writeFileSync(file, bytes)
  const header = readHeader(file)
  assert.equal(header?.state === 'record' && header.payloadBytes, 9_999_999_999)
  const allocated = t.mock.method(Buffer, 'allocUnsafe')
  assert.deepEqual(readRecord(file), { state: 'torn' })
  assert.deepEqual(
    allocated.mock.calls.map((call) => call.arguments[0]),
    [bytes.length],
  )
})

test('a listing says the size of each file, and gives up its turn once in 64 records', async (t) => {
  const directory = scratch(t)
  const store = fileStore(directory)
  for (let n = 0; n < 130; n++) {
    const owner = n % 3 === 0 ? { owner: `ada ${n} "ö"` } : {}
    await store.create(idOf(n), { payload: payloadOf(n, n), expiresAt: LATER, ...owner }, NOW)
  }
  const turns = t.mock.method(globalThis, 'setImmediate')
  let listed = 0
  for await (const { id, size } of store.list?.() ?? []) {
    assert.equal(size, fs.statSync(placeOf(directory, id).file).size)
    listed++
  }
  assert.equal(listed, 130)
  assert.equal(turns.mock.callCount(), 2)
})

test('a file that is written in pieces is whole, and one that is read in pieces, too', async (t) => {
  const store = fileStore(scratch(t))
  const record = { payload: payloadOf(7, 100_000), expiresAt: LATER }
  const { writeSync, readSync } = fs
  const writing = t.mock.method(fs, 'writeSync', (file: number, bytes: Buffer, from: number) =>
    writeSync(file, bytes, from, Math.min(40_000, bytes.length - from)),
  )
  await store.create(ID, record, NOW)
  assert.equal(writing.mock.callCount(), 3)
  t.mock.method(fs, 'readSync', (file: number, bytes: Buffer, from: number, length: number, at: number) =>
    readSync(file, bytes, from, from === 0 ? length : Math.min(length, 10_000), at),
  )
  assert.equal((await store.read(ID, NOW))?.payload, record.payload)
})

test('a write that fails is an error that changes nothing and leaves nothing', async (t) => {
  const directory = scratch(t)
  const store = fileStore(directory)
  const written = await store.create(ID, RECORD, NOW)
  const mend = failing(t, 'writeSync', 'ENOSPC')
  const refused = { code: 'store_failed', message: /ENOSPC/ }
  await assert.rejects(store.create(idOf(2), RECORD, NOW), refused)
  await assert.rejects(store.update(ID, written?.version ?? '', { ...RECORD, payload: 'two' }, NOW), refused)
  await assert.rejects(store.touch(ID, LATER + 1, NOW), refused)
  mend()
  assert.deepEqual(await store.read(ID, NOW), { ...RECORD, version: written?.version })
  assert.deepEqual(traces(directory), [])
})

test('a flush that fails is an error', async (t) => {
  const directory = scratch(t)
  const store = fileStore(directory, { fsync: true })
  t.mock.method(fs, 'fsync', (_file: number, done: (error: Error) => void) => done(failed('EIO')))
  await assert.rejects(store.create(ID, RECORD, NOW), { code: 'store_failed', message: /EIO/ })
  assert.deepEqual(traces(directory), [])
  assert.deepEqual(openFiles(directory), [])
})

test('a folder that the system does not let anybody flush is no error', async (t) => {
  const directory = scratch(t)
  const store = fileStore(directory, { fsync: true })
  const { shard } = placeOf(directory, ID)
  for (const code of ['EISDIR', 'EPERM', 'EACCES']) {
    await store.create(ID, RECORD, NOW)
    const real = fs.openSync
    let refused = 0
    const mock = t.mock.method(fs, 'openSync', (path: string, ...rest: [string, number]) => {
      if (path !== shard) return real(path, ...rest)
      refused++
      throw failed(code)
    })
    assert.equal(await store.delete(ID), true)
    assert.equal(refused, 1)
    mock.mock.restore()
  }
})

test('a large file that is cut while it is read is torn', async (t) => {
  const directory = scratch(t)
  const store = fileStore(directory)
  await store.create(ID, { payload: 'x'.repeat(70_000), expiresAt: LATER }, NOW)
  const { readSync } = fs
  t.mock.method(fs, 'readSync', (file: number, bytes: Buffer, from: number, length: number, at: number) =>
    from === 0 ? readSync(file, bytes, from, length, at) : 0,
  )
  assert.deepEqual(readRecord(placeOf(directory, ID).file), { state: 'torn' })
})

test('what cannot be read is an error, not an absent session', async (t) => {
  const directory = scratch(t)
  const store = fileStore(directory)
  await store.create(ID, RECORD, NOW)
  for (const call of ['readSync', 'openSync'] as const) {
    const mend = failing(t, call, 'EIO')
    await assert.rejects(store.read(ID, NOW), { code: 'store_failed', message: /read in .*EIO/ })
    await assert.rejects(store.delete(ID), { code: 'store_failed', message: /delete in .*EIO/ })
    mend()
  }
  assert.ok(await store.read(ID, NOW))
})

test('a listing that fails says so, and for which reason', async (t) => {
  const directory = scratch(t)
  const store = fileStore(directory)
  await store.create(ID, RECORD, NOW)
  const list = async (): Promise<unknown> => {
    for await (const record of store.list?.() ?? []) return record
    return undefined
  }
  const mend = failing(t, 'readSync', 'EIO')
  await assert.rejects(list(), { code: 'store_failed', message: /list in .*EIO/ })
  mend()
  const { readdir } = fs.promises
  for (const folder of [directory, placeOf(directory, ID).shard]) {
    const mock = t.mock.method(fs.promises, 'readdir', (path: string) =>
      path === folder ? Promise.reject(failed('EMFILE')) : readdir(path),
    )
    await assert.rejects(list(), { code: 'store_failed', message: /list in .*EMFILE/ })
    mock.mock.restore()
  }
  assert.ok(await list())
})

test('a record that is torn can be deleted', async (t) => {
  const directory = scratch(t)
  const store = fileStore(directory)
  await store.create(ID, RECORD, NOW)
  const { file } = placeOf(directory, ID)
  fs.truncateSync(file, 40)
  assert.equal(await store.delete(ID), true)
  assert.equal(fs.existsSync(file), false)
})

test('a small record is read with one open, one read and one close', async (t) => {
  const store = fileStore(scratch(t))
  await store.create(ID, RECORD, NOW)
  const calls = [t.mock.method(fs, 'openSync'), t.mock.method(fs, 'readSync'), t.mock.method(fs, 'closeSync')]
  await store.read(ID, NOW)
  assert.deepEqual(
    calls.map((call) => call.mock.callCount()),
    [1, 1, 1],
  )
})

test('a folder in the place of a record is foreign, whichever call the system says so in', async (t) => {
  const directory = scratch(t)
  assert.deepEqual(readHeader(directory), { state: 'foreign' })
  assert.equal(touchRecord(directory, LATER, NOW), false)
  assert.equal(overwriteRecord(directory, 'v', RECORD, 'w', NOW), 'gone')
  failing(t, 'openSync', 'EISDIR')
  assert.deepEqual(readRecord(directory), { state: 'foreign' })
})

test('no verb leaves a file open, whatever comes of it', async (t) => {
  const directory = scratch(t)
  for (const fsync of [false, true]) {
    const store = fileStore(directory, { fsync })
    const written = await store.create(ID, RECORD, NOW)
    assert.equal(await store.create(ID, RECORD, NOW), null)
    assert.equal(await store.update(ID, 'other', RECORD, NOW), 'conflict')
    await store.update(ID, written?.version ?? '', RECORD, NOW)
    await store.touch(ID, LATER + 1, NOW)
    await store.read(ID, NOW)
    await store.read(idOf(2), NOW)
    const mend = failing(t, 'readSync', 'EIO')
    await assert.rejects(store.read(ID, NOW))
    mend()
    await store.sweep?.(NOW, { records: 10, ms: 60_000 })
    await store.delete(ID)
    await store.close?.()
  }
  assert.deepEqual(openFiles(directory), [])
})

test('what the first bytes of a file say it is', () => {
  const of = (text: string): string => parseHeader(Buffer.from(text, 'latin1'), 0, text.length).state
  const header =
    encodeRecord({ payload: 'one', expiresAt: LATER }, 'v'.repeat(24), 1).toString('latin1').split('\n')[0] + '\n'
  assert.equal(header.length, HEADER_BYTES)
  const states = {
    [header]: 'record',
    [`${header}one`]: 'record',
    [header.toUpperCase()]: 'foreign',
    [`x${header}`]: 'foreign',
    [header.slice(0, -1)]: 'torn',
    '': 'torn',
    '\0\0\0': 'torn',
    '\0\0x': 'foreign',
    coatch: 'torn',
    'coatcheck/': 'torn',
    'coatcheck/1': 'torn',
    'coatcheck/1 000': 'torn',
    'coatcheck/2 ': 'newer',
    'coatcheck/12 whatever': 'newer',
    [header.replace('/1', '/2')]: 'newer',
    'coatcheck/two ': 'torn',
    'my coatcheck/2 ': 'foreign',
  }
  for (const [text, state] of Object.entries(states)) assert.equal(of(text), state, JSON.stringify(text))
  assert.equal(parseHeader(Buffer.from(header), 0, HEADER_BYTES - 1).state, 'torn', 'no more than was read counts')
})

test('every character of a first line counts', () => {
  const header = encodeRecord({ payload: 'one', expiresAt: LATER }, 'v'.repeat(24), 1).subarray(0, HEADER_BYTES)
  const whole = parseHeader(header, 0, HEADER_BYTES)
  for (let at = 0; at < HEADER_BYTES; at++)
    for (const character of ['/', ':', '`', 'g', 'A', ' ', '\n', '\0', 'é']) {
      const bytes = Buffer.from(header)
      bytes.write(character, at, 'latin1')
      if (bytes.equals(header)) continue
      const found = parseHeader(bytes, 0, HEADER_BYTES)
      // The version is whatever its checksum says; what is no checksum of the deadline does not hold.
      const free = (at >= 60 && at < 84) || (at >= 29 && at < 37)
      if (!free) assert.notEqual(found.state, 'record', `${JSON.stringify(character)} at ${at}`)
      if (at < 46 && found.state === 'record') assert.equal(found.settled, false)
      assert.notDeepEqual(found, whole)
    }
})

test('a deadline has 16 digits, is rounded down, and is tied to its record', () => {
  const digitsOf = (expiresAt: number): string => deadlineFields(expiresAt, 0).slice(0, 17)
  assert.equal(digitsOf(1.9), '0000000000000001 ')
  assert.equal(digitsOf(0), '0000000000000000 ')
  assert.equal(digitsOf(LATER + 0.999), `000${LATER} `)
  assert.notEqual(deadlineFields(LATER, 1), deadlineFields(LATER, 2))
})

test('versions are 24 characters and never the same, in one store or in two', () => {
  const [one, two] = [versionSource(), versionSource()]
  const versions = Array.from({ length: 50 }, () => [one(), two()]).flat()
  assert.equal(new Set(versions).size, 100)
  for (const version of versions) assert.match(version, /^[\w-]{16}0000000[0-9a-z]$|^[\w-]{16}0000001[0-9a-d]$/)
})

test('what a name in a shard is', () => {
  const id = `3f${'0'.repeat(62)}`
  assert.deepEqual(entryOf('3f', id), { kind: 'record', id })
  assert.deepEqual(entryOf('3f', `${id}.lock`), { kind: 'lock', id })
  assert.deepEqual(entryOf('3f', 'me.7.tmp'), { kind: 'temporary', owner: 'me' })
  for (const name of [
    `${id}.loc`,
    `${id}0`,
    `4f${'0'.repeat(62)}`,
    '.lock',
    '.7.tmp',
    'me.7.tmp.lock',
    'me.tmp',
    'me.7.tmpx',
  ])
    assert.equal(entryOf('3f', name), null, name)
})

test('a folder that is gone has no names; one that cannot be read is an error', async (t) => {
  const directory = scratch(t)
  assert.deepEqual(await listFolder(join(directory, 'none')), [])
  fs.writeFileSync(join(directory, 'file'), '')
  await assert.rejects(listFolder(join(directory, 'file')), { code: 'ENOTDIR' })
})
