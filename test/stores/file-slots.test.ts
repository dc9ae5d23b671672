/** Files of two records to the byte: where they stand, which one counts, and what is left of a write that was cut off. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { test, type TestContext } from 'node:test'
import type { Store } from '../../src/store.ts'
import { encodeRecord } from '../../src/stores/file-format.ts'
import { placeOf } from '../../src/stores/file-layout.ts'
import { readHeader, readRecord } from '../../src/stores/file-record.ts'
import { fileStore } from '../../src/stores/file.ts'
import { idOf, LATER, NOW, scratch, traces } from '../fixtures/file-harness.ts'

const ID = idOf(1)
const FIRST_LINE = 105

/** A store with one record, `a` as often as `size` says, and what is needed to go on from there. */
async function scene(
  context: TestContext,
  size = 20,
): Promise<{
  readonly store: Store
  readonly directory: string
  readonly file: string
  /** Replace the record; answers with the bytes of the file. */
  readonly write: (payload: string, owner?: string) => Promise<Buffer>
}> {
  const directory = scratch(context)
  const store = fileStore(directory)
  const { file } = placeOf(directory, ID)
  let version = (await store.create(ID, { payload: 'a'.repeat(size), expiresAt: LATER }, NOW))?.version ?? ''
  return {
    store,
    directory,
    file,
    async write(payload, owner) {
      const record = { payload, expiresAt: LATER, ...(owner !== undefined && { owner }) }
      const written = await store.update(ID, version, record, NOW)
      assert.ok(typeof written === 'object')
      version = written.version
      assert.deepEqual(await store.read(ID, NOW), { ...record, version })
      return fs.readFileSync(file)
    },
  }
}

function sequencesOf(bytes: Buffer): string[] {
  return [...bytes.toString('latin1').matchAll(/coatcheck\/1 \d{16} \w{8} \w{8} 0*(\d+) /g)].map(
    ({ index, 1: sequence }) => `${sequence} at ${index}`,
  )
}

/** The next look at a file sees these bytes instead: a copy made while others wrote. */
function seenOnce(context: TestContext, seen: Buffer): () => number {
  const real = fs.readSync
  let looks = 0
  context.mock.method(fs, 'readSync', (file: number, bytes: Buffer, ...rest: [number, number, number]) => {
    const length = real(file, bytes, ...rest)
    if (looks++ > 0) return length
    seen.copy(bytes)
    return seen.length
  })
  return () => looks
}

test('a small record is replaced beside itself, in turn, in the file that is there', async (t) => {
  const { file, write } = await scene(t)
  const { ino } = fs.statSync(file)
  assert.deepEqual(sequencesOf(fs.readFileSync(file)), ['1 at 0'])
  assert.deepEqual(sequencesOf(await write('bb')), ['1 at 0', '2 at 2049'])
  assert.deepEqual(sequencesOf(await write('c'.repeat(900), 'ada')), ['3 at 0', '2 at 2049'])
  assert.deepEqual(sequencesOf(await write('d')), ['3 at 0', '4 at 2049'])
  const bytes = await write('e')
  assert.deepEqual(sequencesOf(bytes), ['5 at 0', '4 at 2049'])
  assert.equal(bytes[2048], 0)
  assert.equal(bytes.length, 2049 + FIRST_LINE + 3, 'a byte is left from the longer one')
  assert.equal(fs.statSync(file).ino, ino)
})

test('the second record stands where both have room; one that has none gets a new file', async (t) => {
  const fits = (size: number): number => size - FIRST_LINE - 1
  for (const [first, second, at] of [
    [10, fits(2048), 2049],
    [fits(2048), 10, 2049],
    [10, fits(2049), 4097],
    [fits(2049), 10, 4097],
    [fits(4096), fits(4096), 4097],
    [fits(4097), 10, 8193],
    [10, fits(8193), 16_385],
    [fits(16_385), 10, 28_673],
    [fits(28_672), fits(28_672), 28_673],
    [10, fits(28_673), 0],
    [fits(28_673), 10, 0],
  ] as const) {
    const { write } = await scene(t, first)
    assert.deepEqual(
      sequencesOf(await write('b'.repeat(second))),
      at === 0 ? ['1 at 0'] : ['1 at 0', `2 at ${at}`],
      `${first}, ${second}`,
    )
  }
  const { write } = await scene(t)
  await write('b')
  await write('c'.repeat(fits(2048)))
  assert.deepEqual(sequencesOf(await write('d'.repeat(fits(2048)))), ['3 at 0', '4 at 2049'], 'both full')
  assert.deepEqual(sequencesOf(await write('e'.repeat(fits(2049)))), ['1 at 0'], 'the room once chosen stays')
})

