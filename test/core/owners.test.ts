/** Ending the sessions of an owner, where a store shows its records in ways that the kit cannot arrange. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { ListedRecord, Store } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { scene } from './site.ts'
import type { Scene } from './site.ts'

suite('revokeAll()', () => {
  test('finds a session that moved after its owner’s IDs were listed and before its record was read', async () => {
    // As a store does that keeps an index of owners beside the records, such as Redis'.
    const inner = memoryStore()
    let betweenIndexAndRecords = async (): Promise<void> => {}
    const store: Store = {
      ...inner,
      async *list(filter) {
        const ids = new Set((await all(inner.list(filter))).map(({ id }) => id))
        await betweenIndexAndRecords()
        for await (const record of inner.list(filter)) if (ids.has(record.id)) yield record
      },
    }
    const on = await signedIn(scene({ store }))
    betweenIndexAndRecords = async () => {
      const session = await on.open()
      await session.regenerate({ keep: true })
      await on.commit(session)
    }
    assert.equal(await on.sessions.revokeAll({ owner: 'ada' }), 1)
    assert.deepEqual(await on.found(), {})
  })

  test('leaves a session alone that went on as somebody else’s', async () => {
    const on = await signedIn(scene())
    const session = await on.open()
    await session.regenerate()
    session.owner = 'bob'
    await on.commit(session)
    assert.equal(await on.sessions.revokeAll({ owner: 'ada' }), 0)
    assert.equal((await on.open()).owner, 'bob')
  })

  test('excepts a session whose regenerate() waits for its commit, if given the session', async () => {
    const on = await signedIn(scene())
    const session = await on.open()
    await session.regenerate({ keep: true })
    assert.equal(await on.sessions.revokeAll({ owner: 'ada', except: session }), 0)
    assert.equal((await on.commit(session)).setCookie.length, 1)
    assert.deepEqual(await on.found(), { user: 'ada' })
  })

  test('leaves a damaged successor of what it lists alone', async () => {
    const on = await signedIn(scene())
    const session = await on.open()
    await session.regenerate({ keep: true })
    await on.commit(session)
    const { store } = on.gates
    const record = await store.read(session.id, on.clock.now())
    assert.ok(record)
    const foreign = { payload: 'not ours', expiresAt: record.expiresAt, owner: 'ada' }
    await store.update(session.id, record.version, foreign, on.clock.now())
    assert.equal(await on.sessions.revokeAll({ owner: 'ada' }), 0)
    assert.ok(await store.read(session.id, on.clock.now()))
    // Asked for by its ID, it is ended.
    assert.equal(await on.sessions.revoke(session.id), true)
    assert.equal(await store.read(session.id, on.clock.now()), null)
  })
})

test('revoke() gives up on records that lead in a circle', async () => {
  const on = scene()
  const [a, b] = ['a'.repeat(64), 'b'.repeat(64)]
  for (const [id, to] of [
    [a, b],
    [b, a],
  ] as const) {
    const payload = `{"v":1,"kind":"superseded","createdAt":0,"permanent":true,"meta":{"to":"${to}"},"keys":[]}\n`
    await on.gates.store.create(id, { payload, expiresAt: on.clock.now() + 60_000 }, on.clock.now())
  }
  // An absolute lifetime counts from 0 here, so the circle is dead by it unless there is none.
  const endless = scene({ store: on.gates.store, clock: on.clock, absoluteLifetime: false })
  await assert.rejects(endless.sessions.revoke(a), { code: 'too_busy' })
})

async function signedIn(on: Scene): Promise<Scene> {
  const session = await on.open()
  session.data['user'] = 'ada'
  session.owner = 'ada'
  await on.commit(session)
  return on
}

async function all(records: AsyncIterable<ListedRecord>): Promise<ListedRecord[]> {
  const found: ListedRecord[] = []
  for await (const record of records) found.push(record)
  return found
}
