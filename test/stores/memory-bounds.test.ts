import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { SessionError } from '../../src/errors.ts'
import { memoryStore, type MemoryStoreOptions } from '../../src/stores/memory.ts'

const NOW = 1_000

test('over maxSessions the record unused for longest is ended, and onEvict hears its ID', async () => {
  const { add, ids, evicted, store } = small({ maxSessions: 3 })
  await add('a', 'b', 'c')
  await store.read('a', NOW)
  await add('d')
  assert.deepEqual(await ids(), ['a', 'c', 'd'])
  const found = await store.read('c', NOW)
  await store.update('a', (await store.read('a', NOW))?.version ?? '', { payload: 'changed', expiresAt: 9_000 }, NOW)
  assert.ok(found)
  await add('e')
  assert.deepEqual(await ids(), ['a', 'c', 'e'])
  assert.deepEqual(evicted, ['b', 'd'])
})

test('over maxBytes as many records are ended as the new one needs', async () => {
  const { add, ids, evicted, store } = small({ maxBytes: 4_000 })
  await add('a', 'b', 'c')
  assert.deepEqual(evicted, [])
  await store.create('d', { payload: 'x'.repeat(3_200), expiresAt: 9_000 }, NOW)
  assert.deepEqual(await ids(), ['c', 'd'])
  assert.deepEqual(evicted, ['a', 'b'])
})

test('a record that grows makes others leave, never itself, and its old bytes are given back', async () => {
  const { add, ids, store } = small({ maxBytes: 2_000 })
  await add('a', 'b')
  for (let round = 0; round < 20; round++) {
    const version = (await store.read('a', NOW))?.version ?? ''
    await store.update('a', version, { payload: 'x'.repeat(500 + round), expiresAt: 9_000 }, NOW)
    assert.deepEqual(await ids(), ['a', 'b'])
  }
  const version = (await store.read('a', NOW))?.version ?? ''
  await store.update('a', version, { payload: 'x'.repeat(1_650), expiresAt: 9_000 }, NOW)
  assert.deepEqual(await ids(), ['a'])
  await store.delete('a')
  await add('c', 'd', 'e', 'f', 'g', 'h')
  assert.deepEqual(await ids(), ['c', 'd', 'e', 'f', 'g', 'h'])
})

test('bytes are counted as the engine keeps them: one for a Latin-1 character, two for others', async () => {
  const sizes: number[] = []
  for (const payload of ['', 'x'.repeat(100), 'é'.repeat(100), '\u0100'.repeat(100)]) {
    const store = memoryStore()
    await store.create('a', { payload, expiresAt: 9_000 }, NOW)
    for await (const { size } of store.list()) sizes.push(size)
  }
  const [empty = 0, ...others] = sizes
  assert.deepEqual(
    others.map((size) => size - empty),
    [100, 100, 200],
  )
})

test('dead records make room before live ones, wherever they are, and that is no eviction', async () => {
  const { add, ids, evicted, store } = small({ maxSessions: 4 })
  await add('a', 'b')
  await store.create('dead', { payload: '', expiresAt: NOW + 10 }, NOW)
  await add('c')
  await store.create('d', { payload: '', expiresAt: 9_000 }, NOW + 10)
  assert.deepEqual(await ids(), ['a', 'b', 'c', 'd'])
  assert.deepEqual(evicted, [])
})

test('an evicted session stays dead: update and touch find it gone, and its version is never used again', async () => {
  const { add, evicted, store } = small({ maxSessions: 1 })
  const first = await store.create('a', { payload: '', expiresAt: 9_000 }, NOW)
  await add('b')
  assert.deepEqual(evicted, ['a'])
  const version = first?.version ?? ''
  const record = { payload: 'late', expiresAt: 9_000 }
  assert.equal(await store.update('a', version, record, NOW), 'gone')
  assert.equal(await store.touch('a', 9_500, NOW), false)
  await add('a')
  assert.equal(await store.update('a', version, record, NOW), 'conflict')
})

test('the first live eviction of a store warns, once, with a code', async (t) => {
  const warned = await warnings(t)
  const { add } = small({ maxSessions: 2 })
  await add('a', 'b')
  assert.deepEqual(await warned(), [])
  await add('c', 'd', 'e')
  assert.deepEqual(await warned(), [{ name: 'CoatcheckWarning', code: 'COATCHECK_EVICTION' }])
})