test('with fsync each update makes a new file, whatever is in the old one', async (t) => {
  const { directory, file, write } = await scene(t)
  await write('b')
  const { ino } = fs.statSync(file)
  const store = fileStore(directory, { fsync: true })
  const version = (await store.read(ID, NOW))?.version ?? ''
  assert.ok(typeof (await store.update(ID, version, { payload: 'c', expiresAt: LATER }, NOW)) === 'object')
  assert.deepEqual(sequencesOf(fs.readFileSync(file)), ['1 at 0'])
  assert.notEqual(fs.statSync(file).ino, ino)
})

test('a write cut off at any byte leaves the record as it was, and the next one goes on from there', async (t) => {
  const { store, directory, file, write } = await scene(t)
  const one = fs.readFileSync(file)
  const two = await write('b'.repeat(30), 'ada')
  const three = await write('c'.repeat(25))
  const four = await write('d'.repeat(500))
  for (const [before, after, payload] of [
    [one, two, 'a'.repeat(20)],
    [two, three, 'b'.repeat(30)],
    [three, four, 'c'.repeat(25)],
  ] as const) {
    fs.writeFileSync(file, before)
    const { version } = (await store.read(ID, NOW)) ?? assert.fail()
    const from = after.findIndex((byte, at) => byte !== before[at] && (at >= 2048 || byte !== 0))
    const end = before === two ? FIRST_LINE + 1 + 25 : after.length
    for (let cut = from + 1; cut < end; cut++) {
      const torn = Buffer.concat([after.subarray(0, cut), before.subarray(cut)])
      fs.writeFileSync(file, torn)
      const found = await store.read(ID, NOW)
      assert.deepEqual([found?.payload, found?.version, found?.expiresAt], [payload, version, LATER], `cut at ${cut}`)
      assert.equal(await store.touch(ID, LATER + 5, NOW), true)
      const written = await store.update(ID, version, { payload: 'next', expiresAt: LATER + 1 }, NOW)
      assert.ok(typeof written === 'object', `cut at ${cut}`)
      assert.deepEqual(await store.read(ID, NOW), { payload: 'next', expiresAt: LATER + 1, ...written })
      assert.equal(sequencesOf(fs.readFileSync(file)).length, 2, 'it has taken the place of what was torn')
    }
  }
  assert.deepEqual(traces(directory), [])
})

test('a touch cut off at any byte leaves the record, and the next one mends its deadline', async (t) => {
  const { store, file, write } = await scene(t)
  await write('b')
  const before = fs.readFileSync(file)
  await store.touch(ID, LATER + 3_000_000, NOW)
  const after = fs.readFileSync(file)
  const [from, end] = [after.findIndex((byte, at) => byte !== before[at]), 2049 + 37]
  assert.ok(from > 2049 + 12 && from < end)
  for (let cut = from + 1; cut < end; cut++) {
    fs.writeFileSync(file, Buffer.concat([after.subarray(0, cut), before.subarray(cut)]))
    const found = await store.read(ID, NOW)
    assert.equal(found?.payload, 'b', `cut at ${cut}`)
    assert.ok(found.expiresAt >= LATER, 'no digit of the new deadline is below the one of before')
    assert.equal(await store.touch(ID, LATER, NOW), true)
    const header = readHeader(file)
    assert.ok(header?.state === 'record' && header.settled && header.expiresAt === found.expiresAt)
  }
})

test('a touch that moves nothing writes nothing', async (t) => {
  const { store } = await scene(t)
  const written = t.mock.method(fs, 'writeSync')
  for (const deadline of [LATER, LATER - 1]) assert.equal(await store.touch(ID, deadline, NOW), true)
  assert.equal(written.mock.callCount(), 0)
})

test('both records torn: absent, and the sweep removes it', async (t) => {
  const { store, file, write } = await scene(t)
  const bytes = await write('b')
  bytes.write('x', FIRST_LINE + 5)
  bytes.write('x', bytes.length - 1)
  fs.writeFileSync(file, bytes)
  assert.deepEqual(readRecord(file), { state: 'torn' })
  assert.equal(await store.update(ID, 'v', { payload: 'c', expiresAt: LATER }, NOW), 'gone')
  assert.equal(await store.touch(ID, LATER, NOW), false)
  await store.sweep?.(NOW, { records: 10, ms: 60_000 })
  assert.equal(fs.existsSync(file), false)
})

