/** Every store call bounded in time, and its failures in our own words. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { SessionError } from '../../src/errors.ts'
import { createEvents } from '../../src/events/event-emitter.ts'
import type { SessionEvents } from '../../src/events/events.ts'
import { limitedStore } from '../../src/backend/limited-store.ts'
import type { ListedRecord, Store } from '../../src/store.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { gatedStore, testClock } from '../../src/testing/index.ts'
import { refusal } from './refusal.ts'
import { quietly, turns } from './unhandled.ts'

const ID = 'a'.repeat(64)
const RECORD = { payload: 'x', expiresAt: Number.MAX_SAFE_INTEGER }
const SWEEP = { records: 10, ms: 10 }

const CALLS: Readonly<Record<string, (store: Store) => Promise<unknown> | undefined>> = {
  read: (store) => store.read(ID, 0),
  create: (store) => store.create(ID, RECORD, 0),
  update: (store) => store.update(ID, 1, RECORD, 0),
  touch: (store) => store.touch(ID, 1, 0),
  delete: (store) => store.delete(ID),
  sweep: (store) => store.sweep?.(0, SWEEP),
  list: (store) => store.list?.()[Symbol.asyncIterator]().next(),
}

suite('a store call that does not answer', () => {
  for (const [operation, call] of Object.entries(CALLS))
    test(`${operation}: store_timeout at the limit, and the late answer is dropped`, async (t) => {
      const unhandled = quietly(t)
      for (const late of ['an answer', 'a failure']) {
        const answer = Promise.withResolvers<never>()
        const { limited, clock, told } = limit(storeOf(() => answer.promise))
        const outcome = assert.rejects(async () => call(limited), refusal('store_timeout', operation, '2 seconds'))
        await turns()
        clock.advance(1_999)
        await turns()
        assert.equal(told.length, 0)
        clock.advance(1)
        await outcome
        assert.equal(told.length, 1)
        assert.equal(told[0]?.operation, operation)
        if (late === 'a failure') answer.reject(new Error('late'))
        else answer.resolve(null as never)
        await turns()
        assert.equal(told.length, 1, `after ${late}`)
      }
      assert.deepEqual(unhandled(), [])
    })
})

suite('a store call that fails', () => {
  for (const [operation, call] of Object.entries(CALLS)) {
    test(`${operation}: store_failed with its cause, told by one event`, async () => {
      const cause = new Error('disk full')
      for (const fail of [() => Promise.reject(cause), throwing(cause)]) {
        const { limited, clock, told } = limit(storeOf(fail))
        const at = clock.now()
        const failed = (error: unknown): boolean =>
          refusal('store_failed', operation)(error) && error instanceof SessionError && error.cause === cause
        await assert.rejects(async () => call(limited), failed)
        clock.advance(10_000)
        assert.deepEqual(told, [{ at, operation, code: 'store_failed', error: cause, retried: false }])
      }
    })
  }

  test('an error that is ours already is passed on as it is', async () => {
    const ours = new SessionError('record_too_large', 'one byte too many')
    const { limited } = limit(storeOf(() => Promise.reject(ours)))
    await assert.rejects(limited.read(ID, 0), (error) => error === ours)
  })
})

suite('a connection that breaks under a call', () => {
  const broken = (): Error => Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
  const wrapped = (): Error => new SessionError('store_failed', 'it did not answer', { cause: broken() })

  for (const [operation, call] of Object.entries(CALLS))
    for (const make of [broken, wrapped])
      test(`${operation} ${operation === 'read' || operation === 'touch' ? 'is made once more' : 'is not repeated'}, ${make.name}`, async () => {
        const repeats = operation === 'read' || operation === 'touch' ? 1 : 0
        let calls = 0
        const { limited, told } = limit(
          storeOf(() => {
            calls += 1
            return Promise.reject(make())
          }),
        )
        await assert.rejects(async () => call(limited), refusal('store_failed'))
        assert.equal(calls, 1 + repeats)
        assert.deepEqual(
          told.map(({ retried }) => retried),
          repeats === 1 ? [true, false] : [false],
        )
      })

  test('whoever reads gets the second answer, within the time limit of the first', async () => {
    const answers = [Promise.reject(broken()), new Promise<never>(() => {})]
    const { limited, clock, told } = limit(storeOf(() => answers.shift() ?? Promise.reject(new Error('no third call'))))
    const outcome = assert.rejects(limited.read(ID, 0), refusal('store_timeout'))
    await turns()
    clock.advance(1_999)
    await turns()
    assert.deepEqual(
      told.map(({ retried }) => retried),
      [true],
    )
    clock.advance(1)
    await outcome

    const memory = memoryStore()
    await memory.create(ID, RECORD, 0)
    let first = true
    const once: Store = {
      ...memory,
      async read(id, now) {
        if (!first) return memory.read(id, now)
        first = false
        throw broken()
      },
    }
    assert.equal((await limit(once).limited.read(ID, 0))?.payload, 'x')
  })

  test('a timeout, a refusal and a mistake are none', async () => {
    for (const code of ['ETIMEDOUT', 'ECONNREFUSED', 'ENOTFOUND', '42P01', undefined]) {
      let calls = 0
      const { limited } = limit(
        storeOf(() => {
          calls += 1
          return Promise.reject(Object.assign(new Error('no'), { code }))
        }),
      )
      await assert.rejects(limited.read(ID, 0), refusal('store_failed'))
      assert.equal(calls, 1, `calls with ${code}`)
    }
  })

  test('a cause that is its own cause ends', async () => {
    const circular = new Error('round')
    circular.cause = circular
    await assert.rejects(limit(storeOf(() => Promise.reject(circular))).limited.read(ID, 0), refusal('store_failed'))
  })
})

suite('listing', () => {
  test('the limit is for each record, not for the whole', async () => {
    const { limited, clock } = limit({ ...memoryStore(), list: listing(5) })
    const found: string[] = []
    for await (const { id } of limited.list?.() ?? []) {
      found.push(id)
      clock.advance(1_900)
    }
    assert.deepEqual(found, ['0', '1', '2', '3', '4'])
  })

  test('a listing that stops answering in the middle is an error, not the end', async () => {
    const gates = gatedStore(memoryStore())
    await gates.store.create(ID, RECORD, 0)
    gates.hang('list', { side: 'after' })
    const { limited, clock } = limit(gates.store)
    const found: string[] = []
    await assert.rejects(
      async () => {
        for await (const { id } of limited.list?.() ?? []) {
          found.push(id)
          void turns().then(() => clock.advance(2_000))
        }
      },
      refusal('store_timeout', 'list'),
    )
    assert.deepEqual(found, [ID])
  })

  test('who stops early closes the store’s cursor', async () => {
    let closed = 0
    const { limited } = limit({ ...memoryStore(), list: listing(5, () => (closed += 1)) })
    for await (const { id } of limited.list?.() ?? []) if (id === '1') break
    assert.equal(closed, 1)
  })

  test('a cursor that does not close does not hold up who stops early', async () => {
    const stuck = Promise.withResolvers<never>()
    const list = listing(5)
    const { limited, clock } = limit({
      ...memoryStore(),
      list: () => ({ [Symbol.asyncIterator]: () => ({ ...bare(list()), return: () => stuck.promise }) }),
    })
    await assert.rejects(
      async () => {
        for await (const { id } of limited.list?.() ?? []) {
          void turns().then(() => clock.advance(2_000))
          if (id === '1') break
        }
      },
      refusal('store_timeout', 'list'),
    )
  })
})

suite('what is left as it is', () => {
  test('answers and arguments', async () => {
    const { limited, told } = limit(memoryStore())
    const written = await limited.create(ID, { ...RECORD, owner: 'ada' }, 5)
    assert.ok(written)
    assert.deepEqual(await limited.read(ID, 5), { ...RECORD, owner: 'ada', version: written.version })
    assert.equal(await limited.create(ID, RECORD, 5), null)
    assert.equal(await limited.update(ID, -1, RECORD, 5), 'conflict')
    assert.equal(await limited.touch(ID, 9, 5), true)
    assert.deepEqual(await limited.sweep?.(0, SWEEP), { removed: 0, more: false })
    assert.equal(await limited.delete(ID), true)
    assert.equal(await limited.delete(ID), false)
    assert.deepEqual(told, [])
  })

  test('what the store cannot do, the limited one cannot either', async () => {
    const { list: _, sweep: __, close: ___, ...verbs } = memoryStore()
    const { limited } = limit(verbs)
    assert.equal('list' in limited || 'sweep' in limited, false)
    await limited.close?.()
  })

  test('methods that need their own this', async () => {
    class Stateful {
      readonly answer = null
      async read(): Promise<null> {
        return this.answer
      }
    }
    const { read: _, ...others } = memoryStore()
    const { limited } = limit(Object.assign(new Stateful(), others))
    assert.equal(await limited.read(ID, 0), null)
  })
})

function limit(store: Store): {
  limited: Store
  clock: ReturnType<typeof testClock>
  told: SessionEvents['storeError'][]
} {
  const clock = testClock()
  const { emit, on } = createEvents({ clock })
  const told: SessionEvents['storeError'][] = []
  on('storeError', (event) => told.push(event))
  return { limited: limitedStore(store, 2_000, clock, emit), clock, told }
}

/** A store whose every call does the same. */
function storeOf(call: () => Promise<never>): Store {
  return {
    read: call,
    create: call,
    update: call,
    touch: call,
    delete: call,
    sweep: call,
    // oxlint-disable-next-line require-yield
    async *list() {
      await call()
    },
  }
}

function throwing(error: Error): () => never {
  return () => {
    throw error
  }
}

function listing(count: number, closed: () => unknown = () => undefined): () => AsyncIterable<ListedRecord> {
  return async function* list() {
    try {
      for (let n = 0; n < count; n += 1) yield { ...RECORD, id: String(n), version: 1, size: 1 }
    } finally {
      closed()
    }
  }
}

function bare(records: AsyncIterable<ListedRecord>): AsyncIterator<ListedRecord> {
  const iterator = records[Symbol.asyncIterator]()
  return { next: () => iterator.next() }
}
