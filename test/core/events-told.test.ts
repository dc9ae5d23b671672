/** What events say of a session, and what they keep to themselves. */
import assert from 'node:assert/strict'
import { createHmac, randomBytes } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import { inspect } from 'node:util'
import { createEvents } from '../../src/events/event-emitter.ts'
import { createSessions, logout } from '../../src/index.ts'
import type { Listener, SessionEvent, SessionEvents } from '../../src/index.ts'
import { logRefs } from '../../src/events/log-ref.ts'
import { encryptedStore } from '../../src/stores/encrypted.ts'
import { fileStore } from '../../src/stores/file.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { testClock } from '../../src/testing/index.ts'
import { eventNames } from './event-names.ts'
import { scene, visited } from './site.ts'
import type { Scene } from './site.ts'
import { turns, warnings } from './unhandled.ts'

const KEY = 'sixteen letters!'

suite('the ref of a session', () => {
  test('is its ID under HMAC-SHA-256 with logKey, the same in every event and process', async () => {
    const on = scene({ logKey: KEY })
    const told: SessionEvent[] = []
    for (const name of ['created', 'loaded', 'destroyed'] as const) on.sessions.on(name, (event) => told.push(event))
    await arrive(on)
    const session = await on.open()
    await session.destroy()
    const ref = createHmac('sha256', KEY).update(session.id).digest('hex').slice(0, 32)
    assert.deepEqual(
      told.map((event) => event.ref),
      [ref, ref, ref],
    )
    assert.equal(await on.sessions.refOf(session.id), ref)
    assert.equal(await createSessions({ store: memoryStore(), logKey: Buffer.from(KEY) }).refOf(session.id), ref)
  })

  test('without logKey has a key of this process, which all instances share and nobody can compute', async () => {
    const [one, other] = [createSessions({ store: memoryStore() }), createSessions({ store: memoryStore() })]
    const id = 'a'.repeat(64)
    const ref = await one.refOf(id)
    assert.match(ref, /^[\da-f]{32}$/)
    assert.equal(await other.refOf(id), ref)
    for (const guess of ['', '\0'.repeat(32)])
      assert.notEqual(createHmac('sha256', guess).update(id).digest('hex').slice(0, 32), ref)
    assert.notEqual(await one.refOf('b'.repeat(64)), ref)
  })

  test('is no ID: revoke() refuses it', async () => {
    const on = await visited()
    const ref = await on.sessions.refOf((await on.open()).id)
    await assert.rejects(on.sessions.revoke(ref))
  })

  test('no logger, JSON, spread or console shows the ID; whoever asks by name gets it', async () => {
    const on = scene({ requestInfo: () => ({ path: '/' }) })
    const seen: string[] = []
    const told: SessionEvent[] = []
    for (const name of eventNames)
      on.sessions.on(name, (event) => {
        seen.push(JSON.stringify(event), inspect(event, { depth: 9 }), JSON.stringify({ ...event }))
        if ('id' in event) told.push(event as SessionEvent)
      })
    await arrive(on)
    const cookie = on.cookie
    const first = (await on.open()).id
    const moving = await on.open()
    await moving.regenerate({ keep: true })
    await on.commit(moving)
    const moved = (await on.open()).id
    await on.sessions.revoke(moved)
    await on.open()
    assert.ok(told.some(({ id }) => id === first) && told.some(({ id }) => id === moved))
    assert.ok(seen.length > 12)
    for (const text of seen)
      for (const secret of [first, moved, cookie?.split('=')[1] ?? '', on.cookie?.split('=')[1] ?? ''])
        assert.ok(secret.length > 40 && !text.includes(secret), text)
  })

  test('of a move there are two: fromRef is that of the old ID', async () => {
    const on = await visited()
    const told: SessionEvents['regenerated'][] = []
    on.sessions.on('regenerated', (event) => told.push(event))
    const session = await on.open()
    const old = session.id
    await session.regenerate()
    await on.commit(session)
    assert.deepEqual(
      { ...told[0], from: told[0]?.from, id: told[0]?.id },
      {
        at: on.clock.now(),
        ref: await on.sessions.refOf(session.id),
        fromRef: await on.sessions.refOf(old),
        id: session.id,
        from: old,
      },
    )
  })
})

