import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ListedRecord, Store } from '../src/store.ts'
import { memoryStore } from '../src/stores/memory.ts'
import { gatedStore, runStoreCases, type StoreOperation } from '../src/testing/index.ts'

const ID = 'a'.repeat(64)
const OTHER = 'b'.repeat(64)
const NOW = 1_000
const RECORD = { payload: 'one', expiresAt: 9_000 }

runStoreCases({
  test,
  label: 'gated: ',
  open: async () => ({ store: gatedStore(memoryStore()).store }),
  cannot: ['second'],
})

test('a held call has not reached the store until it is released', async () => {
  const inner = memoryStore()
  const gates = gatedStore(inner)
  gates.hold('create')
  const creating = gates.store.create(ID, RECORD, NOW)
  const stop = await gates.reached('create')
  assert.deepEqual(stop.call, { operation: 'create', id: ID, args: [ID, RECORD, NOW] })
  assert.equal(await inner.read(ID, NOW), null)
  stop.release()
  assert.notEqual(await creating, null)
  assert.equal((await inner.read(ID, NOW))?.payload, 'one')
})

test('a call held on the far side has reached the store, and its caller does not know yet', async () => {
  const inner = memoryStore()
  const gates = gatedStore(inner)
  gates.hold('create', { side: 'after' })
  let answered = false
  const creating = gates.store.create(ID, RECORD, NOW).then((result) => {
    answered = true
    return result
  })
  const stop = await gates.reached('create', 'after')
  assert.equal((await inner.read(ID, NOW))?.payload, 'one')
  await nextTurn()
  assert.equal(answered, false)
  stop.release()
  assert.notEqual(await creating, null)
})

test('a stop can be waited for before the call arrives', async () => {
  const gates = gatedStore(memoryStore())
  gates.hold('delete')
  const reached = gates.reached('delete')
  const deleting = gates.store.delete(ID)
  ;(await reached).release()
  assert.equal(await deleting, false)
})

test('two held calls go on in the order that the test decides', async () => {
  const inner = memoryStore()
  const gates = gatedStore(inner)
  const written = await inner.create(ID, RECORD, NOW)
  assert.ok(written)
  for (const first of ['x', 'y'] as const) {
    const version = (await inner.read(ID, NOW))?.version ?? ''
    gates.hold('update', { times: 2 })
    const results = ['x', 'y'].map((payload) => gates.store.update(ID, version, { ...RECORD, payload }, NOW))
    const [x, y] = [await gates.reached('update'), await gates.reached('update')]
    const [early, late] = first === 'x' ? [x, y] : [y, x]
    early.release()
    await Promise.race(results)
    late.release()
    assert.deepEqual(
      (await Promise.all(results)).map((result) => result === 'conflict'),
      [first !== 'x', first !== 'y'],
    )
    assert.equal((await inner.read(ID, NOW))?.payload, first)
  }
})

test('a hold is used up by as many calls as it says, one unless told', async () => {
  const gates = gatedStore(memoryStore())
  gates.hold('read')
  const first = gates.store.read(ID, NOW)
  const stop = await gates.reached('read')
  assert.equal(await gates.store.read(ID, NOW), null)
  stop.release()
  assert.equal(await first, null)
})

test('a hold may be for one record only', async () => {
  const gates = gatedStore(memoryStore())
  gates.hold('delete', { only: ({ id }) => id === OTHER })
  assert.equal(await gates.store.delete(ID), false)
  const deleting = gates.store.delete(OTHER)
  const stop = await gates.reached('delete')
  assert.equal(stop.call.id, OTHER)
  stop.release()
  assert.equal(await deleting, false)
})

test('a call can be made to fail, before the store did it or although it did', async () => {
  const inner = memoryStore()
  const gates = gatedStore(inner)
  const failure = new Error('connection lost')
  gates.fail('create', failure)
  await assert.rejects(gates.store.create(ID, RECORD, NOW), failure)
  assert.equal(await inner.read(ID, NOW), null)
  gates.fail('create', failure, { side: 'after' })
  await assert.rejects(gates.store.create(ID, RECORD, NOW), failure)
  assert.equal((await inner.read(ID, NOW))?.payload, 'one')
  assert.equal(await gates.store.delete(ID), true)
})

