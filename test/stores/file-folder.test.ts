import assert from 'node:assert/strict'
import { once } from 'node:events'
import fs from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { crc32 } from 'node:zlib'
import { SessionError, type SessionErrorCode } from '../../src/errors.ts'
import { networkFileSystem, openFolder } from '../../src/stores/file-folder.ts'
import { placeOf } from '../../src/stores/file-layout.ts'
import { fileStore } from '../../src/stores/file.ts'
import { idOf, LATER, NOW, scratch, traces } from '../fixtures/file-harness.ts'

const RECORD = { payload: 'one', expiresAt: LATER }
const ALL = { records: 1_000_000, ms: 60_000 }

function saying(code: SessionErrorCode, text: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof SessionError)
    assert.equal(error.code, code)
    assert.match(error.message, text)
    return true
  }
}

function modeOf(path: string): string {
  return (fs.statSync(path).mode & 0o777).toString(8)
}

test('folders are 0700 and files 0600, whatever the umask', async (t) => {
  const before = process.umask(0)
  t.after(() => process.umask(before))
  const directory = join(scratch(t), 'made', 'sessions')
  const store = fileStore(directory)
  await store.create(idOf(1), RECORD, NOW)
  const found = await store.read(idOf(1), NOW)
  await store.update(idOf(1), found?.version ?? '', { ...RECORD, payload: 'two' }, NOW)
  const names = fs.readdirSync(directory, { recursive: true, encoding: 'utf8' })
  assert.ok(names.length >= 4)
  for (const path of ['', ...names].map((name) => join(directory, name)))
    assert.equal(modeOf(path), fs.statSync(path).isDirectory() ? '700' : '600', path)
})

test('a new folder hides itself from git; a folder with other things in it stays as it is', (t) => {
  const directory = scratch(t)
  fileStore(join(directory, 'new'))
  assert.equal(fs.readFileSync(join(directory, 'new', '.gitignore'), 'utf8'), '*\n')
  const shared = join(directory, 'shared')
  fs.mkdirSync(shared, { mode: 0o700 })
  fs.writeFileSync(join(shared, 'notes.txt'), 'mine')
  fileStore(shared)
  assert.deepEqual(fs.readdirSync(shared).toSorted(), ['.owners', 'notes.txt'])
  assert.equal(fs.readFileSync(join(shared, 'notes.txt'), 'utf8'), 'mine')
})

test('a folder of ours that is open to others is closed; one with other things in it gives a warning', async (t) => {
  const directory = scratch(t)
  const ours = join(directory, 'ours')
  fileStore(ours)
  fs.chmodSync(ours, 0o755)
  fileStore(ours)
  assert.equal(modeOf(ours), '700')

  const shared = join(directory, 'shared')
  fs.mkdirSync(shared)
  fs.chmodSync(shared, 0o755)
  fs.writeFileSync(join(shared, 'notes.txt'), 'mine')
  const warned = once(process, 'warning')
  fileStore(shared)
  assert.equal(modeOf(shared), '755')
  const [warning] = await warned
  assert.equal(warning.code, 'COATCHECK_FOLDER_OPEN')
  assert.ok(warning.message.includes(`chmod 700 ${shared}`))
})

test('a folder that cannot be written fails when the store is made, with path, reason and mend', (t) => {
  const directory = scratch(t)
  fs.writeFileSync(join(directory, 'file'), '')
  assert.throws(() => fileStore(join(directory, 'file')), saying('store_unusable', /\/file: .*not a folder \(EEXIST\)/))
  assert.throws(() => fileStore(join(directory, 'file', 'a')), saying('store_unusable', /not a folder \(ENOTDIR\)/))
})