test('the sweep goes by the deadline of the current record, not of the one before or of a torn one', async (t) => {
  const { store, file, write } = await scene(t)
  await write('b')
  const version = (await store.read(ID, NOW))?.version ?? ''
  const ALL = { records: 10, ms: 60_000 }
  await store.update(ID, version, { payload: 'c', expiresAt: LATER + 1000 }, NOW)
  assert.equal((await store.sweep?.(LATER, ALL))?.removed, 0)
  // Torn: the deadline before it is the one that counts.
  const bytes = fs.readFileSync(file)
  bytes.write('x', FIRST_LINE + 1)
  fs.writeFileSync(file, bytes)
  assert.equal((await store.sweep?.(LATER, ALL))?.removed, 1)
})

// Cut in the record, and in its first line, of which then not even the sequence can be read.
for (const cut of [2049 + 107, 2049 + 60])
  test(`a copy in which the newer record is torn at ${cut} may be of two writes: it is read again`, async (t) => {
    const { store, file, write } = await scene(t)
    const two = await write('b'.repeat(30))
    // The reader has copied the first record of `two`; then its writer made the third, and is at the fourth.
    await write('c'.repeat(30))
    const four = await write('d'.repeat(30))
    const seen =
      cut > 2049 + FIRST_LINE
        ? Buffer.concat([two.subarray(0, cut), four.subarray(cut)])
        : Buffer.concat([two.subarray(0, 2048), four.subarray(2048, cut)])
    const looks = seenOnce(t, seen)
    assert.equal((await store.read(ID, NOW))?.payload, 'd'.repeat(30))
    assert.equal(looks(), 2)
    t.mock.restoreAll()
    fs.writeFileSync(file, seen)
    const again = seenOnce(t, seen)
    assert.equal((await store.read(ID, NOW))?.payload, 'a'.repeat(20), 'torn for good, by a killed writer')
    assert.equal(again(), 2, 'the same twice is enough')
  })

test('a copy that mixes the old deadline of one record with the rest of the next is read again', async (t) => {
  const { store, file, write } = await scene(t)
  await write('b')
  await store.touch(ID, LATER + 77, NOW)
  const two = fs.readFileSync(file)
  await write('c')
  const four = await write('d')
  const looks = seenOnce(
    t,
    Buffer.concat([four.subarray(0, 2049), two.subarray(2049, 2049 + 37), four.subarray(2049 + 37)]),
  )
  assert.equal((await store.read(ID, NOW))?.expiresAt, LATER)
  assert.equal(looks(), 2)
})

test('a copy in which both are torn is read again', async (t) => {
  const { store, write } = await scene(t)
  const bytes = await write('b')
  bytes.write('x', FIRST_LINE + 5)
  bytes.write('x', bytes.length - 1)
  const looks = seenOnce(t, bytes)
  assert.equal((await store.read(ID, NOW))?.payload, 'b')
  assert.equal(looks(), 2)
})

test('a later version that wrote beside a record of ours has the last word, and is kept', async (t) => {
  const { store, file, write } = await scene(t)
  const bytes = await write('b')
  bytes.write('coatcheck/2 ', 2049)
  fs.writeFileSync(file, bytes)
  assert.deepEqual(readRecord(file), { state: 'newer' })
  assert.equal(await store.update(ID, 'v', { payload: 'c', expiresAt: LATER }, NOW), 'gone')
  assert.equal(await store.delete(ID), false)
  await store.sweep?.(LATER, { records: 10, ms: 60_000 })
  assert.deepEqual(fs.readFileSync(file), bytes)
})

test('a file that does not begin as one of ours is left alone, whatever stands in it further on', async (t) => {
  const { store, file, write } = await scene(t)
  const two = await write('b')
  for (const [state, beginning] of [
    ['foreign', 'Dear diary, '],
    ['newer', 'coatcheck/2 '],
  ] as const) {
    const bytes = Buffer.from(two)
    bytes.write(beginning)
    fs.writeFileSync(file, bytes)
    const looks = seenOnce(t, bytes)
    assert.deepEqual(readRecord(file), { state })
    assert.equal(looks(), 1, 'nobody is about to make a record of it')
    t.mock.restoreAll()
    assert.equal(await store.update(ID, 'v', { payload: 'c', expiresAt: LATER }, NOW), 'gone')
    assert.equal(await store.delete(ID), false)
    assert.deepEqual(fs.readFileSync(file), bytes)
  }
})