test('a record larger than maxBytes is refused, and nothing else is lost for it', async () => {
  const { add, ids, store } = small({ maxBytes: 1_000 })
  await add('a', 'b')
  const large = { payload: 'x'.repeat(1_001), expiresAt: 9_000 }
  const tooLarge = (error: unknown): boolean =>
    error instanceof SessionError && error.code === 'record_too_large' && /maxBytes of 1000/.test(error.message)
  await assert.rejects(store.create('c', large, NOW), tooLarge)
  const before = await store.read('a', NOW)
  await assert.rejects(store.update('a', before?.version ?? '', large, NOW), tooLarge)
  assert.deepEqual(await store.read('a', NOW), before)
  assert.deepEqual(await ids(), ['a', 'b'])
})

test('limits that are not positive numbers are refused at construction', () => {
  for (const value of [0, -1, Number.NaN])
    for (const name of ['maxSessions', 'maxBytes'])
      assert.throws(
        () => memoryStore({ [name]: value }),
        (error: unknown) =>
          error instanceof SessionError && error.code === 'bad_option' && error.message.includes(name),
      )
})

test('a sweep goes on where it stopped, also when every record is read between its batches', async () => {
  const store = memoryStore()
  for (let n = 0; n < 50; n++) {
    await store.create(`live ${n}`, { payload: '', expiresAt: 9_000 }, NOW)
    await store.create(`dead ${n}`, { payload: '', expiresAt: 2_000 }, NOW)
  }
  let removed = 0
  for (let batch = 1, more = true; more; batch++) {
    const result = await store.sweep(2_000, { records: 5, ms: 1_000 })
    removed += result.removed
    more = result.more
    for (let n = 0; n < 50; n++) assert.ok(await store.read(`live ${n}`, 2_000))
    assert.ok(batch <= 12, `${batch} batches for 50 records, 5 at a time`)
  }
  assert.equal(removed, 50)
})

test('a sweep ends when its time is up, having made progress', async () => {
  const store = memoryStore()
  for (let n = 0; n < 2_000; n++) await store.create(`dead ${n}`, { payload: '', expiresAt: 2_000 }, NOW)
  const { removed, more } = await store.sweep(2_000, { records: Infinity, ms: 0 })
  assert.ok(removed > 0 && removed < 2_000, `removed ${removed}`)
  assert.equal(more, true)
})

test('a sweep does not overlook a record that reads have moved behind its walk', async () => {
  const { add, ids, store } = small({})
  await add('live')
  for (const [id, expiresAt] of Object.entries({ dead: 2_000, moved: 3_000, 'dead too': 2_000 }))
    await store.create(id, { payload: '', expiresAt }, NOW)
  assert.deepEqual(await store.sweep(2_000, { records: 1, ms: 1_000 }), { removed: 1, more: true })
  await store.read('live', 2_000)
  await store.read('moved', 2_000)
  for (let more = true; more;) ({ more } = await store.sweep(3_000, { records: 10, ms: 1_000 }))
  assert.deepEqual(await ids(), ['live'])
})

test('a full store of many searches a part for the dead at each create, the next part at the next', async () => {
  const { evicted, store } = small({ maxSessions: 2_500 })
  // A search goes by the first two hex digits of the IDs.
  const nth = (n: number): string => n.toString(16).padStart(3, '0')
  for (let n = 0; n < 2_500; n++) {
    const expiresAt = n === 2_400 ? 2_000 : n < 500 ? 3_000 : 9_000
    await store.create(nth(n), { payload: '', expiresAt }, NOW)
  }
  const add = (id: string, now: number) => store.create(id, { payload: '', expiresAt: 9_000 }, now)
  await add('first', 2_000)
  assert.deepEqual(evicted, [nth(0)], 'the dead one is beyond the first part')
  await add('second', 3_000)
  assert.deepEqual(evicted, [nth(0)], 'the second was dead by then: removed, though not an eviction')
  await add('third', 3_000)
  assert.deepEqual(evicted, [nth(0)])
  assert.equal(await store.delete(nth(1)), false)
  assert.equal(await store.delete(nth(2400)), false)
  assert.equal(await store.delete(nth(2)), true, 'the third part had the dead one: nothing else had to leave')
})

