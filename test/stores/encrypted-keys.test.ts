/** The life of keys: which one encrypts, what a change of keys costs and reaches, and owners. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Store } from '../../src/store.ts'
import { encryptedStore } from '../../src/stores/encrypted.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { refusal } from '../core/refusal.ts'
import { testKey } from '../core/sealed-site.ts'
import type { Scene } from '../core/site.ts'
import { arrive, moved, refusedAs, vault } from './encrypted-site.ts'
import type { Vault } from './encrypted-site.ts'

const [OLD, NEW] = [testKey(1), testKey(2)]
const CHANGING = { keys: [NEW, OLD] }
const [OWNER_OLD, OWNER_NEW] = [testKey(3), testKey(4)]

/** Ada's session, encrypted with the old key, and her browser at a server that has both. */
async function atTheChange(): Promise<{ on: Vault; ada: Scene }> {
  const on = vault()
  const ada = moved(on.visitor(CHANGING), await arrive(on.visitor({ keys: [OLD] })))
  return { on, ada }
}

/** Store calls since the last time this was asked. */
function callsOf({ gates }: Vault): () => string {
  let from = gates.calls.length
  return () => {
    const calls = gates.calls.slice(from).map(({ operation }) => operation)
    from = gates.calls.length
    return calls.join()
  }
}

async function visit(on: Scene): Promise<void> {
  await on.commit(await on.open())
}

suite('the first key encrypts, all decrypt', () => {
  test('in this order and no other (CVE-2025-47278)', async () => {
    const on = vault()
    const ada = await arrive(on.visitor(CHANGING))
    assert.deepEqual(await moved(on.visitor({ keys: [NEW] }), ada).found(), { user: 'ada' })
    assert.deepEqual(await moved(on.visitor({ keys: [OLD, NEW] }), ada).found(), { user: 'ada' })
    assert.deepEqual(await moved(on.visitor({ keys: [OLD] }), ada).found(), {})
  })

  test('the same data is never encrypted to the same text', async () => {
    const on = vault()
    for (let n = 0; n < 50; n += 1) await arrive(on.visitor())
    const payloads = (await on.stolen()).map(({ payload }) => payload)
    const nonces = payloads.map((payload) => payload.split('.')[2]?.slice(0, 16))
    assert.equal(new Set(payloads).size, 50)
    assert.equal(new Set(nonces).size, 50)
  })
})

suite('a record of an older key is written anew as it is used', () => {
  test('by one update, at the first visit that commits; then nothing changed costs no write', async () => {
    const { on, ada } = await atTheChange()
    const calls = callsOf(on)
    assert.deepEqual(await ada.found(), { user: 'ada' })
    assert.equal(calls(), 'read')
    await visit(ada)
    assert.equal(calls(), 'read,update')
    await visit(ada)
    assert.equal(calls(), 'read')
    assert.deepEqual(await moved(on.visitor({ keys: [NEW] }), ada).found(), { user: 'ada' })
  })

  test('by the write that was due anyway, where there is one', async () => {
    for (const act of ['change', 'push', 'update()', 'regenerate'] as const) {
      const { on, ada } = await atTheChange()
      if (act === 'push') on.clock.advance(2 * 86_400_000)
      const calls = callsOf(on)
      const session = await ada.open()
      if (act === 'change') session.data['a'] = 1
      if (act === 'update()') await session.update((data) => Object.assign(data, { a: 1 }))
      if (act === 'regenerate') await session.regenerate({ keep: true })
      const reply = await ada.commit(session)
      assert.equal(calls(), act === 'regenerate' ? 'read,create,update' : 'read,update', act)
      assert.equal(reply.setCookie.length, act === 'push' || act === 'regenerate' ? 1 : 0, act)
      assert.equal((await moved(on.visitor({ keys: [NEW] }), ada).found())['user'], 'ada', act)
    }
  })

  test('without a visit being counted where it is none, and on a failed response', async () => {
    for (const how of ['polling', 'failed'] as const) {
      const { on, ada } = await atTheChange()
      on.clock.advance(2 * 86_400_000)
      const session = await ada.open({ activity: how !== 'polling' })
      const { expiresAt } = session
      session.data['half'] = how === 'failed' ? true : undefined
      await ada.commit(session, how === 'failed')
      const [record] = await on.stolen()
      if (how === 'polling') assert.equal(record?.expiresAt, expiresAt)
      assert.deepEqual(await moved(on.visitor({ keys: [NEW] }), ada).found(), { user: 'ada' })
    }
  })

  test('once for two requests at a time, and neither loses what the other saved', async () => {
    const { on, ada } = await atTheChange()
    const [one, two, three] = [await ada.open(), await ada.open(), await ada.open()]
    two.data['two'] = 2
    const calls = callsOf(on)
    await ada.commit(one)
    assert.equal(calls(), 'update')
    await ada.commit(two)
    assert.equal(calls(), 'update,read,update')
    await ada.commit(three)
    assert.equal(calls(), 'update,read')
    assert.deepEqual(await ada.found(), { user: 'ada', two: 2 })
  })

  test('never when it ended meanwhile', async () => {
    const { on, ada } = await atTheChange()
    const slow = await ada.open()
    const { id } = slow
    assert.equal(await ada.sessions.revoke(id), true)
    assert.deepEqual((await ada.commit(slow)).setCookie, [])
    assert.deepEqual(await on.stolen(), [])
  })
})