suite('what else an event says', () => {
  test('when, by the application’s clock; whose; and what the application wants to know of the request', async () => {
    const requests: object[] = []
    const on = scene({
      requestInfo: (request: { path: string }) => {
        requests.push(request)
        return { path: request.path }
      },
    })
    const told: [string, object][] = []
    for (const name of eventNames) on.sessions.on(name, (event) => told.push([name, event]))
    const session = await on.sessions.open({ cookie: undefined, secure: false, request: { path: '/login' } })
    session.owner = 'ada'
    on.clock.advance(5)
    await on.commit(session)
    const at = on.clock.now()
    on.clock.advance(5)
    const request = { path: '/account' }
    await on.sessions.open({ cookie: on.cookie, secure: false, request })
    await on.sessions.open({ cookie: 'id=short', secure: false, request })
    await on.sessions.open({ cookie: on.cookie, secure: false })
    const ref = await on.sessions.refOf(session.id)
    assert.deepEqual(
      told.map(([name, event]) => [name, { ...event }]),
      [
        ['created', { at, info: { path: '/login' }, ref, owner: 'ada' }],
        ['loaded', { at: at + 5, info: { path: '/account' }, ref, owner: 'ada' }],
        ['rejected', { at: at + 5, info: { path: '/account' }, reason: 'malformed' }],
        ['loaded', { at: at + 5, ref, owner: 'ada' }],
      ],
    )
    assert.equal(requests[1], request)
  })

  test('nothing is asked, hashed or read again while nobody listens', async () => {
    let asked = 0
    const { emit } = createEvents({
      requestInfo: () => (asked += 1),
      refOf: () => {
        asked += 1
        return ''
      },
    })
    for (const name of eventNames) assert.equal(emit.heard(name), false)
    emit('created', { id: 'x' }, { request: {} })
    assert.equal(asked, 0)
    const on = await visited()
    const { cookie } = on
    await on.sessions.revoke((await on.open()).id)
    const calls = on.gates.count()
    await on.sessions.open({ cookie, secure: false })
    assert.equal(on.gates.count(), calls + 1)
  })

  test('a requestInfo that throws costs the information, not the request; a warning says so', async (t) => {
    const warned = warnings(t)
    const on = scene({
      requestInfo: () => {
        throw new Error('no such field')
      },
    })
    const told: object[] = []
    on.sessions.on('rejected', (event) => told.push(event))
    await on.sessions.open({ cookie: 'id=short', secure: false, request: {} })
    assert.deepEqual(told, [{ at: on.clock.now(), reason: 'malformed' }])
    assert.match((await warned())[0]?.message ?? '', /"rejected".*no such field/)
  })

  test('where hashing has to wait, listeners are told a moment later, in the order of events', async () => {
    const gate = Promise.withResolvers<void>()
    const { emit, on } = createEvents({
      clock: testClock(),
      refOf: async (id) => {
        if (id === 'slow') await gate.promise
        return `ref of ${id}`
      },
    })
    const told: string[] = []
    on('created', ({ ref }) => told.push(ref))
    on('swept', ({ removed }) => told.push(String(removed)))
    on('regenerated', ({ ref, fromRef }) => told.push(`${ref}, once ${fromRef}`))
    emit('created', { id: 'slow' })
    emit('swept', { removed: 3 })
    emit('regenerated', { id: 'new', from: 'old' })
    await turns()
    assert.deepEqual(told, [])
    gate.resolve()
    await turns()
    assert.deepEqual(told, ['ref of slow', '3', 'ref of new, once ref of old'])
    emit('swept', { removed: 4 })
    assert.equal(told.at(-1), '4')
  })

  test('WebCrypto makes the same ref as node:crypto', async () => {
    const { hmacLater } = await import('../../src/runtime/platform.ts')
    const id = 'a'.repeat(64)
    assert.equal((await hmacLater(new TextEncoder().encode(KEY), id)).slice(0, 32), await logRefs(KEY)(id))
  })
})

suite('expired is told apart from unknown', () => {
  test('as long as the store has the record; it costs one more read, and only who listens pays', async () => {
    const on = await visited({ user: 'ada' }, { store: undated() })
    const { id } = await on.open()
    on.clock.advance(10 * 86_400_000)
    const told = tell(on, ['expired', 'rejected'])
    assert.equal((await on.open()).isNew, true)
    assert.deepEqual(told, [`expired ${id}`])
  })

  test('a record that is gone is unknown, and so is one that cannot be looked at again', async () => {
    const on = await visited()
    const { id } = await on.open()
    const told = tell(on, ['expired', 'rejected'])
    await on.gates.store.delete(id)
    await on.open()
    on.gates.fail('read', new Error('down'), { only: ({ args }) => args[1] === 0 })
    await on.open()
    assert.deepEqual(told, [`rejected ${id}`, `rejected ${id}`])
  })

  /** Keeps the dead until they are swept, as most stores do. */
  function undated(): ReturnType<typeof memoryStore> {
    const store = memoryStore()
    return {
      ...store,
      async read(id, now) {
        const record = await store.read(id, 0)
        return record && record.expiresAt > now ? record : null
      },
    }
  }
})