test('a session costs less than 500 bytes beside its payload, and no more than the store counts', async () => {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  assert.ok(typeof collect === 'function')
  const count = 20_000
  const store = memoryStore({ maxSessions: count })
  collect()
  const before = process.memoryUsage().heapUsed
  for (let n = 0; n < count; n++) {
    const payload = Buffer.alloc(100, idOf(n)).toString()
    await store.create(idOf(n), { payload, expiresAt: NOW + n + 1, owner: Buffer.from(`user ${n}`).toString() }, NOW)
  }
  collect()
  const each = (process.memoryUsage().heapUsed - before) / count
  assert.ok(each - 100 > 100 && each - 100 < 500, `${each - 100} bytes a session beside its payload`)
  let counted = 0
  for await (const { size } of store.list()) counted += size / count
  assert.ok(each < counted * 1.1, `${each} bytes a session, of which the store counts ${counted}`)
})

test('making room in a full store costs no more, however many sessions it holds', async () => {
  // What is compared is CPU time, so a busy machine changes little; walking over what was removed costs 15 times as much.
  const costs = new Map<number, number>()
  for (const full of [500, 60_000]) {
    const store = memoryStore({ maxSessions: full, onEvict: () => {} })
    for (let n = 0; n < full; n++) await store.create(idOf(n), { payload: '', expiresAt: 9_000 }, NOW)
    const ids = Array.from({ length: 40_000 }, (_, n) => idOf(full + n))
    const start = process.cpuUsage()
    for (const id of ids) await store.create(id, { payload: '', expiresAt: 9_000 }, NOW)
    const { user, system } = process.cpuUsage(start)
    costs.set(full, user + system)
  }
  const [few = 0, many = 0] = costs.values()
  assert.ok(many < few * 6, `${few} us of CPU for 40,000 sessions in a store of 500, ${many} us in one of 60,000`)
})

test('a sweep over many that live lets others have their turn meanwhile', async () => {
  const store = memoryStore()
  for (let n = 0; n < 30_000; n++) await store.create(idOf(n), { payload: '', expiresAt: 9_000 }, NOW)
  await store.create('dead', { payload: '', expiresAt: 2_000 }, NOW)
  let turns = 0
  const timer = setInterval(() => turns++, 0)
  const { removed } = await store.sweep(2_000, { records: Infinity, ms: Infinity })
  clearInterval(timer)
  assert.equal(removed, 1)
  assert.ok(turns > 0, 'nothing else ran while 30,000 records were looked at')
})

/** 64 hex digits that are spread as real ones are. */
function idOf(n: number): string {
  return createHash('sha256').update(String(n)).digest('hex')
}

interface SmallStore {
  readonly store: ReturnType<typeof memoryStore>
  readonly evicted: string[]
  /** Create these, with an empty payload. */
  readonly add: (...ids: string[]) => Promise<void>
  /** Every ID in the store, in order of the alphabet. */
  readonly ids: () => Promise<string[]>
}

function small(options: MemoryStoreOptions): SmallStore {
  const evicted: string[] = []
  const store = memoryStore({ ...options, onEvict: (id) => evicted.push(id) })
  return {
    store,
    evicted,
    add: async (...ids) => {
      for (const id of ids) await store.create(id, { payload: '', expiresAt: 9_000 }, NOW)
    },
    ids: async () => {
      const found = []
      for await (const { id } of store.list()) found.push(id)
      return found.toSorted()
    },
  }
}

/** The process warnings with a code during the test, once those on their way have arrived. */
async function warnings(t: TestContext): Promise<() => Promise<unknown[]>> {
  // Those of earlier tests come a turn late.
  await nextTurn()
  const heard: unknown[] = []
  const hear = (warning: Error): void => {
    if ('code' in warning) heard.push({ name: warning.name, code: warning.code })
  }
  process.on('warning', hear)
  t.after(() => process.off('warning', hear))
  return async () => {
    await nextTurn()
    return heard
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