suite('reseal()', () => {
  const SERVER = { keys: [NEW, OLD] }

  async function several(on: Vault, count: number): Promise<Scene[]> {
    return Promise.all(Array.from({ length: count }, (_, n) => arrive(on.visitor({ keys: [OLD] }), { n })))
  }

  const counts = { seen: 0, resealed: 0, current: 0, ended: 0, unreadable: 0, busy: 0 }

  test('encrypts the rest, tells how far it is, and leaves deadlines and data alone', async () => {
    const on = vault()
    const visitors = await several(on, 5)
    await arrive(on.visitor(SERVER))
    await arrive(on.visitor({ keys: [testKey(9)] }))
    const before = await on.stolen()
    const seen: number[] = []
    const store = on.store(SERVER)
    const done = await store.reseal({ onProgress: (progress) => seen.push(progress.seen) })
    assert.deepEqual(done, { ...counts, seen: 7, resealed: 5, current: 1, unreadable: 1 })
    assert.deepEqual(seen, [1, 2, 3, 4, 5, 6, 7])
    for (const { id, expiresAt } of before)
      assert.equal((await on.inner.read(id, on.clock.now()))?.expiresAt, expiresAt)
    for (const [n, visitor] of visitors.entries())
      assert.deepEqual(await moved(on.visitor({ keys: [NEW] }), visitor).found(), { n })
    assert.deepEqual(await store.reseal(), { ...counts, seen: 7, current: 6, unreadable: 1 })
  })

  test('goes on with the rest after it was broken off', async () => {
    const on = vault()
    await several(on, 6)
    const stop = new AbortController()
    const onProgress = ({ seen }: { readonly seen: number }): void => {
      if (seen === 2) stop.abort(new Error('enough for today'))
    }
    await assert.rejects(on.store(SERVER).reseal({ signal: stop.signal, onProgress }), /enough for today/)
    assert.deepEqual(await on.store(SERVER).reseal(), { ...counts, seen: 6, resealed: 4, current: 2 })
  })

  test('brings nothing back that was ended or expired at the last moment', async () => {
    for (const how of ['deleted', 'expired'] as const) {
      const on = vault()
      const [ada] = await several(on, 1)
      const id = (await ada?.open())?.id ?? ''
      on.gates.hold('update')
      const resealing = on.store(SERVER).reseal()
      const stop = await on.gates.reached('update')
      if (how === 'deleted') await on.inner.delete(id)
      else on.clock.advance(366 * 86_400_000)
      stop.release()
      const done = await resealing
      // The clock was asked before it was moved; the inner store decides by what it was told.
      if (how === 'deleted') assert.deepEqual(done, { ...counts, seen: 1, ended: 1 })
      assert.equal(await on.inner.read(id, on.clock.now()), null)
    }
  })

  test('does not see the dead as due', async () => {
    const on = vault()
    await several(on, 2)
    on.clock.advance(366 * 86_400_000)
    assert.deepEqual(await on.store(SERVER).reseal(), { ...counts, seen: 2, ended: 2 })
  })

  test('undoes nothing that was saved at the last moment, and keeps a deadline pushed meanwhile', async () => {
    const on = vault()
    const [ada] = await several(on, 1)
    assert.ok(ada)
    on.gates.hold('read', { side: 'before' })
    const resealing = on.store(SERVER).reseal()
    const page = await on.gates.reached('read')
    const { id, expiresAt } = (await on.stolen())[0] ?? assert.fail()
    await on.inner.touch(id, expiresAt + 5000, on.clock.now())
    on.gates.hold('update')
    page.release()
    const write = await on.gates.reached('update')
    // A server that has not got the new key yet.
    const other = encryptedStore(on.inner, { keys: [OLD], clock: on.clock })
    const record = (await other.read(id, on.clock.now())) ?? assert.fail()
    await other.update(
      id,
      record.version,
      { ...record, payload: record.payload.replace('\n0\n', '\n7\n') },
      on.clock.now(),
    )
    write.release()
    assert.deepEqual(await resealing, { ...counts, seen: 1, resealed: 1 })
    assert.deepEqual(await moved(on.visitor({ keys: [NEW] }), ada).found(), { n: 7 })
    assert.equal((await on.stolen())[0]?.expiresAt, expiresAt + 5000)
  })

  test('leaves a record alone that others keep writing to, and says so', async () => {
    const on = vault()
    await several(on, 1)
    const inner: Store = { ...on.inner, update: async () => 'conflict' }
    assert.deepEqual(await encryptedStore(inner, { ...SERVER, clock: on.clock }).reseal(), {
      ...counts,
      seen: 1,
      busy: 1,
    })
  })

  test('has nothing to do where another server was faster', async () => {
    const on = vault()
    await several(on, 1)
    on.gates.hold('read')
    const resealing = on.store(SERVER).reseal()
    const stop = await on.gates.reached('read')
    await encryptedStore(on.inner, { ...SERVER, clock: on.clock }).reseal()
    stop.release()
    assert.deepEqual(await resealing, { ...counts, seen: 1, current: 1 })
  })

  test('cannot on a store that cannot list', async () => {
    const { list, ...inner } = memoryStore()
    assert.equal(typeof list, 'function')
    const store = encryptedStore(inner, SERVER)
    assert.ok(!('list' in store))
    await assert.rejects(store.reseal(), refusal('cannot', 'as they are used'))
  })
})

