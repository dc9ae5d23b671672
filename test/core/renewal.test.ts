/** A new ID now and then: who gives it, who else is about, and what comes of it when something fails in between. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { login } from '../../src/index.ts'
import type { Session } from '../../src/index.ts'
import { sha256 } from '../../src/runtime/platform.ts'
import type { GateSide, StoreOperation } from '../../src/testing/index.ts'
import { refusal } from './refusal.ts'
import { scene, visited } from './site.ts'
import type { Data, Scene } from './site.ts'
import { turns } from './unhandled.ts'

const MINUTE = 60_000
const DAY = 86_400_000

const RENEWING = { renewAfter: '15m' } as const

/** A visitor whose ID is due to be renewed. */
async function due(options: Parameters<typeof visited>[1] = {}): Promise<Scene> {
  const on = await visited({ user: 'ada' }, { ...RENEWING, ...options })
  on.clock.advance(15 * MINUTE)
  return on
}

/** Another process, with the cookie that the visitor has now. */
function elsewhere(on: Scene): Scene {
  const other = scene({ ...RENEWING, store: on.gates.store, clock: on.clock })
  other.cookie = on.cookie
  return other
}

const tokenOf = (cookie: string | undefined): string => cookie?.split('=')[1] ?? ''
const renewals = (...scenes: readonly Scene[]): number =>
  scenes.flatMap(({ events }) => events.filter(({ name }) => name === 'renewed')).length

/** The IDs that hold a session. */
async function living(on: Scene): Promise<string[]> {
  return (await Array.fromAsync(on.sessions.list())).map(({ id }) => id)
}

const STOPS: readonly (readonly [StoreOperation, GateSide])[] = [
  ['create', 'before'],
  ['create', 'after'],
  ['update', 'before'],
  ['update', 'after'],
]

/** What somebody else does meanwhile; true when the session is to live on. */
const RIVALS: Readonly<Record<string, (other: Scene, id: string) => Promise<boolean>>> = {
  'another renewal': async (other) => {
    const session = await other.open()
    session.data['rival'] = true
    assert.equal((await other.commit(session)).setCookie.length, 1)
    return true
  },
  'a change by what is no visit': async (other) => {
    const session = await other.open({ activity: false })
    session.data['rival'] = true
    await other.commit(session)
    return true
  },
  'update()': async (other) => {
    const session = await other.open({ activity: false })
    await session.update((data) => void (data['rival'] = true))
    await other.commit(session)
    return true
  },
  'destroy()': async (other) => {
    const session = await other.open()
    await session.destroy()
    await other.commit(session)
    return false
  },
  'revoke() of the old ID': async (other, id) => {
    assert.equal(await other.sessions.revoke(id), true)
    return false
  },
  'revokeAll()': async (other) => {
    assert.ok((await other.sessions.revokeAll({ owner: 'ada' })) > 0)
    return false
  },
}

suite('a renewal that is stopped half-way', () => {
  for (const [operation, side] of STOPS)
    for (const [name, rival] of Object.entries(RIVALS))
      test(`${side} its ${operation}, by ${name}`, async () => {
        const on = await visited({ user: 'ada' }, RENEWING)
        const owned = await on.open()
        owned.owner = 'ada'
        await on.commit(owned)
        on.clock.advance(15 * MINUTE)

        const { cookie } = on
        const session = await on.open()
        const { id } = session
        session.data['ours'] = true
        on.gates.hold(operation, { side })
        const committing = on.commit(session)
        const stop = await on.gates.reached(operation, side)
        const other = elsewhere(on)
        const livesOn = await rival(other, id)
        stop.release()
        await committing

        const lives = await living(on)
        if (!livesOn) {
          assert.deepEqual(lives, [])
          for (const dead of [cookie, on.cookie]) {
            const late = elsewhere(on)
            late.cookie = dead
            assert.deepEqual(await late.found(), {})
          }
          return
        }
        assert.equal(lives.length, 1)
        assert.equal(renewals(on, other), 1)
        assert.notEqual(on.cookie, cookie)
        if (other.cookie !== cookie) assert.equal(other.cookie, on.cookie)
        assert.equal(session.id, lives[0])
        assert.deepEqual(await on.found(), { user: 'ada', ours: true, rival: true })
        const late = elsewhere(on)
        late.cookie = cookie
        assert.deepEqual(await late.found(), { user: 'ada', ours: true, rival: true })
      })

  for (const [operation, side] of STOPS)
    test(`${side} its ${operation}, by a regenerate(), which leaves no way from the old ID`, async () => {
      const on = await due()
      const { cookie } = on
      const session = await on.open()
      on.gates.hold(operation, { side })
      const committing = on.commit(session)
      const stop = await on.gates.reached(operation, side)
      const other = elsewhere(on)
      const moving = await other.open()
      await moving.regenerate({ keep: true })
      moving.data['login'] = true
      assert.equal((await other.commit(moving)).setCookie.length, 1)
      stop.release()
      await committing
      assert.deepEqual(await living(on), [moving.id])
      assert.deepEqual(await other.found(), { user: 'ada', login: true })
      for (const dead of [cookie, on.cookie]) {
        other.cookie = dead
        assert.equal((await other.open()).ended, 'superseded')
      }
    })
})

