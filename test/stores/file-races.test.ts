/** What another process does in the last moment before a verb has the lock decides, not what the verb saw before. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { test, type TestContext } from 'node:test'
import type { Store } from '../../src/store.ts'
import { placeOf } from '../../src/stores/file-layout.ts'
import { touchRecord } from '../../src/stores/file-record.ts'
import { fileStore } from '../../src/stores/file.ts'
import { idOf, LATER, NOW, scratch, traces } from '../fixtures/file-harness.ts'

const ID = idOf(1)
const ONE = { payload: 'one', expiresAt: LATER }
const TWO = { payload: 'two', expiresAt: LATER }
const ALL = { records: 10, ms: 60_000 }

/** Without fsync a small record is written into its file, with it a new file is made. */
const FSYNC = ['', ', with fsync']

interface Scene {
  readonly directory: string
  readonly store: Store
  readonly file: string
  /** Version of {@link ONE}, which is in the store. */
  readonly version: string | number
  /** The bytes another process will have written after {@link ONE}. */
  readonly two: Buffer
}

async function scene(context: TestContext, fsync = false): Promise<Scene> {
  const directory = scratch(context)
  const store = fileStore(directory, { fsync })
  const { file } = placeOf(directory, ID)
  const first = await store.create(ID, ONE, NOW)
  const one = fs.readFileSync(file)
  await store.update(ID, first?.version ?? '', TWO, NOW)
  const two = fs.readFileSync(file)
  fs.writeFileSync(file, one)
  return { directory, store, file, version: first?.version ?? '', two }
}

/** Let another process act between what the verb looked at and the lock it asks for. */
function beforeTheLock(context: TestContext, action: () => void): void {
  const real = fs.linkSync
  const mock = context.mock.method(fs, 'linkSync', (from: string, to: string) => {
    mock.mock.restore()
    action()
    real(from, to)
  })
}

for (const fsync of [false, true])
  test(`an update that is overtaken by another conflicts${FSYNC[Number(fsync)]}`, async (t) => {
    const { directory, store, file, version, two } = await scene(t, fsync)
    beforeTheLock(t, () => fs.writeFileSync(file, two))
    assert.equal(await store.update(ID, version, { ...ONE, payload: 'three' }, NOW), 'conflict')
    assert.equal((await store.read(ID, NOW))?.payload, 'two')
    assert.deepEqual(traces(directory), [])
  })

for (const fsync of [false, true])
  test(`an update that is overtaken by a delete is gone${FSYNC[Number(fsync)]}`, async (t) => {
    const { directory, store, file, version } = await scene(t, fsync)
    beforeTheLock(t, () => fs.unlinkSync(file))
    assert.equal(await store.update(ID, version, TWO, NOW), 'gone')
    assert.equal(await store.read(ID, NOW), null)
    assert.deepEqual(traces(directory), [])
  })

for (const fsync of [false, true])
  test(`a create that is overtaken by another leaves the other alone${FSYNC[Number(fsync)]}`, async (t) => {
    const { directory, store, file, two } = await scene(t, fsync)
    fs.unlinkSync(file)
    beforeTheLock(t, () => fs.writeFileSync(file, two))
    assert.equal(await store.create(ID, { ...ONE, payload: 'three' }, NOW), null)
    assert.equal((await store.read(ID, NOW))?.payload, 'two')
    assert.deepEqual(traces(directory), [])
  })

test('a touch that is overtaken by a delete makes nothing, and one overtaken by a later touch moves nothing back', async (t) => {
  const { store, file } = await scene(t)
  beforeTheLock(t, () => touchRecord(file, LATER + 500, NOW))
  assert.equal(await store.touch(ID, LATER + 100, NOW), true)
  assert.equal((await store.read(ID, NOW))?.expiresAt, LATER + 500)
  beforeTheLock(t, () => fs.unlinkSync(file))
  assert.equal(await store.touch(ID, LATER + 900, NOW), false)
  assert.equal(await store.read(ID, NOW), null)
})

test('a delete that is overtaken by another deleted nothing', async (t) => {
  const { store, file } = await scene(t)
  beforeTheLock(t, () => fs.unlinkSync(file))
  assert.equal(await store.delete(ID), false)
})

test('a sweep that is overtaken by a touch removes nothing', async (t) => {
  const { store, file } = await scene(t)
  beforeTheLock(t, () => touchRecord(file, LATER + 500, NOW))
  assert.equal((await store.sweep?.(LATER, ALL))?.removed, 0)
  assert.equal((await store.read(ID, LATER))?.payload, 'one')
})

for (const records of [1, 2])
  test(`a deadline that is read while a touch overwrites it is read again, in a file of ${records}`, async (t) => {
    const { store, file, two } = await scene(t)
    if (records === 2) fs.writeFileSync(file, two)
    await store.touch(ID, LATER + 500, NOW)
    const at = fs.readFileSync(file).indexOf(`${LATER + 500}`)
    const real = fs.readSync
    let looks = 0
    // The first look finds some digits of another deadline: the kernel promises no more to a reader without the lock.
    t.mock.method(fs, 'readSync', (from: number, bytes: Buffer, ...rest: [number, number, number]) => {
      const length = real(from, bytes, ...rest)
      if (looks++ === 0) bytes.write('9', at, 'latin1')
      return length
    })
    assert.equal((await store.read(ID, NOW))?.expiresAt, LATER + 500)
    assert.equal(looks, 2)
    looks = 0
    for await (const listed of store.list?.() ?? []) assert.equal(listed.expiresAt, LATER + 500)
    assert.equal(looks, 2)
  })

test('verbs on an absent ID leave nothing but the folder of its shard', async (t) => {
  const directory = scratch(t)
  const store = fileStore(directory)
  const before = fs.readdirSync(directory)
  assert.equal(await store.read(ID, NOW), null)
  assert.deepEqual(fs.readdirSync(directory), before)
  assert.equal(await store.update(ID, 'v', ONE, NOW), 'gone')
  assert.equal(await store.touch(ID, LATER, NOW), false)
  assert.equal(await store.delete(ID), false)
  assert.deepEqual(fs.readdirSync(placeOf(directory, ID).shard), [])
  assert.deepEqual(traces(directory), [])
})