suite('a server that lacks a key others have', () => {
  for (const ownerKeys of [undefined, [OWNER_OLD]])
    test(`ends what it cannot open with all sessions of its owner${ownerKeys ? ', hashed' : ''}, and nobody else's`, async () => {
      const on = vault()
      const options = ownerKeys ? { ownerKeys } : {}
      const thief = await arrive(on.visitor({ ...options, keys: [NEW, OLD] }), {}, 'ada')
      const bob = await arrive(on.visitor({ ...options, keys: [NEW, OLD] }), {}, 'bob')
      const ada = await arrive(on.visitor({ ...options, keys: [OLD] }), { user: 'ada' }, 'ada')
      const { id } = await ada.open()
      assert.equal(await ada.sessions.revokeAll({ owner: 'ada', except: id }), 1)
      assert.deepEqual([(await thief.open()).isNew, (await bob.open()).isNew], [true, false])
      assert.deepEqual(await ada.found(), { user: 'ada' })
    })
})

suite('hashed owners', () => {
  const HASHED = { ownerKeys: [OWNER_OLD] }
  const owned = async (on: Scene, owner: string): Promise<number> =>
    (await Array.fromAsync(on.sessions.list({ owner }))).length

  test('the application sees the owner, lists and revokes by it; the store never sees it', async () => {
    const on = vault()
    const ada = await arrive(on.visitor(HASHED), {}, 'ada@example.org')
    const bob = await arrive(on.visitor(HASHED), {}, 'bob@example.org')
    assert.equal((await ada.open()).owner, 'ada@example.org')
    assert.deepEqual(
      new Set((await Array.fromAsync(ada.sessions.list())).map(({ owner }) => owner)),
      new Set(['ada@example.org', 'bob@example.org']),
    )
    assert.deepEqual([await owned(ada, 'ada@example.org'), await owned(ada, 'ada')], [1, 0])
    assert.equal(await ada.sessions.revokeAll({ owner: 'ada@example.org' }), 1)
    assert.deepEqual([await ada.found(), (await bob.open()).owner], [{}, 'bob@example.org'])
    const given = JSON.stringify(on.gates.calls)
    assert.ok(!given.includes('@example'), given)
  })

  test('two stores of different purposes have nothing in common to compare', async () => {
    const on = vault()
    await arrive(on.visitor(HASHED), {}, 'ada')
    await arrive(on.visitor({ ...HASHED, purpose: 'shop' }), {}, 'ada')
    assert.equal(new Set((await on.stolen()).map(({ owner }) => owner)).size, 2)
  })

  test('a change of the payload keys loses no owner', async () => {
    const on = vault()
    const ada = await arrive(on.visitor({ ...HASHED, keys: [OLD] }), {}, 'ada')
    const later = moved(on.visitor({ ...HASHED, ...CHANGING }), ada)
    assert.equal(await owned(later, 'ada'), 1)
    await visit(later)
    assert.equal(await owned(later, 'ada'), 1)
  })

  test('a change of the owner keys finds both kinds, each session once, and ends with reseal()', async () => {
    const on = vault()
    const both = { ownerKeys: [OWNER_NEW, OWNER_OLD] }
    await arrive(on.visitor(HASHED), {}, 'ada')
    const ada = await arrive(on.visitor(both), {}, 'ada')
    assert.equal(await owned(ada, 'ada'), 2)
    const only = on.visitor({ ownerKeys: [OWNER_NEW] })
    assert.equal(await owned(only, 'ada'), 1)
    const { resealed, current } = await on.store(both).reseal()
    assert.deepEqual([resealed, current], [1, 1])
    assert.equal(await owned(only, 'ada'), 2)
    assert.equal(await owned(ada, 'ada'), 2)
  })

  test('a session that moves to the current hash while it is listed is listed', async () => {
    const on = vault()
    await arrive(on.visitor(HASHED), {}, 'ada')
    const both = { ownerKeys: [OWNER_NEW, OWNER_OLD] }
    on.gates.hold('list', { side: 'after' })
    const listing = Array.fromAsync(on.visitor(both).sessions.list({ owner: 'ada' }))
    const stop = await on.gates.reached('list', 'after')
    await encryptedStore(on.inner, { keys: [OLD], ...both, clock: on.clock }).reseal()
    stop.release()
    assert.equal((await listing).length, 1)
  })

  test('switching hashing on and off is a reseal() each', async () => {
    const on = vault()
    const ada = await arrive(on.visitor(), {}, 'ada')
    const hashed = moved(on.visitor(HASHED), ada)
    assert.equal((await hashed.open()).owner, 'ada')
    assert.equal((await on.store(HASHED).reseal()).resealed, 1)
    assert.equal(await owned(hashed, 'ada'), 1)
    assert.equal((await on.store().reseal()).resealed, 1)
    assert.deepEqual(
      (await on.stolen()).map(({ owner }) => owner),
      ['ada'],
    )
    assert.equal(await owned(ada, 'ada'), 1)
  })
})