test('a first record whose first line is torn: the second counts once it has been seen twice', async (t) => {
  const { store, file, write } = await scene(t)
  const two = await write('b')
  two.write('x', 50)
  fs.writeFileSync(file, two)
  const looks = seenOnce(t, two)
  assert.equal((await store.read(ID, NOW))?.payload, 'b')
  assert.equal(looks(), 2)
})

test('an only record that is torn is gone for every verb', async (t) => {
  const { store, file } = await scene(t)
  fs.truncateSync(file, 60)
  assert.equal(await store.update(ID, 'v', { payload: 'b', expiresAt: LATER }, NOW), 'gone')
  assert.equal(await store.touch(ID, LATER + 1, NOW), false)
  assert.equal(fs.statSync(file).size, 60)
})

test('of two records with one sequence, which no writer of ours makes, the first counts', async (t) => {
  const { store, file } = await scene(t)
  const [one, two] = ['one', 'two'].map((payload) =>
    encodeRecord({ payload, expiresAt: LATER }, 'v'.repeat(24), 7, payload === 'two'),
  )
  assert.ok(one && two)
  fs.writeFileSync(file, Buffer.concat([one, Buffer.alloc(2048 - one.length), two]))
  assert.equal((await store.read(ID, NOW))?.payload, 'one')
})

test('a payload that imitates a second record is none, even when the first line is lost', async (t) => {
  const imitation = encodeRecord({ payload: 'evil', expiresAt: LATER, owner: 'root' }, 'v'.repeat(24), 99).toString()
  for (const at of [2048, 4096, 8192, 16_384, 28_672]) {
    const { store, file } = await scene(t)
    const payload = `${'a'.repeat(at - FIRST_LINE - 1)}\n${imitation}`
    await store.delete(ID)
    await store.create(ID, { payload, expiresAt: LATER }, NOW)
    assert.equal((await store.read(ID, NOW))?.payload, payload)
    const bytes = fs.readFileSync(file)
    assert.equal(bytes.indexOf(imitation), at + 1)
    bytes.fill(0, 0, at)
    fs.writeFileSync(file, bytes)
    assert.deepEqual(readRecord(file), { state: 'torn' })
  }
})

test('a file whose sequence is used up is replaced by a new one', async (t) => {
  const { store, file } = await scene(t)
  const record = { payload: 'a', expiresAt: LATER }
  for (const [sequence, then] of [
    [999_999_999_998, ['999999999998 at 0', '999999999999 at 2049']],
    [999_999_999_999, ['1 at 0']],
  ] as const) {
    fs.writeFileSync(file, encodeRecord(record, 'v'.repeat(24), sequence))
    assert.ok(typeof (await store.update(ID, 'v'.repeat(24), record, NOW)) === 'object')
    assert.deepEqual(sequencesOf(fs.readFileSync(file)), then)
  }
})

test('a disk that is full in the middle of a second record: an error, and the record as before', async (t) => {
  const { store, file, write } = await scene(t)
  const { version } = (await store.read(ID, NOW)) ?? assert.fail()
  const real = fs.writeSync
  let calls = 0
  const full = t.mock.method(
    fs,
    'writeSync',
    (to: number, bytes: Buffer, from: number, _length: number, at: number) => {
      if (calls++ > 0) throw Object.assign(new Error('full'), { code: 'ENOSPC' })
      return real(to, bytes, from, 60, at)
    },
  )
  await assert.rejects(store.update(ID, version, { payload: 'b', expiresAt: LATER }, NOW), {
    code: 'store_failed',
    message: /update in .*ENOSPC/,
  })
  full.mock.restore()
  assert.equal(fs.readFileSync(file).length, 2048 + 60)
  assert.equal((await store.read(ID, NOW))?.payload, 'a'.repeat(20))
  await write('c')
})

test('a record that is written beside another in pieces is whole', async (t) => {
  const { write } = await scene(t)
  const real = fs.writeSync
  t.mock.method(fs, 'writeSync', (to: number, bytes: Buffer, from: number, length: number, at: number) =>
    real(to, bytes, from, Math.min(length, 50), at),
  )
  await write('b'.repeat(300))
  await write('c'.repeat(300))
})

test('what somebody has appended to a file does not hide a second record', async (t) => {
  const { file, write } = await scene(t)
  fs.appendFileSync(file, 'x'.repeat(5000))
  assert.deepEqual(sequencesOf(await write('b')), ['1 at 0', '2 at 2049'])
})