suite('destroyed', () => {
  test('says whether it was a logout', async () => {
    const on = await visited()
    const told: string[] = []
    on.sessions.on('destroyed', ({ reason, id }) => told.push(`${reason} ${id}`))
    const one = await on.open()
    const ids = [one.id]
    await logout(one)
    await on.commit(one)
    await arrive(on)
    const other = await on.open()
    ids.push(other.id)
    await other.destroy()
    assert.deepEqual(told, [`logout ${ids[0]}`, `destroyed ${ids[1]}`])
  })
})

suite('evicted', () => {
  test('memory: a live session that made room, not one that was dead', async () => {
    const store = memoryStore({ maxSessions: 1 })
    const encrypted = encryptedStore(store, { keys: [randomBytes(32)] })
    // A wrapper passes it on.
    const on = scene({ store: encrypted })
    const told: SessionEvent[] = []
    on.sessions.on('evicted', (event) => told.push(event))
    await arrive(on)
    const { id } = await on.open()
    on.cookie = undefined
    await arrive(on)
    const ref = await on.sessions.refOf(id)
    assert.deepEqual(
      told.map((event) => [event.id, { ...event }]),
      [[id, { at: on.clock.now(), ref }]],
    )
    on.clock.advance(11 * 86_400_000)
    on.cookie = undefined
    await arrive(on)
    assert.equal(told.length, 1)
  })

  test('file: what a sweep removed beyond maxSessions, by two instances on one store', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'coatcheck-'))
    const store = fileStore(join(folder, 'sessions'), { maxSessions: 1 })
    t.after(async () => {
      await store.close?.()
      rmSync(folder, { recursive: true })
    })
    const on = scene({ store })
    const other = scene({ store })
    const told: string[] = []
    for (const { sessions } of [on, other]) sessions.on('evicted', ({ id }) => told.push(id))
    await arrive(on)
    const { id } = await on.open()
    on.clock.advance(1000)
    on.cookie = undefined
    await arrive(on)
    assert.equal(await on.sessions.sweep(), 1)
    assert.deepEqual(told, [id, id])
    on.clock.advance(11 * 86_400_000)
    assert.equal(await on.sessions.sweep(), 1)
    assert.equal(told.length, 2)
  })
})

suite('diagnostics_channel', () => {
  test('has every event under coatcheck:name, and nothing is made for channels without subscribers', async (t) => {
    const heard: [string, unknown][] = []
    for (const name of ['created', 'loaded'] as const) listen(t, `coatcheck:${name}`, heard)
    const on = await visited()
    const { id } = await on.open()
    assert.deepEqual(
      heard.map(([name, message]) => [name, Object(message).id]),
      [
        ['coatcheck:created', id],
        ['coatcheck:loaded', id],
      ],
    )
    assert.equal(Object(heard[0]?.[1]).ref, await on.sessions.refOf(id))
  })

  test('listeners and subscribers get the same object', async (t) => {
    const heard: [string, unknown][] = []
    const { emit, on } = createEvents()
    listen(t, 'coatcheck:swept', heard)
    on('swept', (event) => heard.push(['listener', event]))
    emit('swept', { removed: 1 })
    assert.equal(heard.length, 2)
    assert.equal(heard[0]?.[1], heard[1]?.[1])
  })
})

suite('types', () => {
  test('a listener has the type of its event, and another name is refused', () => {
    const { sessions } = scene()
    sessions.on('conflict', ({ key, winner, ref, at }) => [key.length, winner, ref.length, at.toFixed()])
    sessions.on('rejected', ({ reason, ref }) => [reason === 'signature', ref?.length])
    const listener: Listener<'storeError'> = ({ code, retried }) => [code === 'store_timeout', !retried]
    sessions.on('storeError', listener)
    // @ts-expect-error -- there is no such event
    sessions.on('vanished', () => {})
    // @ts-expect-error -- no event has a token
    sessions.on('created', ({ token }) => token)
  })
})

async function arrive(on: Scene): Promise<void> {
  const session = await on.open()
  session.data['user'] = 'ada'
  await on.commit(session)
}

function tell(on: Scene, names: readonly ('expired' | 'rejected')[]): string[] {
  const told: string[] = []
  for (const name of names) on.sessions.on(name, ({ id }: { id?: string }) => told.push(`${name} ${id}`))
  return told
}

function listen(t: TestContext, name: string, heard: [string, unknown][]): void {
  const hear = (message: unknown): void => void heard.push([name, message])
  subscribe(name, hear)
  t.after(() => unsubscribe(name, hear))
}
