import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { suite, test } from 'node:test'
import { createSessions, isFresh } from '../src/index.ts'
import { cookieStore } from '../src/stores/cookie.ts'
import { memoryStore } from '../src/stores/memory.ts'
import { sessionCookie } from '../src/testing/session-cookie.ts'
import { testClock } from '../src/testing/clock.ts'

interface Data {
  readonly cart: string[]
  readonly seen: Date
}

/** What {@link sessionCookie} made, as the next request finds it. */
const kinds = {
  'in a store': () => memoryStore(),
  'in cookies': () => cookieStore({ keys: [randomBytes(32)] }),
}

suite('sessionCookie()', () => {
  for (const [kind, store] of Object.entries(kinds)) {
    test(`${kind}: is the Cookie header of a session with that data, and of nobody`, async () => {
      const clock = testClock()
      const sessions = createSessions<Data>({ store: store(), clock })
      const seen = new Date(clock.now())
      const cookie = await sessionCookie(sessions, { cart: ['umbrella'], seen })
      assert.match(cookie, /^id=[\w.-]+$/)
      const session = await sessions.open({ cookie, secure: false })
      assert.deepEqual(session.data, { cart: ['umbrella'], seen })
      assert.deepEqual([session.owner, session.authenticatedAt, session.permanent], [undefined, undefined, true])
      await sessions.close()
    })

    test(`${kind}: an owner has just signed in, with their note, until the clock moves`, async () => {
      const clock = testClock()
      const sessions = createSessions<Data>({ store: store(), clock })
      const note = { device: 'Phone' }
      const cookie = await sessionCookie(sessions, { cart: ['hat'] }, { owner: 'ada', note, permanent: false })
      const session = await sessions.open({ cookie, secure: false })
      assert.deepEqual({ ...session.data }, { cart: ['hat'] })
      assert.deepEqual([session.owner, session.note, session.permanent], ['ada', note, false])
      assert.ok(isFresh(session, '10m'))
      clock.advance(10 * 60_000)
      assert.ok(!isFresh(session, '10m'))
      await sessions.close()
    })
  }

  test('leaves one record, of the lifetime that its kind has', async () => {
    const sessions = createSessions({
      store: memoryStore(),
      clock: testClock(),
      lifetime: { permanent: '2d', browser: '1h' },
    })
    await sessionCookie(sessions, {}, { owner: 'ada', permanent: false })
    const listed = await Array.fromAsync(sessions.list())
    assert.deepEqual(
      listed.map(({ owner, expiresAt, createdAt }) => [owner, expiresAt - createdAt]),
      [['ada', 3_600_000]],
    )
    await sessions.close()
  })

  test('gives out a secure cookie, and not the deletion of an earlier one of its name', async () => {
    const cookie = { secure: true, name: 'sid', replaces: [{ path: '/old' }] }
    const sessions = createSessions<Data>({ store: memoryStore(), clock: testClock(), cookie })
    const header = await sessionCookie(sessions, { cart: [] })
    assert.match(header, /^sid=[\w-]{43}$/)
    assert.deepEqual((await sessions.open({ cookie: header, secure: true })).data, { cart: [] })
    await sessions.close()
  })

  test('refuses what leaves no session', async () => {
    const sessions = createSessions({ store: memoryStore(), clock: testClock() })
    await assert.rejects(sessionCookie(sessions, {}), { code: 'bad_option', message: /neither data nor an owner/ })
    await assert.rejects(sessionCookie(sessions, {}, { note: { device: 'Phone' } }), { code: 'bad_option' })
    await sessions.close()
  })
})
