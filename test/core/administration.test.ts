/** For operators: listing, ending sessions, and the end of the process. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createSessions, login } from '../../src/index.ts'
import type { Session, SessionInfo } from '../../src/index.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import type { StoreOperation } from '../../src/testing/index.ts'
import { refusal } from './refusal.ts'
import { scene, visited } from './site.ts'
import type { Data, Scene } from './site.ts'
import { turns } from './unhandled.ts'

const DAY = 86_400_000

suite('list()', () => {
  test('tells what is stored, and nothing that opens a session', async () => {
    const on = await visited()
    const session = await on.open()
    session.owner = 'ada'
    await on.commit(session)
    const token = on.cookie?.split('=')[1] ?? ''
    const [info] = await all(on.sessions.list())
    assert.ok(info)
    const { size, ...rest } = info
    assert.deepEqual(rest, {
      id: session.id,
      owner: 'ada',
      current: false,
      note: undefined,
      createdAt: on.clock.now(),
      authenticatedAt: undefined,
      lastVisitAt: on.clock.now(),
      expiresAt: on.clock.now() + 10 * DAY,
      permanent: true,
    })
    assert.ok(size > 50)
    assert.ok(token.length === 43 && !JSON.stringify(info).includes(token))
  })

  test('tells what the owner’s list of devices needs', async () => {
    const on = await visited()
    const began = on.clock.now()
    on.clock.advance(3 * DAY)
    const session = await on.open()
    await login(session, 'ada', { note: { device: 'Firefox' } })
    await on.commit(session)
    const signedIn = on.clock.now()
    on.clock.advance(5 * DAY)
    await on.commit(await on.open())
    on.clock.advance(DAY / 2)
    const now = await on.open({ activity: false })
    for (const current of [now, now.id]) {
      const [info] = await all(on.sessions.list({ owner: 'ada', current }))
      assert.deepEqual(
        { ...info, id: '', size: 0 },
        {
          id: '',
          owner: 'ada',
          current: true,
          note: { device: 'Firefox' },
          createdAt: began,
          authenticatedAt: signedIn,
          lastVisitAt: signedIn + 5 * DAY,
          expiresAt: signedIn + 15 * DAY,
          permanent: true,
          size: 0,
        },
      )
    }
    const [other] = await all(on.sessions.list({ owner: 'ada', current: 'a'.repeat(64) }))
    assert.equal(other?.current, false)
  })

  test('puts the last visit neither before the beginning nor into the future', async () => {
    const on = await visited()
    const shorter = scene({ store: on.gates.store, clock: on.clock, lifetime: '1h' })
    const longer = scene({ store: on.gates.store, clock: on.clock, lifetime: '60d' })
    for (const { sessions } of [shorter, longer]) {
      const [info] = await all(sessions.list())
      assert.equal(info?.lastVisitAt, on.clock.now())
    }
  })

  test('marks the current session while regenerate() waits, and while its two records exist', async () => {
    const on = await visited()
    const session = await on.open()
    const { id } = session
    await session.regenerate({ keep: true })
    assert.deepEqual(await marked(on.sessions.list({ current: session })), [true])
    on.gates.hold('update')
    const committing = on.commit(session)
    const stop = await on.gates.reached('update')
    assert.deepEqual(await marked(on.sessions.list({ current: id })), [true, true])
    stop.release()
    await committing
    assert.deepEqual(await marked(on.sessions.list({ current: session })), [true])
  })

  test('leaves out expired, superseded, foreign and newer records, and those past the absolute end', async () => {
    const on = await visited()
    const { createdAt } = await on.open()
    const payloads: Readonly<Record<string, string>> = {
      a: 'not ours',
      b: '{"v":2,"kind":"live"}\n',
      c: `{"v":1,"kind":"superseded","createdAt":${createdAt},"permanent":true,"keys":[]}\n`,
      d: `{"v":1,"kind":"live","createdAt":${createdAt - 90 * DAY},"permanent":true,"keys":[]}\n`,
    }
    for (const [digit, payload] of Object.entries(payloads))
      await on.gates.store.create(digit.repeat(64), { payload, expiresAt: createdAt + DAY, owner: 'ada' }, createdAt)
    assert.equal((await all(on.sessions.list())).length, 1)
    assert.deepEqual(await all(on.sessions.list({ owner: 'ada' })), [])
    // What is not listed is not ended either: it may be another application's.
    assert.equal(await on.sessions.revokeAll({ owner: 'ada' }), 0)
    on.clock.advance(10 * DAY)
    assert.deepEqual(await all(on.sessions.list()), [])
  })

  test('of a store that cannot enumerate is refused, and so is what needs it', async () => {
    const { list: _, ...store } = memoryStore()
    const sessions = createSessions({ store })
    await assert.rejects(all(sessions.list()), refusal('cannot', 'choose one that can enumerate'))
    await assert.rejects(sessions.revokeAll({ owner: 'ada' }), refusal('cannot'))
  })

  test('an owner that turned out undefined is nobody, not everybody', async () => {
    const on = await visited()
    for (const owner of [undefined, null, 5, true] as readonly unknown[]) {
      await assert.rejects(all(on.sessions.list({ owner: owner as string })), refusal('bad_option', 'list() takes'))
      const ending = on.sessions.revokeAll({ owner: owner as string })
      await assert.rejects(ending, refusal('bad_option', 'revokeAll() takes an owner', String(owner)))
    }
    assert.deepEqual(await on.found(), { user: 'ada' })
    assert.deepEqual(await all(on.sessions.list({ owner: '' })), [])
  })
})

suite('revoke()', () => {
  test('ends a session; its requests in flight bring nothing back', async () => {
    const on = await visited()
    const slow = await on.open()
    slow.data['late'] = true
    assert.equal(await on.sessions.revoke(slow.id), true)
    assert.equal(await on.sessions.revoke(slow.id), false)
    assert.deepEqual((await on.commit(slow)).setCookie, [])
    assert.deepEqual(await on.found(), {})
    assert.deepEqual(
      on.events.filter(({ name }) => name === 'revoked').map(({ event }) => event),
      [{ id: slow.id }],
    )
  })

  test('takes an ID; a token, a path or anything else is refused before the store is asked', async () => {
    const on = await visited()
    const token = on.cookie?.split('=')[1] ?? ''
    const bad = [token, '', 'a'.repeat(63), 'A'.repeat(64), `${'a'.repeat(64)}\n`, '../'.repeat(22), 'g'.repeat(64)]
    for (const id of bad) {
      const refused = on.sessions.revoke(id)
      await assert.rejects(refused, refusal('bad_option', 'session.id'))
      // A token given by mistake must not end up in a log.
      await assert.rejects(refused, (error) => id === '' || !String(error).includes(id))
    }
    assert.equal(on.gates.count('delete'), 0)
  })
})

test('revoke() for one owner ends nobody else’s session', async () => {
  const on = await visited()
  const session = await on.open()
  await login(session, 'ada')
  await on.commit(session)
  assert.equal(await on.sessions.revoke(session.id, { owner: 'bob' }), false)
  assert.equal((await on.open()).owner, 'ada')
  for (const owner of [undefined, null, 5] as readonly unknown[])
    await assert.rejects(on.sessions.revoke(session.id, { owner: owner as string }), refusal('bad_option', 'revoke()'))
  assert.equal(await on.sessions.revoke(session.id, { owner: 'ada' }), true)
  assert.equal((await on.open()).owner, undefined)
})

suite('close()', () => {
  test('afterwards nothing is opened or saved, and every way to try says `closed`', async () => {
    const on = await visited()
    const changed = await on.open()
    changed.data['a'] = 1
    const untouched = await on.open()
    await on.sessions.close()
    const closed = refusal('closed')
    await assert.rejects(on.open(), closed)
    await assert.rejects(on.commit(changed), closed)
    const calls = on.gates.count()
    const members: readonly ((session: Session<Data>) => Promise<unknown>)[] = [
      (session) => session.save(),
      (session) => session.reload(),
      (session) => session.update(() => {}),
      (session) => session.regenerate(),
      (session) => session.destroy(),
    ]
    for (const call of members) await assert.rejects(call(changed), closed)
    assert.equal(on.gates.count(), calls)
    assert.deepEqual(await on.commit(untouched), { setCookie: [], varyCookie: false })
  })

  const writes: Readonly<Record<string, readonly [StoreOperation, (on: Scene) => Promise<unknown>]>> = {
    'a new session': ['create', async (on) => commitWith(on, await on.sessions.open(NOBODY), { a: 1 })],
    'a change': ['update', async (on) => commitWith(on, await on.open(), { a: 1 })],
    'a push of the deadline': ['touch', async (on) => on.commit(await on.open())],
    'save()': [
      'update',
      async (on) => {
        const session = await on.open()
        session.data['a'] = 1
        await session.save()
      },
    ],
    'update()': ['update', async (on) => (await on.open()).update((data) => void (data['a'] = 1))],
    'a regenerate, at its new record': [
      'create',
      async (on) => {
        const session = await on.open()
        await session.regenerate()
        await on.commit(session)
      },
    ],
    'a destroy, at its last call': ['delete', async (on) => (await on.open()).destroy()],
  }
  for (const [name, [operation, write]] of Object.entries(writes))
    test(`waits for a write under way: ${name}`, async () => {
      const on = await visited()
      on.clock.advance(2 * DAY)
      on.gates.hold(operation)
      const writing = write(on)
      const stop = await on.gates.reached(operation)
      const closing = on.sessions.close()
      await turns()
      assert.equal(on.gates.count('close'), 0, 'the store was closed under a write')
      stop.release()
      await writing
      await closing
      assert.equal(on.gates.calls.at(-1)?.operation, 'close')
    })

  test('a write that fails does not keep it from closing', async () => {
    const on = await visited()
    on.gates.hold('update')
    const writing = assert.rejects(commitWith(on, await on.open(), { a: 1 }), refusal('store_failed'))
    const stop = await on.gates.reached('update')
    const closing = on.sessions.close()
    stop.fail(new Error('disk full'))
    await Promise.all([writing, closing])
    assert.equal(on.gates.count('close'), 1)
  })

  test('called twice closes once', async () => {
    const on = await visited()
    await Promise.all([on.sessions.close(), on.sessions.close()])
    await on.sessions.close()
    assert.equal(on.gates.count('close'), 1)
  })
})

const NOBODY = { cookie: undefined, secure: false }

function commitWith(on: Scene, session: Session<Data>, data: Data): Promise<unknown> {
  Object.assign(session.data, data)
  return on.commit(session)
}

async function marked(infos: AsyncIterable<SessionInfo>): Promise<boolean[]> {
  return (await all(infos)).map(({ current }) => current)
}

async function all(infos: AsyncIterable<SessionInfo>): Promise<SessionInfo[]> {
  const found: SessionInfo[] = []
  for await (const info of infos) found.push(info)
  return found
}
