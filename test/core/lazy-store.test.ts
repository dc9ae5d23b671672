/** Deadlines are the core's: a store that expires late, or never, keeps nobody alive. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Store } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { scene } from './site.ts'
import type { Scene } from './site.ts'

const DAY = 86_400_000

/** Hands out what is long dead, as a store does whose own clock is late. */
function lazyStore(): Store {
  const memory = memoryStore()
  return { ...memory, read: (id) => memory.read(id, 0) }
}

async function arrived(absoluteLifetime: '20d' | false): Promise<Scene> {
  const on = scene({ store: lazyStore(), absoluteLifetime })
  const session = await on.open()
  session.data['user'] = 'ada'
  await on.commit(session)
  return on
}

suite('over a store that never expires anything', () => {
  test('an idle session ends at its deadline', async () => {
    const on = await arrived(false)
    on.clock.advance(10 * DAY - 1)
    const { id, data } = await on.open({ activity: false })
    assert.deepEqual(data, { user: 'ada' })
    on.clock.advance(1)
    const expired: string[] = []
    on.sessions.on('expired', (event) => expired.push(event.id))
    assert.deepEqual(await on.found(), {})
    assert.deepEqual(expired, [id])
  })

  test('a busy one ends at its absolute end', async () => {
    const on = await arrived('20d')
    for (let day = 1; day < 20; day += 1) {
      on.clock.advance(DAY)
      const session = await on.open()
      assert.deepEqual(session.data, { user: 'ada' }, `day ${day}`)
      await on.commit(session)
    }
    on.clock.advance(DAY)
    assert.deepEqual(await on.found(), {})
  })

  test('one that was made under a longer absolute lifetime ends at today’s', async () => {
    const on = await arrived(false)
    on.clock.advance(5 * DAY)
    const today = scene({ store: lazy(on), clock: on.clock, lifetime: '1d', absoluteLifetime: '5d' })
    today.cookie = on.cookie
    assert.deepEqual(await today.found(), {})
  })

  test('an expired one is not brought back by the request that began before', async () => {
    const on = await arrived(false)
    const slow = await on.open()
    on.clock.advance(10 * DAY)
    slow.data['late'] = true
    assert.deepEqual((await on.commit(slow)).setCookie, [])
    assert.ok(slow.ended)
    assert.equal(await slow.reload(), false)
    assert.deepEqual(await on.found(), {})
  })
})

/** The store of a scene is gated memory, whose records another instance shares. */
function lazy(on: Scene): Store {
  const { store } = on.gates
  return { ...store, read: (id) => store.read(id, 0) }
}