test('a system call that fails while the folder is opened is told with its reason and mend', (t) => {
  const directory = scratch(t)
  let code = ''
  t.mock.method(fs, 'mkdirSync', () => {
    throw Object.assign(new Error('as the system says it'), code ? { code } : {})
  })
  const reasons: Record<string, RegExp> = {
    EACCES: /this process may not write there \(EACCES\)/,
    EPERM: /this process may not write there \(EPERM\)/,
    EROFS: /read-only file system \(EROFS\)/,
    EEXIST: /not a folder \(EEXIST\)/,
    ENOTDIR: /not a folder \(ENOTDIR\)/,
    ENOSPC: /the disk is full \(ENOSPC\)/,
    EDQUOT: /the disk is full \(EDQUOT\)/,
    EIO: /cannot be made and written \(EIO\)/,
    '': /cannot be made and written \(Error: as the system says it\)/,
  }
  for (const [each, reason] of Object.entries(reasons)) {
    code = each
    assert.throws(() => fileStore(directory), saying('store_unusable', reason), each)
  }
})

test('a folder on a network file system is refused', (t) => {
  const directory = scratch(t)
  const real = fs.statfsSync(directory)
  t.mock.method(fs, 'statfsSync', () => Object.assign(real, { type: 0x6969 }))
  assert.throws(() => fileStore(directory), saying('store_unusable', /is on NFS, a network file system/))
  assert.deepEqual(fs.readdirSync(directory), [])
})

test('a folder on a file system without hard links is refused, and no identity stays there', (t) => {
  const directory = scratch(t)
  t.mock.method(fs, 'linkSync', () => {
    throw Object.assign(new Error('no links'), { code: 'EPERM' })
  })
  assert.throws(() => fileStore(directory), saying('store_unusable', /without hard links .*\(EPERM\)/))
  assert.deepEqual(fs.readdirSync(join(directory, '.owners')), [])
})

test('opening a folder tries hard links and leaves nothing of that', (t) => {
  const directory = scratch(t)
  const link = t.mock.method(fs, 'linkSync')
  const { owner } = openFolder(directory)
  assert.equal(link.mock.callCount(), 1)
  assert.deepEqual(fs.readdirSync(join(directory, '.owners')), [owner.name])
})

test('a folder of ours that cannot be closed to others gives a warning and is used', (t) => {
  const directory = scratch(t)
  const said: unknown[] = []
  t.mock.method(process, 'emitWarning', (_: string, { code }: { code: string }) => void said.push(code))
  const chmod = (code: string): (() => void) => {
    fs.chmodSync(directory, 0o755)
    const mock = t.mock.method(fs, 'chmodSync', () => {
      throw Object.assign(new Error(code), { code })
    })
    return () => mock.mock.restore()
  }
  for (const code of ['EPERM', 'EACCES', 'EROFS']) {
    const mend = chmod(code)
    fileStore(directory)
    assert.equal(modeOf(directory), '755')
    mend()
  }
  assert.deepEqual(said, Array(3).fill('COATCHECK_FOLDER_OPEN'))
  const mend = chmod('EIO')
  assert.throws(() => fileStore(directory), saying('store_unusable', /EIO/))
  mend()
})

test('a folder with a .gitignore of its own keeps it, also when that comes in the last moment', (t) => {
  const directory = scratch(t)
  const real = fs.writeFileSync
  const mock = t.mock.method(fs, 'writeFileSync', (path: string, text: string, options: object) => {
    mock.mock.restore()
    real(join(directory, '.gitignore'), 'mine')
    real(path, text, options)
  })
  fileStore(directory)
  assert.equal(fs.readFileSync(join(directory, '.gitignore'), 'utf8'), 'mine')
})

test('the identity is on disk before the first lock; with fsync the folder and its place are, too', (t) => {
  const directory = scratch(t)
  const flushed: string[] = []
  t.mock.method(fs, 'fsyncSync', (file: number) => void flushed.push(fs.readlinkSync(`/proc/self/fd/${file}`)))
  const { identity } = openFolder(directory)
  assert.deepEqual(flushed.splice(0), [identity])
  const durable = openFolder(directory, true)
  assert.deepEqual(flushed, [durable.identity, directory, join(directory, '..')])
  const open = fs.readdirSync('/proc/self/fd').filter((file) => {
    return fs.existsSync(`/proc/self/fd/${file}`) && fs.readlinkSync(`/proc/self/fd/${file}`).startsWith(directory)
  })
  assert.deepEqual(open, [])
})

