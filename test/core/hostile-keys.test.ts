/** Keys that every object inherits are keys like any other, on every way data can take, and no prototype is changed. */
import assert from 'node:assert/strict'
import { afterEach, suite, test } from 'node:test'
import type { Session } from '../../src/index.ts'
import { scene, visited } from './site.ts'
import type { Data, Scene } from './site.ts'

const KEYS = ['__proto__', 'constructor', 'hasOwnProperty', 'toString', 'prototype', '__defineGetter__', 'then', '']

const before = Object.getOwnPropertyNames(Object.prototype).toSorted()

suite('keys that every object inherits', () => {
  afterEach(() => {
    assert.deepEqual(Object.getOwnPropertyNames(Object.prototype).toSorted(), before)
    assert.equal(Reflect.get({}, 'polluted'), undefined)
  })

  for (const key of KEYS) {
    const value = { polluted: key }
    const name = JSON.stringify(key)

    test(`${name}: set, found, changed and deleted`, async () => {
      const on = await holding({ [key]: value })
      assert.deepEqual(own(await on.open(), key), value)
      const changing = await on.open()
      put(changing.data, key, [value])
      await on.commit(changing)
      assert.deepEqual(own(await on.open(), key), [value])
      const deleting = await on.open()
      assert.ok(Reflect.deleteProperty(deleting.data, key))
      await on.commit(deleting)
      assert.equal(Object.hasOwn((await on.open()).data, key), false)
    })

    test(`${name}: nothing is written for it that did not change`, async () => {
      const on = await holding({ [key]: value })
      const session = await on.open()
      assert.deepEqual(own(session, key), value)
      await on.commit(session)
      assert.equal(on.gates.count('update'), 0)
    })

    test(`${name}: merged with another request’s change, in both directions`, async () => {
      const on = await visited()
      const [one, two] = [await on.open(), await on.open()]
      put(one.data, key, value)
      two.data['other'] = 2
      await on.commit(one)
      await two.save()
      assert.deepEqual(own(two, key), value)
      const three = await on.open()
      assert.deepEqual(Object.keys(three.data).toSorted(), ['other', 'user', key].toSorted())
      assert.deepEqual(own(three, key), value)
    })

    test(`${name}: a clash is settled by the policy, and told`, async () => {
      const on = await holding({ [key]: 0 }, { onConflict: ({ key: of, ours, theirs }) => [of, ours, theirs] })
      const [one, two] = [await on.open(), await on.open()]
      put(one.data, key, 1)
      put(two.data, key, 2)
      await on.commit(one)
      await two.save()
      for (const session of [two, await on.open()]) assert.deepEqual(own(session, key), [key, 2, 1])
      assert.deepEqual(on.events.at(-1), { name: 'conflict', event: { id: two.id, key, winner: 'merged' } })
    })

    test(`${name}: a deletion wins`, async () => {
      const on = await holding({ [key]: 0 })
      const [one, two] = [await on.open(), await on.open()]
      Reflect.deleteProperty(one.data, key)
      put(two.data, key, 2)
      await on.commit(one)
      await two.save()
      for (const session of [two, await on.open()]) assert.equal(Object.hasOwn(session.data, key), false)
    })

    test(`${name}: through update(), on a new and on a stored session`, async () => {
      const on = scene()
      const session = await on.open()
      await session.update((data) => put(data, key, value))
      await on.commit(session)
      assert.deepEqual(own(session, key), value)
      const next = await on.open()
      await next.update((data) => {
        assert.ok(Object.hasOwn(data, key))
        put(data, key, [value])
      })
      assert.deepEqual(own(next, key), [value])
      assert.deepEqual(own(await on.open(), key), [value])
    })

    test(`${name}: kept by regenerate, by name, with everything, or not at all`, async () => {
      const ways: readonly (boolean | readonly string[])[] = [true, [key], ['user'], false]
      for (const keep of ways) {
        const on = await holding({ [key]: value, user: 'ada' })
        const session = await on.open()
        await session.regenerate({ keep })
        await on.commit(session)
        const kept = keep === true || (keep !== false && keep.includes(key))
        for (const each of [session, await on.open()]) {
          assert.equal(Object.hasOwn(each.data, key), kept)
          if (kept) assert.deepEqual(own(each, key), value)
        }
      }
    })

    test(`${name}: reloaded, and named when it is late`, async () => {
      const on = await holding({ [key]: value })
      const session = await on.open()
      put(session.data, key, 'unsaved')
      assert.equal(await session.reload(), true)
      assert.deepEqual(own(session, key), value)
      await on.commit(session)
      put(session.data, key, 'late')
      on.sessions.finished(session)
      assert.deepEqual(on.events.at(-1), { name: 'late', event: { id: session.id, keys: [key] } })
    })

    test(`${name}: nested, as JSON from a visitor brings it`, async () => {
      const parsed: unknown = JSON.parse(`{"list":[{${JSON.stringify(key)}:{"polluted":1}}]}`)
      const on = await holding({ body: parsed })
      assert.deepEqual((await on.open()).data['body'], parsed)
    })
  }

  test('a payload with them as keys, written by hand, pollutes nothing', async () => {
    const on = await visited()
    const { id } = await on.open()
    const now = on.clock.now()
    const record = await on.gates.store.read(id, now)
    assert.ok(record)
    const keys = ['__proto__', 'constructor']
    const head = JSON.stringify({ v: 1, kind: 'live', createdAt: now, permanent: true, keys })
    const payload = `${head}\n{"polluted":1}\n{"prototype":{"polluted":1}}\n`
    await on.gates.store.update(id, record.version, { payload, expiresAt: record.expiresAt }, now)
    const { data } = await on.open()
    assert.deepEqual(Object.keys(data), keys)
    assert.equal(Object.getPrototypeOf(data), Object.prototype)
    assert.equal(data['polluted'], undefined)
  })
})

/** A visitor whose session has these own keys. */
async function holding(data: Data, options: Parameters<typeof scene>[0] = {}): Promise<Scene> {
  const on = scene(options)
  const session = await on.open()
  for (const [key, value] of Object.entries(data)) put(session.data, key, value)
  await on.commit(session)
  return on
}

/** Defined, never assigned: that is how a key called `__proto__` gets into an object, as JSON.parse does it. */
function put(data: Data, key: string, value: unknown): void {
  Object.defineProperty(data, key, { value, writable: true, enumerable: true, configurable: true })
}

function own({ data }: Session<Data>, key: string): unknown {
  assert.ok(Object.hasOwn(data, key), `${JSON.stringify(key)} is missing`)
  assert.equal(Object.getPrototypeOf(data), Object.prototype)
  return Object.getOwnPropertyDescriptor(data, key)?.value
}