suite('moving a store in clear', () => {
  test('its records are accepted until the date, and encrypted as they are used or by reseal()', async () => {
    const on = vault()
    const ada = await arrive(on.clear(), { user: 'ada' }, 'ada')
    const bob = await arrive(on.clear(), { user: 'bob' }, 'bob')
    await arrive(on.clear(), { user: 'eve' })
    const until = on.clock.now() + 86_400_000
    const moving = { acceptClearUntil: new Date(until).toISOString(), ownerKeys: [OWNER_NEW] }

    const she = moved(on.visitor(moving), ada)
    const calls = callsOf(on)
    assert.equal((await Array.fromAsync(she.sessions.list({ owner: 'ada' }))).length, 1)
    assert.equal((await Array.fromAsync(she.sessions.list())).length, 3)
    calls()
    await visit(she)
    assert.equal(calls(), 'read,update')
    assert.equal((await Array.fromAsync(she.sessions.list({ owner: 'ada' }))).length, 1)
    assert.equal((await on.store(moving).reseal()).resealed, 2)
    assert.ok(!JSON.stringify(await on.stolen()).includes('bob'))

    const late = await arrive(on.clear(), { user: 'late' })
    on.clock.advance(86_400_000 - 1)
    assert.deepEqual(await moved(on.visitor(moving), late).found(), { user: 'late' })
    on.clock.advance(1)
    const refused = moved(on.visitor(moving), late)
    assert.deepEqual([await refused.found(), refusedAs(refused)], [{}, ['unreadable', 'not_encrypted']])
    assert.equal((await on.store(moving).reseal()).unreadable, 1)
    for (const options of [moving, { ownerKeys: [OWNER_NEW] }])
      assert.deepEqual(await moved(on.visitor(options), bob).found(), { user: 'bob' })
  })
})