test('a held call can be made to fail instead of going on', async () => {
  const gates = gatedStore(memoryStore())
  gates.hold('touch')
  const touching = gates.store.touch(ID, 9_000, NOW)
  const stop = await gates.reached('touch')
  stop.fail(new Error('reset by peer'))
  stop.release()
  await assert.rejects(touching, /reset by peer/)
})

test('a hanging call never answers; on the far side the store has done it', async () => {
  const inner = memoryStore()
  const gates = gatedStore(inner)
  let answers = 0
  const heard = (): number => answers++
  for (const side of ['before', 'after'] as const) {
    gates.hang('create', { side })
    gates.store.create(ID, RECORD, NOW).then(heard, heard)
    await nextTurn()
    assert.equal(answers, 0)
    assert.equal((await inner.read(ID, NOW)) !== null, side === 'after')
  }
})

test('open forgets the rules and releases what is held', async () => {
  const gates = gatedStore(memoryStore())
  gates.hold('read', { times: Infinity })
  gates.fail('delete', new Error('never seen'))
  const reads = [gates.store.read(ID, NOW), gates.store.read(OTHER, NOW)]
  await gates.reached('read')
  gates.open()
  assert.deepEqual(await Promise.all(reads), [null, null])
  assert.equal(await gates.store.read(ID, NOW), null)
  assert.equal(await gates.store.delete(ID), false)
})

test('a list is held before its first record and after its last', async () => {
  const inner = memoryStore()
  const gates = gatedStore(inner)
  await inner.create(ID, { ...RECORD, owner: 'ada' }, NOW)
  gates.hold('list')
  gates.hold('list', { side: 'after' })
  const seen: string[] = []
  const listing = (async () => {
    for await (const { id } of entriesOf(gates.store, 'ada')) seen.push(id)
    seen.push('end')
  })()
  const before = await gates.reached('list')
  assert.deepEqual(before.call, { operation: 'list', id: undefined, args: [{ owner: 'ada' }] })
  assert.deepEqual(seen, [])
  before.release()
  const after = await gates.reached('list', 'after')
  assert.deepEqual(seen, [ID])
  after.release()
  await listing
  assert.deepEqual(seen, [ID, 'end'])

  gates.fail('list', new Error('cursor lost'))
  await assert.rejects(async () => {
    for await (const { id } of entriesOf(gates.store)) assert.fail(`listed ${id}`)
  }, /cursor lost/)
})

test('calls are logged with their arguments, and counted', async () => {
  const gates = gatedStore(memoryStore())
  await gates.store.read(ID, NOW)
  await gates.store.create(ID, RECORD, NOW)
  await gates.store.sweep?.(NOW, { records: 1, ms: 1 })
  await gates.store.close?.()
  assert.deepEqual(gates.calls, [
    { operation: 'read', id: ID, args: [ID, NOW] },
    { operation: 'create', id: ID, args: [ID, RECORD, NOW] },
    { operation: 'sweep', id: undefined, args: [NOW, { records: 1, ms: 1 }] },
    { operation: 'close', id: undefined, args: [] },
  ])
  assert.equal(gates.count(), 4)
  assert.equal(gates.count('create'), 1)
  assert.equal(gates.count('update'), 0)
})

test('a gated store has the methods of the store it wraps, and no others', () => {
  const { list: _list, sweep: _sweep, close: _close, ...bare } = memoryStore()
  const optional: StoreOperation[] = ['list', 'sweep', 'close']
  for (const operation of optional) {
    assert.equal(gatedStore(bare).store[operation], undefined)
    assert.equal(typeof gatedStore(memoryStore()).store[operation], 'function')
  }
})

function entriesOf(store: Store, owner?: string): AsyncIterable<ListedRecord> {
  const list = store.list?.bind(store)
  assert.ok(list, 'the gated store has no list()')
  return owner === undefined ? list() : list({ owner })
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
