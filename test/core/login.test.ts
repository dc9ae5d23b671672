/** Signing in, out, and again: the helpers, and what the members beside the data do with them. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { flash, isFresh, login, logout, takeFlashes } from '../../src/index.ts'
import type { Duration, LoginOptions, OwnerNote } from '../../src/index.ts'
import { refusal } from './refusal.ts'
import { scene, visited } from './site.ts'
import type { Scene } from './site.ts'

const DAY = 86_400_000

suite('login()', () => {
  test('moves to a new ID, names the owner and the time, and is stored when it resolves', async () => {
    const on = await visited({ cart: [1] })
    const session = await on.open()
    const { id } = session
    on.clock.advance(1000)
    const now = on.clock.now()
    await login(session, 'ada')
    assert.notEqual(session.id, id)
    assert.deepEqual([session.owner, session.authenticatedAt, session.data], ['ada', now, {}])
    const stored = await on.gates.store.read(session.id, now)
    assert.equal(stored?.owner, 'ada')
    assert.equal((await on.commit(session)).setCookie.length, 1)
    const next = await on.open()
    assert.deepEqual([next.id, next.owner, next.authenticatedAt], [session.id, 'ada', now])
  })

  test('of a visitor without a session makes one', async () => {
    const on = scene()
    const session = await on.open()
    await login(session, 'ada')
    assert.equal((await on.commit(session)).setCookie.length, 1)
    assert.equal((await on.open()).owner, 'ada')
  })

  test('stands when the response fails afterwards', async () => {
    const on = await visited()
    const session = await on.open()
    await login(session, 'ada', { keep: true })
    session.data['half'] = true
    assert.equal((await on.commit(session, true)).setCookie.length, 1)
    const next = await on.open()
    assert.deepEqual([next.owner, next.data], ['ada', { user: 'ada' }])
  })

  const kept: readonly (readonly [string, LoginOptions['keep'], object])[] = [
    ['nothing', undefined, {}],
    ['nothing, if told', false, {}],
    ['all, if told', true, { cart: [1], seen: 2 }],
    ['some keys, if told', ['cart'], { cart: [1] }],
  ]
  for (const [what, keep, data] of kept)
    test(`keeps ${what} of what the visitor had before`, async () => {
      const on = await visited({ cart: [1], seen: 2 })
      const { createdAt } = await on.open()
      on.clock.advance(1000)
      const session = await on.open()
      await login(session, 'ada', keep === undefined ? {} : { keep })
      await on.commit(session)
      assert.deepEqual(await on.found(), data)
      assert.equal((await on.open()).createdAt, createdAt)
    })

  test('never shows one user what another left, whatever is to be kept', async () => {
    const on = await signedIn(await visited({ cart: [1] }), 'ada', { keep: true, note: { device: "Ada's" } })
    assert.deepEqual(await on.found(), { cart: [1] })
    on.clock.advance(1000)
    await signedIn(on, 'bob', { keep: true })
    const session = await on.open()
    assert.deepEqual([session.data, session.owner, session.note], [{}, 'bob', undefined])
    assert.equal(session.createdAt, on.clock.now(), 'it began anew')
  })

  test('again, by the same owner, renews ID and time and keeps the rest', async () => {
    const on = await signedIn(await visited({ cart: [1] }), 'ada', { keep: true, note: { device: 'Firefox' } })
    const before = await on.open()
    on.clock.advance(DAY)
    await signedIn(on, 'ada')
    const after = await on.open()
    assert.notEqual(after.id, before.id)
    assert.deepEqual([after.data, after.note], [{ cart: [1] }, { device: 'Firefox' }])
    assert.deepEqual([after.createdAt, after.authenticatedAt], [before.createdAt, on.clock.now()])
    await signedIn(on, 'ada', { keep: false, note: { device: 'Chrome' } })
    assert.deepEqual([(await on.open()).data, (await on.open()).note], [{}, { device: 'Chrome' }])
  })

  test('extends the absolute lifetime; nothing else does', async () => {
    const on = await signedIn(scene({ absoluteLifetime: '10d' }), 'ada')
    on.clock.advance(9 * DAY)
    await signedIn(on, 'ada')
    assert.equal((await on.open()).expiresAt, on.clock.now() + 10 * DAY)
    on.clock.advance(9 * DAY)
    const moved = await on.open()
    await moved.regenerate({ keep: true })
    moved.data['a'] = 1
    await on.commit(moved)
    on.clock.advance(DAY - 1)
    assert.equal((await on.open()).owner, 'ada')
    on.clock.advance(1)
    assert.equal((await on.open()).owner, undefined)
    assert.equal((await count(on.sessions.list())) + (await count(on.sessions.list({ owner: 'ada' }))), 0)
  })

  test('refuses an owner that is none, before anything happens', async () => {
    const on = await visited()
    const session = await on.open()
    for (const owner of [undefined, null, 5, '', 'a\0b', '\ud800'] as readonly unknown[])
      await assert.rejects(login(session, owner as string), refusal('bad_option', 'login()', 'String('))
    const note = { device: 5 } as unknown as OwnerNote
    await assert.rejects(login(session, 'ada', { note }), refusal('bad_option', '"device"', 'number'))
    assert.deepEqual([session.data, session.owner, session.isNew], [{ user: 'ada' }, undefined, false])
    assert.deepEqual((await on.commit(session)).setCookie, [])
  })

  test('that the store refuses has not happened: the session is as before, with its unsaved changes', async () => {
    for (const operation of ['create', 'update'] as const) {
      const on = await visited()
      const session = await on.open()
      const { id, data } = session
      data['cart'] = [1]
      session.note = { a: 'b' }
      on.gates.fail(operation, new Error('disk full'))
      await assert.rejects(login(session, 'ada', { note: { device: 'Firefox' } }), refusal('store_failed'))
      assert.deepEqual([session.id, session.owner, session.authenticatedAt], [id, undefined, undefined])
      assert.equal(session.data, data)
      assert.deepEqual((await on.commit(session)).setCookie, [])
      const next = await on.open()
      assert.deepEqual(
        [next.id, next.data, next.note, next.owner],
        [id, { user: 'ada', cart: [1] }, { a: 'b' }, undefined],
      )
      assert.equal(await count(on.sessions.list()), 1, operation)
    }
  })

  test('after the head is refused, and the session stays as it was', async () => {
    const on = await visited()
    const session = await on.open()
    await on.commit(session)
    await assert.rejects(login(session, 'ada'), refusal('cookie_too_late'))
    assert.equal(session.owner, undefined)
    assert.deepEqual(await on.found(), { user: 'ada' })
  })

  test('of two at once one moves the session, and the other neither fails nor sends a cookie', async () => {
    const on = await visited()
    const old = on.cookie
    const [one, two] = [await on.open(), await on.open()]
    await login(one, 'ada')
    await login(two, 'ada')
    assert.equal(two.ended, 'superseded')
    assert.deepEqual((await on.commit(two)).setCookie, [])
    assert.equal((await on.commit(one)).setCookie.length, 1)
    // The second click on the button arrives with the old cookie.
    const late = scene({ store: on.gates.store, clock: on.clock })
    late.cookie = old
    const second = await late.open()
    await login(second, 'ada')
    assert.deepEqual((await late.commit(second)).setCookie, [])
    assert.equal((await on.open()).owner, 'ada')
  })

  test('on a session that was ended meanwhile says so', async () => {
    const on = await visited()
    const session = await on.open()
    await on.sessions.revoke(session.id)
    await assert.rejects(login(session, 'ada'), refusal('session_ended'))
    assert.equal(await count(on.sessions.list()), 0)
  })
})

suite('logout()', () => {
  test('the record is gone when it resolves, and the cookie goes with the response', async () => {
    const on = await signedIn(scene(), 'ada')
    const { cookie } = on
    const session = await on.open()
    const { id } = session
    await logout(session)
    assert.equal(await on.gates.store.read(id, on.clock.now()), null)
    assert.match((await on.commit(session)).setCookie[0] ?? '', /^id=;.*Max-Age=0/)
    on.cookie = cookie
    assert.equal((await on.open()).owner, undefined)
    assert.deepEqual(
      on.events.filter(({ name }) => name === 'destroyed').map(({ event }) => (event as { id: string }).id),
      [id],
    )
  })

  test('a notice for the next page can be left: in a new session, which is nobody’s', async () => {
    const on = await signedIn(await visited({ user: 'ada' }), 'ada', { keep: true, note: { device: 'Firefox' } })
    on.clock.advance(1000)
    const session = await on.open()
    const before = session.id
    session.permanent = false
    await logout(session)
    assert.deepEqual([session.isNew, session.ended, session.data, session.permanent], [true, undefined, {}, true])
    flash(session, 'info', 'Signed out')
    const { setCookie } = await on.commit(session)
    assert.equal(setCookie.length, 1)
    assert.doesNotMatch(setCookie[0] ?? '', /Max-Age=0/)
    const next = await on.open()
    assert.notEqual(next.id, before)
    assert.deepEqual([next.owner, next.authenticatedAt, next.note], [undefined, undefined, undefined])
    assert.equal(next.createdAt, on.clock.now())
    assert.deepEqual(takeFlashes(next), [{ category: 'info', message: 'Signed out' }])
    assert.equal(await count(on.sessions.list({ owner: 'ada' })), 0)
  })

  test('makes the browser forget what clearSiteData says, with or without a notice', async () => {
    for (const notice of [false, true]) {
      const on = scene({ clearSiteData: true })
      const session = await on.open({ secure: true })
      await login(session, 'ada')
      assert.equal((await on.commit(session)).headers, undefined)
      const known = await on.open({ secure: true })
      await logout(known)
      if (notice) flash(known, 'info', 'Signed out')
      assert.deepEqual((await on.sessions.commit(known)).headers, { 'clear-site-data': '"cache", "storage"' })
      const nobody = scene({ clearSiteData: true })
      const visit = await nobody.open({ secure: true })
      await logout(visit)
      if (notice) flash(visit, 'info', 'Signed out')
      assert.equal((await nobody.sessions.commit(visit)).headers, undefined)
    }
  })

  test('stands on a failed response; the notice does not', async () => {
    const on = await signedIn(scene(), 'ada')
    const session = await on.open()
    await logout(session)
    flash(session, 'info', 'Signed out')
    assert.match((await on.commit(session, true)).setCookie[0] ?? '', /Max-Age=0/)
    assert.equal(await count(on.sessions.list()), 0)
  })

  test('of somebody without a session costs nothing and sends nothing', async () => {
    const on = scene()
    const session = await on.open()
    await logout(session)
    assert.deepEqual((await on.commit(session)).setCookie, [])
    assert.equal(on.gates.count(), 0)
  })

  test('then login() in one request: another user takes over', async () => {
    const on = await signedIn(scene(), 'ada')
    const session = await on.open()
    await logout(session)
    await login(session, 'bob')
    assert.equal((await on.commit(session)).setCookie.length, 1)
    assert.equal((await on.open()).owner, 'bob')
    assert.equal(await count(on.sessions.list()), 1)
  })

  test('of a session that another request has moved leaves that one its cookie', async () => {
    const on = await signedIn(scene(), 'ada')
    const slow = await on.open()
    await signedIn(on, 'ada')
    await logout(slow)
    assert.equal(slow.ended, 'superseded')
    const { cookie } = on
    assert.deepEqual((await on.commit(slow)).setCookie, [])
    assert.equal(on.cookie, cookie)
    assert.equal((await on.open()).owner, 'ada')
  })

  test('that the store refuses is an error, and no cookie is deleted', async () => {
    const on = await signedIn(scene(), 'ada')
    const session = await on.open()
    on.gates.fail('update', new Error('gone away'))
    await assert.rejects(logout(session), refusal('store_failed'))
    assert.deepEqual((await on.commit(session, true)).setCookie, [])
    assert.equal((await on.open()).owner, 'ada')
  })
})

suite('isFresh()', () => {
  test('holds for the time given, to the millisecond, and anew after login()', async () => {
    const on = await signedIn(scene(), 'ada')
    assert.equal(isFresh(await on.open(), '10m'), true)
    on.clock.advance(600_000 - 1)
    assert.equal(isFresh(await on.open(), '10m'), true)
    on.clock.advance(1)
    assert.equal(isFresh(await on.open(), '10m'), false)
    assert.equal(isFresh(await on.open(), '11m'), true)
    await signedIn(on, 'ada')
    assert.equal(isFresh(await on.open(), '10m'), true)
  })

  test('holds for nobody, nor for whoever only was named', async () => {
    const on = await visited()
    const session = await on.open()
    assert.equal(isFresh(session, '10m'), false)
    session.owner = 'ada'
    assert.equal(isFresh(session, '10m'), false)
  })

  test('does not hold on a clock that was set back, but on one that differs a little', async () => {
    const on = await signedIn(scene(), 'ada')
    const signedInAt = on.clock.now()
    on.clock.set(signedInAt - 59_999)
    assert.equal(isFresh(await on.open(), '10m'), true)
    on.clock.set(signedInAt - 60_000)
    assert.equal(isFresh(await on.open(), '10m'), false)
  })

  test('takes a duration', async () => {
    const session = await scene().open()
    for (const within of [600, '10', '', undefined] as readonly unknown[])
      assert.throws(() => isFresh(session, within as Duration), refusal('bad_option', 'isFresh()'))
  })
})

suite('owner, authenticatedAt and note', () => {
  test('another owner has not proved anything; the same one has', async () => {
    const on = await signedIn(scene(), 'ada')
    const same = await on.open()
    same.owner = 'ada'
    same.data['a'] = 1
    await on.commit(same)
    assert.notEqual((await on.open()).authenticatedAt, undefined)
    const other = await on.open()
    other.owner = 'bob'
    assert.equal(other.authenticatedAt, undefined)
    await on.commit(other)
    assert.deepEqual([(await on.open()).owner, (await on.open()).authenticatedAt], ['bob', undefined])
  })

  test('go with a regenerate() that keeps nothing, on a failed response, too', async () => {
    for (const failed of [false, true])
      for (const keep of [false, []]) {
        const on = await signedIn(scene(), 'ada', { note: { device: 'Firefox' } })
        const session = await on.open()
        await session.regenerate({ keep })
        await on.commit(session, failed)
        const next = await on.open()
        assert.equal(next.isNew, false)
        assert.deepEqual([next.owner, next.authenticatedAt, next.note], [undefined, undefined, undefined])
      }
  })

  test('stay with one that keeps something', async () => {
    for (const failed of [false, true])
      for (const keep of [true, ['cart']]) {
        const on = await signedIn(scene(), 'ada', { note: { device: 'Firefox' } })
        const { authenticatedAt } = await on.open()
        on.clock.advance(1000)
        const session = await on.open()
        await session.regenerate({ keep })
        await on.commit(session, failed)
        const next = await on.open()
        assert.deepEqual([next.owner, next.authenticatedAt, next.note], ['ada', authenticatedAt, { device: 'Firefox' }])
      }
  })

  test('another request’s owner does not get into a session that leaves everything behind', async () => {
    const on = await visited()
    const moving = await on.open()
    await moving.regenerate()
    on.gates.hold('update')
    const committing = on.commit(moving)
    const stop = await on.gates.reached('update')
    const elsewhere = scene({ store: on.gates.store, clock: on.clock })
    elsewhere.cookie = on.cookie
    const other = await elsewhere.open()
    other.owner = 'ada'
    other.note = { device: 'Firefox' }
    await elsewhere.commit(other)
    stop.release()
    await committing
    assert.deepEqual([(await on.open()).owner, (await on.open()).note], [undefined, undefined])
  })

  test('a note is saved, merged with what others saved, and read again', async () => {
    const on = await signedIn(scene(), 'ada', { note: { device: 'Firefox' } })
    const [one, two] = [await on.open(), await on.open()]
    one.data['a'] = 1
    two.note = { device: 'Firefox', address: '192.0.2.1' }
    await on.commit(two)
    await on.commit(one)
    assert.deepEqual(one.note, { device: 'Firefox', address: '192.0.2.1' })
    assert.deepEqual((await on.open()).note, { device: 'Firefox', address: '192.0.2.1' })
    const gone = await on.open()
    gone.note = undefined
    await gone.save()
    assert.equal((await on.open()).note, undefined)
    await one.reload()
    assert.equal(one.note, undefined)
  })

  test('the same note again is no change, and a note alone makes no session', async () => {
    const on = await signedIn(scene(), 'ada', { note: { device: 'Firefox' } })
    const calls = on.gates.count('update')
    const session = await on.open()
    session.note = { device: 'Firefox' }
    await on.commit(session)
    assert.equal(on.gates.count('update'), calls)
    const nobody = scene()
    const visit = await nobody.open()
    visit.note = { device: 'Firefox' }
    assert.deepEqual((await nobody.commit(visit)).setCookie, [])
    assert.equal(nobody.gates.count(), 0)
  })

  test('a note never fails for what a request sent, and is never large', async () => {
    const session = await scene().open()
    session.note = { device: 'x'.repeat(10_000), half: `${'y'.repeat(255)}😀`, nul: '\0', none: undefined }
    assert.deepEqual(session.note, { device: 'x'.repeat(256), half: `${'y'.repeat(255)}\ufffd`, nul: '\0' })
    assert.ok(Object.isFrozen(session.note))
    session.note = {}
    assert.equal(session.note, undefined)
    const bad: readonly unknown[] = [
      null,
      'text',
      ['text'],
      { a: 1 },
      { a: null },
      { a: { b: 'c' } },
      { ['n'.repeat(65)]: 'a' },
      Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`k${n}`, 'v'])),
    ]
    for (const note of bad)
      assert.throws(
        () => (session.note = note as OwnerNote),
        refusal('bad_option', 'session.note'),
        JSON.stringify(note),
      )
    assert.equal(session.note, undefined)
  })

  test('a note with the name __proto__ is text like any other', async () => {
    const on = await signedIn(scene(), 'ada', { note: JSON.parse('{"__proto__":"x"}') as OwnerNote })
    assert.equal(JSON.stringify((await on.open()).note), '{"__proto__":"x"}')
  })
})

async function signedIn(on: Scene, owner: string, options: LoginOptions = {}): Promise<Scene> {
  const session = await on.open()
  await login(session, owner, options)
  await on.commit(session)
  return on
}

async function count(items: AsyncIterable<unknown>): Promise<number> {
  let found = 0
  for await (const item of items) if (item) found += 1
  return found
}