suite('a renewal whose store fails', () => {
  test('after it has superseded the old ID: the answer is lost, and nothing else', async () => {
    for (const kind of ['hang', 'fail'] as const) {
      const on = await due()
      const { cookie } = on
      const session = await on.open()
      session.data['a'] = 1
      on.gates.hold('update', { side: 'after' })
      const committing = on.commit(session)
      const stop = await on.gates.reached('update', 'after')
      if (kind === 'hang') on.clock.advance(5_000)
      else stop.fail(new Error('connection reset'))
      assert.equal((await committing).setCookie.length, 1)
      assert.notEqual(on.cookie, cookie)
      assert.deepEqual(await on.found(), { user: 'ada', a: 1 })
      assert.equal(renewals(on), 1)
    }
  })

  test('before: an error, and everything is as it was', async () => {
    for (const operation of ['create', 'update'] as const) {
      const on = await due()
      const session = await on.open()
      on.gates.fail(operation, new Error('connection reset'))
      await assert.rejects(async () => on.commit(session), refusal('store_failed', operation))
      assert.equal((await living(on)).length, 1)
      assert.deepEqual(await on.found(), { user: 'ada' })
      // And the next visit renews.
      await on.commit(await on.open())
      assert.equal(renewals(on), 1)
    }
  })

  test('and stays frozen until all have given up: when it does after all what it was told, the visitor is still in', async () => {
    const on = await due()
    const { cookie } = on
    const session = await on.open()
    on.gates.hold('update')
    on.gates.hold('read')
    const committing = on.commit(session)
    const stop = await on.gates.reached('update')
    on.clock.advance(5_000)
    const reading = await on.gates.reached('read')
    on.clock.advance(5_000)
    await assert.rejects(committing, refusal('store_timeout', 'update'))
    assert.equal(on.cookie, cookie)
    stop.release()
    reading.release()
    await turns()
    const next = await on.open()
    assert.equal(next.data['user'], 'ada')
    assert.equal((await on.commit(next)).setCookie.length, 1)
    assert.notEqual(on.cookie, cookie)
  })
})