test('a parent that may not be read does not keep a durable folder from being opened; a failing disk does', (t) => {
  const directory = scratch(t)
  const { openSync } = fs
  let code = ''
  t.mock.method(fs, 'openSync', (path: string, flags: string, mode: number) => {
    if (path === join(directory, '..')) throw Object.assign(new Error(code), { code })
    return openSync(path, flags, mode)
  })
  for (code of ['EISDIR', 'EPERM', 'EACCES']) fileStore(directory, { fsync: true })
  code = 'EIO'
  assert.throws(() => fileStore(directory, { fsync: true }), saying('store_unusable', /EIO/))
})

test('network file systems are refused by name, local and doubtful ones are not', () => {
  assert.equal(networkFileSystem(0x6969), 'NFS')
  assert.equal(networkFileSystem(0xff534d42), 'CIFS')
  assert.equal(networkFileSystem(0xff534d42 | 0), 'CIFS', 'as a signed number')
  assert.equal(networkFileSystem(0xef53), undefined, 'ext4')
  assert.equal(networkFileSystem(0x65735546), undefined, 'FUSE')
  assert.equal(networkFileSystem(0x01021997), undefined, '9p')
})

test('options that make no sense are refused', (t) => {
  const directory = scratch(t)
  for (const maxSessions of [0, -1, 1.5, Number.NaN])
    assert.throws(() => fileStore(directory, { maxSessions }), saying('bad_option', /maxSessions is a whole number/))
  assert.throws(() => fileStore(''), saying('bad_option', /path of a folder/))
  const noText: unknown[] = [undefined, null, 7, {}]
  for (const path of noText) assert.throws(() => fileStore(path as string), saying('bad_option', /path of a folder/))
})

test('nothing but 64 lower-case hex digits becomes a path, in any verb', async (t) => {
  const outer = scratch(t)
  const directory = join(outer, 'sessions')
  const store = fileStore(directory)
  fs.writeFileSync(join(outer, 'secret'), 'keep')
  const before = fs.readdirSync(outer, { recursive: true, encoding: 'utf8' }).join()
  const good = idOf(1)
  const hostile = [
    '',
    '..',
    '../secret',
    `../${good}`,
    good.slice(1),
    `${good}0`,
    good.toUpperCase().replace(/^./, 'F'),
  ]
  for (const id of [...hostile, `${good.slice(0, 63)}/`, `${good}\n`, `${good.slice(0, 63)}\0`, 'g'.repeat(64)]) {
    const refused = saying('bad_option', /64 lower-case hex digits/)
    await assert.rejects(store.read(id, NOW), refused)
    await assert.rejects(store.create(id, RECORD, NOW), refused)
    await assert.rejects(store.update(id, 'v', RECORD, NOW), refused)
    await assert.rejects(store.touch(id, LATER, NOW), refused)
    await assert.rejects(store.delete(id), refused)
  }
  assert.equal(fs.readdirSync(outer, { recursive: true, encoding: 'utf8' }).join(), before)
})

