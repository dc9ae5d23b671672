/** What the response carries, and what is said when it cannot. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { refusal } from './refusal.ts'
import { scene, visited } from './site.ts'
import type { Scene } from './site.ts'
import { turns, warnings } from './unhandled.ts'

const named = (on: Scene, name: string): unknown[] =>
  on.events.filter((each) => each.name === name).map(({ event }) => event)

suite('a Secure cookie on a plain connection', () => {
  test('stores nothing, sends nothing, and says so: an event each time, one warning per process', async (t) => {
    const warned = warnings(t)
    const on = scene({ cookie: { secure: true } })
    for (let request = 1; request <= 3; request += 1) {
      const session = await on.open({ secure: false })
      session.data['cart'] = [request]
      const reply = await on.commit(session)
      assert.deepEqual(reply, { setCookie: [], varyCookie: true })
      assert.equal(named(on, 'withheld').length, request)
    }
    assert.equal(on.gates.count(), 0)
    assert.equal(on.cookie, undefined)
    const heard = (await warned()).filter(({ code }) => code === 'COATCHECK_COOKIE_WITHHELD')
    assert.equal(heard.length, 1)
    assert.match(heard[0]?.message ?? '', /__Host-id.*trust-proxy.*cookie\.secure: false/)
  })

  test('is sent where the framework says that the connection is secure', async () => {
    const on = scene({ cookie: { secure: true } })
    const session = await on.open({ secure: true })
    session.data['cart'] = [1]
    const [line] = (await on.commit(session)).setCookie
    assert.match(line ?? '', /^__Host-id=[\w-]{43}; .*Secure/)
    assert.deepEqual(named(on, 'withheld'), [])
  })

  test('is neither refreshed nor deleted there; the session itself moves on and ends', async () => {
    const on = scene({ cookie: { secure: true } })
    const first = await on.open({ secure: true })
    first.data['user'] = 'ada'
    await on.commit(first)
    on.clock.advance(5 * 86_400_000)
    const plain = await on.open({ secure: false })
    assert.deepEqual(plain.data, { user: 'ada' })
    assert.deepEqual(await on.commit(plain), { setCookie: [], varyCookie: true })
    assert.equal(on.gates.count('touch'), 1)
    const ending = await on.open({ secure: false })
    await ending.destroy()
    assert.deepEqual((await on.commit(ending)).setCookie, [])
    assert.equal(named(on, 'withheld').length, 2)
    assert.deepEqual((await on.open({ secure: true })).data, {})
  })
})

suite('the deletion of the cookie', () => {
  test('is sent to a browser that had it, and to no other', async () => {
    const on = await visited()
    const known = await on.open()
    await known.destroy()
    assert.equal((await on.commit(known)).setCookie.length, 1)
    const brief = await on.open()
    brief.data['a'] = 1
    await brief.save()
    await brief.destroy()
    assert.deepEqual((await on.commit(brief)).setCookie, [])
  })
})

suite('a failed request', () => {
  test('keeps its changes where dropChangesOnError is false', async () => {
    const on = await visited({ user: 'ada' }, { dropChangesOnError: false })
    const session = await on.open()
    session.data['half'] = true
    await on.commit(session, true)
    assert.deepEqual(await on.found(), { user: 'ada', half: true })
  })
})

suite('Vary', () => {
  test('a request that never asked for its session has none, stored or not, and answers without a promise', async () => {
    for (const on of [scene(), await visited()]) {
      const session = await on.open()
      const reply = on.sessions.commit(session)
      assert.deepEqual(reply, { setCookie: [], varyCookie: false })
    }
  })

  test('every member that tells something about the session counts as asking', async () => {
    const asking: Readonly<Record<string, (session: Awaited<ReturnType<Scene['open']>>) => unknown>> = {
      data: (session) => session.data,
      id: (session) => session.id,
      isNew: (session) => session.isNew,
      ended: (session) => session.ended,
      permanent: (session) => session.permanent,
      owner: (session) => session.owner,
      createdAt: (session) => session.createdAt,
      expiresAt: (session) => session.expiresAt,
      'reload()': (session) => session.reload(),
    }
    for (const [member, ask] of Object.entries(asking)) {
      const on = await visited()
      const session = await on.open()
      await ask(session)
      assert.deepEqual(await on.sessions.commit(session), { setCookie: [], varyCookie: true }, member)
    }
  })

  test('a push of the deadline that sends the cookie anew varies, asked for or not', async () => {
    const on = await visited()
    on.clock.advance(2 * 86_400_000)
    const reply = await on.commit(await on.open())
    assert.equal(reply.setCookie.length, 1)
    assert.equal(reply.varyCookie, true)
  })
})

suite('changes after the head', () => {
  test('an event each time, one warning per process, with the keys', async (t) => {
    const warned = warnings(t)
    const on = await visited()
    for (let request = 1; request <= 2; request += 1) {
      const session = await on.open()
      await on.commit(session)
      session.data['progress'] = request
      delete session.data['user']
      on.sessions.finished(session)
      const late = named(on, 'late')
      assert.equal(late.length, request)
      assert.deepEqual(late.at(-1), { id: session.id, keys: ['user', 'progress'] })
    }
    const heard = (await warned()).filter(({ code }) => code === 'COATCHECK_LATE_CHANGE')
    assert.equal(heard.length, 1)
    assert.match(heard[0]?.message ?? '', /user, progress.*session\.save\(\)/)
  })

  test('of a session that is new, too', async () => {
    const on = scene()
    const session = await on.open()
    assert.deepEqual(session.data, {})
    await on.commit(session)
    session.data['a'] = 1
    on.sessions.finished(session)
    assert.equal(named(on, 'late').length, 1)
  })

  test('nothing is said when there is nothing to say', async () => {
    const on = await visited()
    const untouched = await on.open()
    await on.commit(untouched)
    on.sessions.finished(untouched)
    const saved = await on.open()
    await on.commit(saved)
    saved.data['a'] = 1
    await saved.save()
    on.sessions.finished(saved)
    const failed = await on.open()
    failed.data['half'] = true
    await on.commit(failed, true)
    on.sessions.finished(failed)
    const ended = await on.open()
    await ended.destroy()
    await on.commit(ended)
    on.sessions.finished(ended)
    await turns()
    assert.deepEqual([...named(on, 'late'), ...named(on, 'gone')], [])
  })

  test('of a session that has ended are told as gone, once', async () => {
    const on = await visited()
    const session = await on.open()
    await session.destroy()
    await on.commit(session)
    session.data['again'] = 1
    on.sessions.finished(session)
    on.sessions.finished(session)
    assert.deepEqual(named(on, 'late'), [])
    assert.deepEqual(named(on, 'gone'), [{ id: session.id, reason: 'destroyed', keys: ['again'] }])
  })

  test('a value that cannot be stored is named as well: finished() runs where nobody could catch it', async () => {
    const on = await visited()
    const session = await on.open()
    await on.commit(session)
    session.data['socket'] = { write: () => {} }
    on.sessions.finished(session)
    assert.deepEqual(named(on, 'late'), [{ id: session.id, keys: ['socket'] }])
    await assert.rejects(session.save(), { code: 'bad_value' })
  })

  test('a commit that failed on such a value leaves nothing for finished() to throw', async () => {
    const on = await visited()
    const session = await on.open()
    session.data['callback'] = () => {}
    await assert.rejects(on.commit(session), { code: 'bad_value' })
    on.sessions.finished(session)
    assert.deepEqual(await on.found(), { user: 'ada' })
  })
})

suite('a head that left before the commit', () => {
  const sent = { headSent: true }

  test('changed data is refused by name, told by an event, and not saved', async () => {
    const on = await visited()
    const before = on.gates.count()
    const session = await on.open()
    Object.assign(session.data, { user: 'bob', cart: [1] })
    const wanted = refusal('head_sent', 'user, cart', 'Answer through the framework', 'await session.save() before')
    await assert.rejects(async () => on.sessions.commit(session, sent), wanted)
    assert.deepEqual(
      named(on, 'late').map((event) => Object(event).keys),
      [['user', 'cart']],
    )
    assert.equal(on.gates.count(), before + 1, 'one read, no write')
    assert.deepEqual(await on.found(), { user: 'ada' })
  })

  test('a new ID is refused, and so is the cookie of a session that was saved before', async () => {
    const on = await visited()
    const moving = await on.open()
    await moving.regenerate()
    await assert.rejects(async () => on.sessions.commit(moving, sent), refusal('head_sent', 'the cookie'))
    assert.deepEqual(await on.found(), { user: 'ada' }, 'the old ID stays')

    const stranger = scene()
    const fresh = await stranger.open()
    fresh.data['user'] = 'eve'
    await fresh.save()
    await assert.rejects(async () => stranger.sessions.commit(fresh, sent), refusal('head_sent', 'the cookie'))
  })

  test('what needs no head goes well: reading, a visit, what save() saved before, an end, an error response', async () => {
    const on = await visited()
    on.clock.advance(5 * 86_400_000)
    const reading = await on.open()
    assert.equal(reading.data['user'], 'ada')
    await on.sessions.commit(reading, sent)
    assert.equal(on.gates.count('touch'), 1, 'the visit counts')

    const saving = await on.open()
    saving.data['user'] = 'bob'
    await saving.save()
    await on.sessions.commit(saving, sent)
    assert.deepEqual(await on.found(), { user: 'bob' })

    const failing = await on.open()
    failing.data['user'] = 'half'
    await on.sessions.commit(failing, { ...sent, failed: true })
    assert.deepEqual(await on.found(), { user: 'bob' })

    const ending = await on.open()
    await ending.destroy()
    await on.sessions.commit(ending, sent)
    assert.deepEqual(await on.found(), {})
    assert.deepEqual(named(on, 'late'), [])
  })

  test('from then on it is as after any head: a new session can no longer be saved', async () => {
    const on = scene()
    const session = await on.open()
    await on.sessions.commit(session, sent)
    session.data['user'] = 'ada'
    await assert.rejects(session.save(), refusal('cookie_too_late'))
  })
})