suite('what renews, and what does not', () => {
  /** Opens and commits in a way of its own; the visitor's ID is due. */
  const NOT: Readonly<Record<string, (on: Scene, session: Session<Data>) => Promise<unknown>>> = {
    'a response of 500': (on, session) => on.commit(session, true),
    'an upgrade': async (on, session) => on.sessions.commit(session, { cookieless: true }),
    'save() and update() while the handler runs': async (_, session) => {
      session.data['a'] = 1
      await session.save()
      await session.update((data) => void (data['b'] = 2))
    },
    'a request that ends the session': async (on, session) => {
      await session.destroy()
      await on.commit(session)
    },
  }
  for (const [name, act] of Object.entries(NOT))
    test(`not ${name}`, async () => {
      const on = await due()
      const { cookie } = on
      await act(on, await on.open())
      assert.equal(renewals(on), 0)
      assert.equal(on.gates.count('create'), 1)
      assert.ok(on.cookie === cookie || on.cookie === undefined)
    })

  test('not what is no visit, nor one before its time', async () => {
    const on = await due()
    await on.commit(await on.open({ activity: false }))
    assert.equal(renewals(on), 0)
    const early = await visited({ user: 'ada' }, RENEWING)
    early.clock.advance(15 * MINUTE - 1)
    await early.commit(await early.open())
    assert.equal(renewals(early), 0)
    early.clock.advance(1)
    await early.commit(await early.open())
    assert.equal(renewals(early), 1)
  })

  test('not over plain http where the cookie is Secure: the answer could not bring it home', async () => {
    const on = scene({ ...RENEWING, cookie: { secure: true } })
    const session = await on.open({ secure: true })
    session.data['user'] = 'ada'
    await on.commit(session)
    on.clock.advance(15 * MINUTE)
    assert.deepEqual((await on.commit(await on.open({ secure: false }))).setCookie, [])
    assert.equal(renewals(on), 0)
    assert.equal((await on.commit(await on.open({ secure: true }))).setCookie.length, 1)
  })

  test('not after the head; and a save after it goes on under an ID that was renewed meanwhile', async () => {
    const on = await visited({ user: 'ada' }, RENEWING)
    const streaming = await on.open()
    await on.commit(streaming)
    on.clock.advance(15 * MINUTE)
    streaming.data['a'] = 1
    await streaming.save()
    assert.equal(renewals(on), 0)
    await on.commit(await on.open())
    assert.equal(renewals(on), 1)
    streaming.data['b'] = 2
    await streaming.save()
    assert.equal(streaming.ended, undefined)
    assert.deepEqual(await on.found(), { user: 'ada', a: 1, b: 2 })
  })

  test('regenerate() takes its place, and the new ID is young', async () => {
    const on = await due()
    const { cookie } = on
    const session = await on.open()
    await session.regenerate({ keep: true })
    await on.commit(session)
    const behind = elsewhere(on)
    behind.cookie = cookie
    assert.equal((await behind.open()).ended, 'superseded')
    on.clock.advance(15 * MINUTE - 1)
    await on.commit(await on.open())
    assert.equal(renewals(on), 0)
    on.clock.advance(1)
    await on.commit(await on.open())
    assert.equal(renewals(on), 1)
  })

  test('without the option nothing is asked or written that was not before', async () => {
    const on = await visited()
    const { cookie } = on
    on.clock.advance(DAY - 1)
    await on.commit(await on.open())
    assert.deepEqual(
      on.gates.calls.map(({ operation }) => operation),
      ['create', 'read'],
    )
    assert.equal(on.cookie, cookie)
  })

  test('of many at once in one process the first writes, and the others look', async () => {
    const on = await due()
    const sessions = await Promise.all(Array.from({ length: 10 }, () => on.open()))
    const from = on.gates.count()
    const replies = await Promise.all(sessions.map((session) => on.commit(session)))
    assert.equal(new Set(replies.flatMap(({ setCookie }) => setCookie)).size, 1)
    assert.equal(replies.flatMap(({ setCookie }) => setCookie).length, 10)
    const made = on.gates.calls.slice(from).map(({ operation }) => operation)
    assert.deepEqual([made.filter((operation) => operation === 'create').length, made.length], [1, 2 + 9 * 2])
  })

  test('it costs two commands, and one more while both IDs are about', async () => {
    const on = await due()
    const { cookie } = on
    const from = on.gates.count()
    await on.commit(await on.open())
    on.cookie = cookie
    await on.commit(await on.open())
    await on.commit(await on.open())
    assert.deepEqual(
      on.gates.calls.slice(from).map(({ operation }) => operation),
      ['read', 'create', 'update', 'read', 'read', 'read'],
    )
  })
})