test('torn files count as absent, can be replaced, and are swept', async (t) => {
  const directory = scratch(t)
  const store = fileStore(directory)
  await store.create(idOf(1), { payload: 'x'.repeat(500), expiresAt: LATER, owner: 'ada' }, NOW)
  const whole = fs.readFileSync(placeOf(directory, idOf(1)).file)
  const flipped = Buffer.from(whole)
  flipped[300] = 121
  const torn = [
    whole.subarray(0, 0),
    whole.subarray(0, 5),
    whole.subarray(0, 40),
    whole.subarray(0, 105),
    whole.subarray(0, -1),
    Buffer.alloc(whole.length),
    Buffer.concat([whole.subarray(0, 200), Buffer.alloc(whole.length - 200)]),
    flipped,
  ]
  for (const [n, bytes] of torn.entries()) {
    const { file } = placeOf(directory, idOf(1))
    fs.writeFileSync(file, bytes)
    assert.equal(await store.read(idOf(1), NOW), null, `torn ${n}`)
    const listed = []
    for await (const record of store.list?.() ?? []) listed.push(record.id)
    assert.deepEqual(listed, [], `torn ${n}`)
    await store.sweep?.(LATER, ALL)
    assert.equal(fs.existsSync(file), false, `torn ${n} is swept`)
  }
  fs.writeFileSync(placeOf(directory, idOf(1)).file, '')
  assert.ok(await store.create(idOf(1), RECORD, NOW))
  assert.equal((await store.read(idOf(1), NOW))?.payload, 'one')
})

test('files of a later version and foreign files count as absent and are kept', async (t) => {
  const directory = scratch(t)
  const store = fileStore(directory)
  await store.create(idOf(1), RECORD, NOW)
  const { shard, file } = placeOf(directory, idOf(1))
  const whole = fs.readFileSync(file, 'utf8')
  for (const content of [whole.replace('coatcheck/1', 'coatcheck/2'), 'coatcheck/12 whatever', 'Dear diary,\n', '{}']) {
    fs.writeFileSync(file, content)
    fs.writeFileSync(join(shard, 'README'), 'foreign')
    assert.equal(await store.read(idOf(1), NOW), null)
    assert.equal(await store.update(idOf(1), 'v', RECORD, NOW), 'gone')
    assert.equal(await store.touch(idOf(1), LATER + 1, NOW), false)
    assert.equal(await store.delete(idOf(1)), false)
    await assert.rejects(store.create(idOf(1), RECORD, NOW), saying('store_failed', /left as it is: move it away/))
    assert.deepEqual(await store.sweep?.(LATER + 1, ALL), { removed: 0, more: false })
    assert.equal(fs.readFileSync(file, 'utf8'), content)
    assert.equal(fs.readFileSync(join(shard, 'README'), 'utf8'), 'foreign')
  }
  fs.rmSync(file)
  fs.mkdirSync(file)
  assert.equal(await store.read(idOf(1), NOW), null, 'a folder where the file should be')
})

test('a folder removed under a running store is made again', async (t) => {
  const directory = join(scratch(t), 'sessions')
  const store = fileStore(directory)
  await store.create(idOf(1), RECORD, NOW)
  fs.rmSync(directory, { recursive: true })
  assert.equal(await store.read(idOf(1), NOW), null)
  assert.deepEqual(await store.sweep?.(NOW, ALL), { removed: 0, more: false })
  assert.ok(await store.create(idOf(1), RECORD, NOW))
  assert.equal((await store.read(idOf(1), NOW))?.payload, 'one')
  assert.equal(await store.delete(idOf(1)), true)
  assert.deepEqual(traces(directory), [])
})

test('maxSessions: a sweep removes what is nearest to its end', async (t) => {
  const directory = scratch(t)
  const store = fileStore(directory, { maxSessions: 10 })
  for (let n = 0; n < 25; n++) await store.create(idOf(n), { payload: 'x', expiresAt: LATER + n }, NOW)
  assert.ok(await store.read(idOf(0), NOW), 'exceeded until the sweep')
  let removed = 0
  for (let more = true; more;) {
    const result = await store.sweep?.(NOW, { records: 4, ms: 60_000 })
    assert.ok(result && result.removed <= 4)
    removed += result.removed
    more = result.more
  }
  assert.equal(removed, 15)
  for (let n = 0; n < 25; n++) assert.equal((await store.read(idOf(n), NOW)) !== null, n >= 15, `session ${n}`)
  assert.deepEqual(await store.sweep?.(NOW, ALL), { removed: 0, more: false })
})

