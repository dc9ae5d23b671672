/** Several cookies of our name: whose session a request gets, and what it costs. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createSessions, login, logout } from '../../src/index.ts'
import type { SessionsOptions } from '../../src/index.ts'
import { cookieStore } from '../../src/stores/cookie.ts'
import { testKey } from './sealed-site.ts'
import { scene } from './site.ts'
import type { Data, Scene } from './site.ts'
import { warnings } from './unhandled.ts'

const HOUR = 3_600_000
const nobody = (letter: string): string => `id=${letter.repeat(43)}`

/** Log somebody in on their own browser; gives the cookie. */
async function arrived(on: Scene, user: string): Promise<string> {
  on.cookie = undefined
  const session = await on.open()
  session.data['user'] = user
  await on.commit(session)
  return on.cookie ?? ''
}

async function found(on: Scene, ...cookies: readonly string[]): Promise<Data> {
  on.cookie = cookies.join('; ')
  return on.found()
}

const rejections = (on: Scene): unknown[] =>
  on.events.filter(({ name }) => name === 'rejected').map(({ event }) => event)

suite('several cookies of our name', () => {
  test('the one that opens a session counts, wherever it stands; the others are reported', async () => {
    const on = scene()
    const ann = await arrived(on, 'ann')
    for (const cookies of [
      [ann, nobody('B')],
      [nobody('B'), ann],
      [nobody('B'), ann, nobody('C')],
      [nobody('B'), 'id=s%3Aforeign.signature', nobody('C'), ann],
    ]) {
      on.events.length = 0
      assert.deepEqual(await found(on, ...cookies), { user: 'ann' }, cookies.join())
      const unknown = cookies.filter((each) => each !== ann && each.length === ann.length)
      assert.equal(rejections(on).length, unknown.length)
      for (const event of rejections(on)) assert.equal(Object(event).reason, 'unknown')
    }
    on.events.length = 0
    assert.deepEqual(await found(on, nobody('B'), nobody('C')), {})
    assert.equal(rejections(on).length, 2)
  })

  test('of two that open sessions neither is honoured, whichever comes first, and both live on', async (t) => {
    const warned = warnings(t)
    const on = scene()
    const ann = await arrived(on, 'ann')
    const mallory = await arrived(on, 'mallory')
    for (const cookies of [
      [ann, mallory],
      [mallory, ann],
      [mallory, nobody('B'), ann],
    ]) {
      on.events.length = 0
      on.cookie = cookies.join('; ')
      const session = await on.open()
      assert.deepEqual([session.data, session.ended, session.isNew], [{}, 'ambiguous', false])
      const reasons = rejections(on).map((event) => Object(event).reason)
      assert.deepEqual(reasons, ['ambiguous', ...cookies.slice(2).map(() => 'unknown')])
      // Nothing that the page does in good faith reaches a session, or replaces the visitor's own cookie.
      session.data['address'] = 'Home 1'
      await session.regenerate()
      session.data['address'] = 'Home 1'
      await assert.rejects(session.save(), { code: 'session_ended', message: /whose cookie was sent as well/ })
      await assert.rejects(login(session, 'ann'), { code: 'session_ended' })
      session.data['address'] = 'Home 1'
      assert.deepEqual(await on.commit(session), { setCookie: [], varyCookie: true })
      assert.deepEqual(on.events.at(-1), {
        name: 'gone',
        event: { id: Object(rejections(on)[0]).id, reason: 'ambiguous', keys: ['address'] },
      })
    }
    assert.deepEqual(await found(on, ann), { user: 'ann' })
    assert.deepEqual(await found(on, mallory), { user: 'mallory' })
    const heard = (await warned()).filter(({ code }) => code === 'COATCHECK_COOKIE_AMBIGUOUS')
    assert.equal(heard.length, 1)
    assert.match(heard[0]?.message ?? '', /named id .*cookie\.replaces.*__Host-/)
  })

  test('destroy() and logout() end all of them: a planted cookie keeps nobody signed in', async () => {
    for (const way of ['destroy', 'logout'] as const) {
      const on = scene()
      const [ann, mallory] = [await arrived(on, 'ann'), await arrived(on, 'mallory')]
      const session = await opened(on, mallory, ann)
      await (way === 'destroy' ? session.destroy() : logout(session))
      if (way === 'logout') session.data['notice'] = 'Bye'
      const { setCookie } = await on.commit(session)
      assert.match(setCookie.join(), way === 'destroy' ? /^id=; Max-Age=0; / : /^id=[\w-]{43}; /)
      for (const cookie of [ann, mallory]) assert.deepEqual({ ...(await opened(on, cookie)).data }, {})
      assert.equal(on.events.filter(({ name }) => name === 'destroyed').length, 2)
    }
  })

  test('of too many none can be ended, and that is an error, not a page that says so', async () => {
    const on = scene()
    const ann = await arrived(on, 'ann')
    const session = await opened(on, nobody('B'), nobody('C'), nobody('D'), ann)
    await assert.rejects(session.destroy(), { code: 'session_ended' })
    await assert.rejects(logout(session), { code: 'session_ended' })
    assert.deepEqual(await found(on, ann), { user: 'ann' })
  })

  test('a login that was faster keeps its cookie when a destroy() meant the session of before it', async () => {
    const on = scene()
    const [ann, mallory] = [await arrived(on, 'ann'), await arrived(on, 'mallory')]
    const ending = await opened(on, mallory, ann)
    const moving = await opened(on, ann)
    await login(moving, 'ann')
    await on.commit(moving)
    const after = on.cookie
    await ending.destroy()
    assert.deepEqual((await on.sessions.commit(ending)).setCookie, [])
    on.cookie = after
    assert.equal((await on.open()).owner, 'ann')
  })

  test('a planted one takes nobody over when it is joined by what hides the real one', async () => {
    const on = scene()
    const ann = await arrived(on, 'ann')
    const mallory = await arrived(on, 'mallory')
    on.events.length = 0
    const before = on.gates.count('read')
    assert.deepEqual(await found(on, mallory, nobody('B'), nobody('C'), ann), {})
    assert.equal(on.gates.count('read'), before, 'too many: none is looked up')
    assert.deepEqual(rejections(on), [{ reason: 'ambiguous', id: '' }])
  })

  test('costs at most three reads, at once; one cookie costs one', async () => {
    const on = scene()
    const ann = await arrived(on, 'ann')
    for (const [cookies, reads] of [
      [[ann], 1],
      [[ann, ann, ann, ann], 1],
      [[ann, nobody('B'), nobody('C')], 3],
      [[ann, nobody('B'), nobody('C'), nobody('D')], 0],
    ] as const) {
      const before = on.gates.count('read')
      await found(on, ...cookies)
      assert.equal(on.gates.count('read') - before, reads)
    }
    on.gates.hold('read', { times: 3 })
    const opening = found(on, ann, nobody('B'), nobody('C'))
    const held = await Promise.all([1, 2, 3].map(() => on.gates.reached('read')))
    for (const each of held) each.release()
    assert.deepEqual(await opening, { user: 'ann' })
  })

  test('a store that fails for one of them fails the request: an answer without it would be a guess', async () => {
    const on = scene()
    const ann = await arrived(on, 'ann')
    on.gates.fail('read', new Error('down'))
    await assert.rejects(found(on, ann, nobody('B')), { code: 'store_failed' })
  })

  test('the cookie of before a login beside the one of after it: the login counts', async () => {
    const on = scene()
    const before = await arrived(on, 'nobody yet')
    const session = await on.open()
    await session.regenerate()
    session.data['user'] = 'ann'
    await on.commit(session)
    const after = on.cookie ?? ''
    assert.notEqual(after, before)
    on.events.length = 0
    assert.deepEqual(await found(on, before, after), { user: 'ann' })
    assert.deepEqual(rejections(on), [])
    on.cookie = `${before}; ${nobody('B')}`
    assert.equal((await on.open()).ended, 'superseded')
  })

  test('a session that cannot be read counts as one: a later release may read it', async () => {
    const on = scene()
    const ann = await arrived(on, 'ann')
    const mallory = await arrived(on, 'mallory')
    const [id = ''] = await ids(on, ann)
    const record = await on.gates.store.read(id, on.clock.now())
    assert.ok(record)
    const later = { payload: record.payload.replace('{"v":1,', '{"v":9,'), expiresAt: record.expiresAt }
    await on.gates.store.update(id, record.version, later, on.clock.now())
    on.cookie = `${mallory}; ${ann}`
    assert.equal((await on.open()).ended, 'ambiguous')
    on.events.length = 0
    on.cookie = `${nobody('B')}; ${ann}`
    assert.equal((await on.open()).ended, undefined)
    assert.deepEqual(
      rejections(on).map((event) => Object(event).reason),
      ['unreadable', 'unknown'],
    )
  })

  test('what earlier settings left is deleted, so that the visitor is not held up for long', async () => {
    const on = scene({ cookie: { secure: false, replaces: [{ path: '/app' }] } })
    const [ann, older] = [await arrived(on, 'ann'), await arrived(on, 'ann, before')]
    on.cookie = `${older}; ${ann}`
    const session = await on.open()
    assert.equal(session.ended, 'ambiguous')
    const { setCookie } = await on.sessions.commit(session)
    assert.equal(setCookie.length, 1)
    assert.match(setCookie[0] ?? '', /^id=; Max-Age=0; Path=\/app; /)
    assert.deepEqual(await found(on, ann), { user: 'ann' })
  })

  test('of a session sealed in its cookie: two states of one session are one, two sessions are two', async () => {
    const shared: SessionsOptions = { store: cookieStore({ keys: [testKey()] }) }
    const on = scene(shared)
    const older = await arrived(on, 'ann')
    const moved = scene({ ...shared, clock: on.clock, cookie: { secure: false, path: '/app' } })
    moved.cookie = older
    await moved.commit(await moved.open())
    const newer = moved.cookie
    assert.notEqual(newer, older)
    moved.cookie = newer
    const session = await moved.open()
    session.data['cart'] = 1
    await moved.commit(session)
    const newest = moved.cookie ?? ''
    for (const cookies of [
      [older, newest],
      [newest, older],
    ])
      assert.deepEqual(await found(moved, ...cookies), { user: 'ann', cart: 1 })
    const mallory = await arrived(moved, 'mallory')
    moved.cookie = `${mallory}; ${newest}`
    assert.equal((await moved.open()).ended, 'ambiguous')
  })

  test('an old session that has expired is none', async () => {
    const on = scene({ lifetime: '1h', absoluteLifetime: '1h' })
    const older = await arrived(on, 'ann, before')
    on.clock.advance(HOUR / 2)
    const ann = await arrived(on, 'ann')
    assert.equal((await opened(on, older, ann)).ended, 'ambiguous')
    on.clock.advance(HOUR / 2)
    assert.deepEqual(await found(on, older, ann), { user: 'ann' })
  })
})

async function opened(on: Scene, ...cookies: readonly string[]): ReturnType<Scene['open']> {
  on.cookie = cookies.join('; ')
  return on.open()
}

async function ids(on: Scene, cookie: string): Promise<string[]> {
  const other = createSessions<Data>({ store: on.gates.store, clock: on.clock, cookie: { secure: false } })
  return [(await other.open({ cookie, secure: false, activity: false })).id]
}