suite('the old ID', () => {
  test('leads on for as long as renewGrace says', async () => {
    const on = await due({ renewGrace: '10m' })
    const { cookie } = on
    await on.commit(await on.open())
    on.cookie = cookie
    on.clock.advance(10 * MINUTE - 1)
    assert.deepEqual(await on.found(), { user: 'ada' })
    on.clock.advance(1)
    const late = await on.open()
    assert.equal(late.ended, 'superseded')
    // And is gone a minute later, as after regenerate().
    on.clock.advance(MINUTE)
    assert.equal((await on.open()).ended, undefined)
    assert.deepEqual(await on.found(), {})
  })

  test('leads on for as long however often somebody with it pushes deadlines', async () => {
    const on = await visited({ user: 'ada' }, { ...RENEWING, lifetime: '20m' })
    on.clock.advance(15 * MINUTE - 1)
    const { cookie } = on
    const slow = [await on.open(), await on.open()]
    on.clock.advance(1)
    await on.commit(await on.open())
    const renewed = on.cookie
    for (const session of slow) {
      // Their push meets the record that was left: it must not take it for the session, nor its token for the cookie.
      await on.sessions.commit(session, { cookieless: true })
    }
    on.cookie = cookie
    on.clock.advance(MINUTE)
    assert.equal((await on.open()).ended, 'superseded')
    on.cookie = renewed
    assert.deepEqual(await on.found(), { user: 'ada' })
  })

  test('leads nowhere once the session has ended under the new one: no new session begins behind it', async () => {
    for (const end of ['destroy', 'revoke'] as const) {
      const on = await due()
      const { cookie } = on
      await on.commit(await on.open())
      on.cookie = cookie
      const session = await on.open()
      const { id } = session
      if (end === 'destroy') await session.destroy()
      else await on.sessions.revoke(id)
      assert.equal(await on.gates.store.read(id, on.clock.now()), null)
      const late = await on.open()
      assert.equal(late.ended, 'superseded')
      late.data['user'] = 'mallory'
      assert.deepEqual((await on.commit(late)).setCookie, [])
      assert.deepEqual(await living(on), [])
    }
  })

  test('ends the session under the new one, too, when a request that began before it was left destroys it', async () => {
    const on = await due()
    const slow = await on.open({ activity: false })
    const renewing = await on.open()
    await on.commit(renewing)
    await slow.destroy()
    assert.equal(await on.gates.store.read(renewing.id, on.clock.now()), null)
    assert.deepEqual(await on.found(), {})
  })

  test('and the store together open nothing: no token is in it, and its IDs are no cookies', async () => {
    const on = await due()
    const old = tokenOf(on.cookie)
    await on.commit(await on.open())
    const tokens = [old, tokenOf(on.cookie)]
    assert.equal(new Set(tokens).size, 2)
    const records = await Array.fromAsync(on.gates.store.list?.() ?? [])
    assert.equal(records.length, 2)
    const dump = JSON.stringify(records)
    for (const token of tokens) {
      const bytes = Buffer.from(token)
      for (const spelling of [token, bytes.toString('hex'), bytes.toString('base64').slice(0, -3)])
        assert.ok(!dump.includes(spelling))
      assert.ok(dump.includes(await sha256(token)))
    }
    const sealed = /"sealed\\+":\\+"([\w-]+)/.exec(dump)?.[1] ?? ''
    assert.equal(sealed.length, 95)
    for (const stolen of [...records.map(({ id }) => id), sealed, sealed.slice(0, 43), sealed.slice(-43)]) {
      on.cookie = `id=${stolen}`
      assert.deepEqual(await on.found(), {})
    }
  })

  test('of a stolen store that was written to cannot be made to last', async () => {
    const on = await due()
    const { cookie } = on
    await on.commit(await on.open())
    const { store } = on.gates
    const id = await sha256(tokenOf(cookie))
    const record = await store.read(id, on.clock.now())
    assert.ok(record)
    const payload = record.payload.replace(/"until":\d+/, `"until":${on.clock.now() + DAY}`)
    assert.notEqual(payload, record.payload)
    await store.update(id, record.version, { ...record, payload, expiresAt: on.clock.now() + DAY }, on.clock.now())
    on.cookie = cookie
    assert.equal((await on.open()).ended, 'superseded')
  })

  test('takes the login along: owner, time and note are those of before', async () => {
    const on = await due()
    const session = await on.open()
    await login(session, 'ada')
    session.note = { device: 'laptop' }
    await on.commit(session)
    const { authenticatedAt } = session
    assert.equal(authenticatedAt, on.clock.now())
    on.clock.advance(15 * MINUTE)
    await on.commit(await on.open())
    assert.equal(renewals(on), 1)
    const found = await on.open()
    assert.deepEqual(
      [found.owner, found.authenticatedAt, found.note, found.createdAt],
      ['ada', authenticatedAt, { device: 'laptop' }, session.createdAt],
    )
  })

  test('is told in the event beside the new one; nothing is created', async () => {
    const on = await due()
    const { id: from } = await on.open()
    const session = await on.open()
    await on.commit(session)
    assert.notEqual(session.id, from)
    assert.deepEqual(
      on.events.map(({ name, event }) => [name, event]),
      [
        ['created', { id: from }],
        ['renewed', { id: session.id, from }],
      ],
    )
  })
})

suite('a push of the deadline', () => {
  test('that meets a login leaves the new cookie alone', async () => {
    for (const permanent of [true, false]) {
      const on = await visited({ user: 'ada' }, { permanent })
      on.clock.advance(permanent ? 2 * DAY : DAY / 2)
      const slow = await on.open()
      const moving = await on.open()
      await moving.regenerate({ keep: true })
      await on.commit(moving)
      const { cookie } = on
      assert.deepEqual((await on.commit(slow)).setCookie, [])
      assert.equal(on.cookie, cookie)
      assert.deepEqual(await on.found(), { user: 'ada' })
      if (permanent) assert.equal(slow.ended, 'superseded')
    }
  })

  test('that meets a renewal brings the new cookie, and goes on with what is stored there', async () => {
    const on = await visited({ user: 'ada' }, { ...RENEWING, lifetime: '20m' })
    on.clock.advance(15 * MINUTE - 1)
    const slow = await on.open()
    on.clock.advance(1)
    const renewing = await on.open()
    renewing.data['a'] = 1
    await on.commit(renewing)
    const { cookie } = on
    on.clock.advance(-1)
    assert.equal((await on.commit(slow)).setCookie.length, 1)
    assert.equal(on.cookie, cookie)
    assert.equal(slow.data['a'], 1)
    assert.ok(on.events.every(({ name }) => name !== 'conflict'))
    slow.data['b'] = 2
    await slow.save()
    assert.deepEqual(await on.found(), { user: 'ada', a: 1, b: 2 })
  })
})

test('a change of permanence earns the deadline of its kind, in a request that is no visit, too', async () => {
  const on = await visited({ user: 'ada' }, { permanent: false })
  const session = await on.open({ activity: false })
  session.permanent = true
  await on.commit(session)
  assert.equal((await on.open({ activity: false })).expiresAt, on.clock.now() + 10 * DAY)
})