test('fsync: what each verb changed is on disk before the verb has answered', async (t) => {
  const directory = scratch(t)
  const store = fileStore(directory, { fsync: true })
  const flushed: string[] = []
  t.mock.method(fs, 'fsync', (file: number, done: (error: Error | null) => void) => {
    flushed.push(fs.readlinkSync(`/proc/self/fd/${file}`))
    fs.fdatasync(file, done)
  })
  const { shard, file } = placeOf(directory, idOf(1))
  const written = await store.create(idOf(1), RECORD, NOW)
  assert.equal(flushed.shift(), directory)
  assert.match(flushed[0] ?? '', /\.tmp$/)
  assert.deepEqual(flushed.splice(0).slice(1), [shard])
  await store.update(idOf(1), written?.version ?? '', RECORD, NOW)
  assert.deepEqual(flushed.splice(0).slice(1), [shard])
  await store.touch(idOf(1), LATER + 1, NOW)
  assert.deepEqual(flushed.splice(0), [file])
  await store.delete(idOf(1))
  assert.deepEqual(flushed.splice(0), [shard])
  await fileStore(directory).create(idOf(2), RECORD, NOW)
  assert.deepEqual(flushed, [], 'without fsync')
})

test('a closed store refuses by code and leaves no identity behind; closing twice is harmless', async (t) => {
  const directory = scratch(t)
  const store = fileStore(directory)
  await store.create(idOf(1), RECORD, NOW)
  await store.close?.()
  await store.close?.()
  assert.deepEqual(fs.readdirSync(join(directory, '.owners')), [])
  const verbs: Record<string, () => unknown> = {
    read: () => store.read(idOf(1), NOW),
    create: () => store.create(idOf(2), RECORD, NOW),
    update: () => store.update(idOf(1), 'v', RECORD, NOW),
    touch: () => store.touch(idOf(1), LATER + 1, NOW),
    delete: () => store.delete(idOf(1)),
    list: () => store.list?.()[Symbol.asyncIterator]().next(),
    sweep: () => store.sweep?.(NOW, ALL),
  }
  for (const [verb, run] of Object.entries(verbs))
    await assert.rejects(async () => run(), saying('closed', new RegExp(`closed before ${verb} `)), verb)
})

test('a failing system call is a store error with its cause', async (t) => {
  const directory = scratch(t)
  const store = fileStore(directory)
  const { shard } = placeOf(directory, idOf(1))
  fs.writeFileSync(shard, 'a file where the folder should be')
  await assert.rejects(store.read(idOf(1), NOW), (error) => {
    saying('store_failed', /^.*read in .*ENOTDIR/)(error)
    return error instanceof Error && error.cause instanceof Error
  })
})

test('the record file is what the documentation shows', async (t) => {
  const directory = scratch(t)
  const store = fileStore(directory)
  const written = await store.create(idOf(1), { payload: '{"v":1}', expiresAt: LATER, owner: 'ada "ö"' }, NOW)
  const [header, owner, payload] = fs.readFileSync(placeOf(directory, idOf(1)).file, 'utf8').split('\n')
  const fields =
    /^coatcheck\/1 0001700003600000 ([0-9a-f]{8}) ([0-9a-f]{8}) (000000000001 ([\w-]{24}) 00000012 0000000007)$/
  const [, deadlineSum = '', sum = '', covered = '', version] = fields.exec(header ?? '') ?? []
  assert.equal(version, written?.version)
  assert.equal(crc32(`${covered}\n${owner}\n${payload}`), Number.parseInt(sum, 16))
  assert.equal(crc32('0001700003600000', Number.parseInt(sum, 16)), Number.parseInt(deadlineSum, 16))
  assert.deepEqual([owner, payload], ['"ada \\"ö\\""', '{"v":1}'])
})
