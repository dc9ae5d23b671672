/** A change of the cookie's settings reaches the sessions that live, once each, and costs nothing where nothing changed. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { CookieOptions } from '../../src/cookie/cookie-rules.ts'
import type { SessionsOptions } from '../../src/index.ts'
import { cookieStore } from '../../src/stores/cookie.ts'
import { testKey } from './sealed-site.ts'
import { scene, visited } from './site.ts'
import type { Scene } from './site.ts'

const DAY = 86_400_000

/** The same store, clock and browser under other settings: the application after a restart. */
function restarted(on: Scene, cookie: CookieOptions, options: SessionsOptions = {}): Scene {
  const next = scene({
    store: on.gates.store,
    clock: on.clock,
    cookie: { name: 'id', secure: false, ...cookie },
    ...options,
  })
  next.cookie = on.cookie
  return Object.assign(next, { gates: on.gates })
}

/** One request that does not even ask for its session; gives the Set-Cookie lines. */
async function passing(on: Scene, secure = false): Promise<readonly string[]> {
  return (await on.commit(await on.open({ secure, activity: false }))).setCookie
}

async function payload(on: Scene): Promise<string> {
  const { id } = await on.open({ activity: false, secure: true })
  return (await on.gates.store.read(id, on.clock.now()))?.payload ?? ''
}

suite('a change of the cookie settings', () => {
  test('sends the cookie anew with the next response, and only then', async () => {
    const changes: readonly CookieOptions[] = [
      { path: '/app' },
      { domain: 'example.org' },
      { sameSite: 'strict' },
      { priority: 'high' },
      { replaces: [{ path: '/old' }] },
    ]
    for (const cookie of changes)
      for (const permanent of [true, false]) {
        const on = await visited({ user: 'ann' }, { permanent })
        const next = restarted(on, cookie)
        const lines = await passing(next)
        const line = lines.at(-1) ?? ''
        assert.ok(line.startsWith(`${on.cookie}; `), JSON.stringify(cookie))
        assert.equal(line.includes('Max-Age='), permanent, 'it ends as before')
        const writes = on.gates.count('update')
        assert.equal(writes, 1)
        assert.deepEqual(await passing(next), [])
        assert.equal(on.gates.count('update'), writes)
        assert.deepEqual(await next.found(), { user: 'ann' })
      }
  })

  test('and changed back, it sends the cookie anew again, and the record is as small as before', async () => {
    const on = await visited()
    const before = await payload(on)
    const strict = restarted(on, { sameSite: 'strict' })
    await passing(strict)
    assert.match(await payload(strict), /"meta":\{"cookie":"[a-z\d]+"\}/)
    const back = restarted(strict, {})
    assert.match((await passing(back))[0] ?? '', /SameSite=Lax$/)
    assert.equal(await payload(back), before)
  })

  test('does not move the deadline of a session that nobody visits', async () => {
    const on = await visited()
    const { expiresAt } = await on.open({ activity: false })
    on.clock.advance(5 * DAY)
    const next = restarted(on, { sameSite: 'strict' })
    const [line] = await passing(next)
    assert.match(line ?? '', new RegExp(`Max-Age=${(5 * DAY) / 1000};`))
    assert.equal((await next.open({ activity: false })).expiresAt, expiresAt)
  })

  test('settings that are not changed cost no write and no cookie, default or not', async () => {
    for (const cookie of [{}, { path: '/app', sameSite: 'strict' }] satisfies CookieOptions[]) {
      const on = await visited({ user: 'ann' }, { cookie: { name: 'id', secure: false, ...cookie } })
      const next = restarted(on, cookie)
      assert.deepEqual(await passing(next), [])
      assert.equal(on.gates.count('update') + on.gates.count('touch'), 0)
    }
  })

  test('waits for a response that can carry the cookie', async () => {
    const on = await visited({ user: 'ann' }, { cookie: { name: 'sid', secure: false } })
    const next = restarted(on, { name: 'sid', secure: true })
    assert.deepEqual(await passing(next, false), [])
    assert.equal(on.gates.count('update'), 0)
    const plain = await next.open({ secure: false })
    plain.data['plain'] = true
    await next.commit(plain)
    assert.match((await passing(next, true))[0] ?? '', /^sid=.*; Secure; /)
    assert.deepEqual(await passing(next, true), [])
  })

  test('an upgrade, whose response carries none, does not pass for it', async () => {
    const on = await visited()
    const next = restarted(on, { sameSite: 'strict' })
    const session = await next.open()
    await next.sessions.commit(session, { cookieless: true })
    assert.equal(on.gates.count('update'), 0)
    const changed = await next.open()
    changed.data['upgraded'] = true
    await next.sessions.commit(changed, { cookieless: true })
    assert.match((await passing(next))[0] ?? '', /SameSite=Strict$/)
    assert.deepEqual(await passing(next), [])
  })

  test('a save after the head does not pass for the cookie', async () => {
    const on = await visited({ user: 'ann' }, { cookie: { name: 'id', secure: false, sameSite: 'strict' } })
    const streaming = restarted(on, { sameSite: 'strict' })
    const session = await streaming.open()
    await streaming.commit(session)
    const changed = restarted(on, { path: '/app' })
    // A response of the old settings is still streaming while the new ones begin to serve.
    session.data['progress'] = 1
    await session.save()
    assert.equal((await passing(changed)).length, 1)
    session.data['progress'] = 2
    await session.save()
    assert.deepEqual(await passing(changed), [])
    assert.deepEqual(await changed.found(), { user: 'ann', progress: 2 })
  })

  test('goes along with whatever else is saved, in one write', async () => {
    const on = await visited()
    const next = restarted(on, { path: '/app' })
    for (const change of ['commit', 'save', 'update'] as const) {
      const session = await next.open()
      session.data[change] = true
      if (change === 'save') await session.save()
      if (change === 'update') await session.update((data) => Object.assign(data, { more: true }))
      const reply = await next.commit(session)
      assert.equal(reply.setCookie.length, change === 'commit' ? 1 : 0)
    }
    for (const change of ['save', 'update'] as const) {
      const after = restarted(next, { path: `/${change}` })
      const session = await after.open()
      session.data['again'] = change
      if (change === 'save') await session.save()
      else await session.update(() => {})
      assert.equal((await after.commit(session)).setCookie.length, 1, change)
      assert.deepEqual(await passing(after), [], change)
    }
  })

  test('stands on a failed response, whose changes are dropped', async () => {
    const next = restarted(await visited(), { path: '/app' })
    const session = await next.open()
    session.data['half'] = true
    assert.equal((await next.commit(session, true)).setCookie.length, 1)
    assert.deepEqual(await passing(next), [])
    assert.deepEqual(await next.found(), { user: 'ada' })
  })

  test('two requests at once both send it, and one session goes on', async () => {
    const on = await visited()
    const next = restarted(on, { path: '/app' })
    const [one, two] = [await next.open(), await next.open()]
    one.data['one'] = 1
    two.data['two'] = 2
    for (const session of [one, two]) assert.match((await next.commit(session)).setCookie[0] ?? '', /Path=\/app/)
    assert.deepEqual(await next.found(), { user: 'ada', one: 1, two: 2 })
    assert.equal(next.cookie, on.cookie)
  })

  test('a regenerated session and a new one note it from the start', async () => {
    const next = restarted(await visited(), { path: '/app' })
    const session = await next.open()
    await session.regenerate({ keep: true })
    assert.equal((await next.commit(session)).setCookie.length, 1)
    assert.deepEqual(await passing(next), [])
    next.cookie = undefined
    const fresh = await next.open()
    fresh.data['a'] = 1
    await next.commit(fresh)
    assert.deepEqual(await passing(next), [])
  })

  test('reaches sessions in cookies', async () => {
    const store = cookieStore({ keys: [testKey()] })
    const on = await visited({ user: 'ann' }, { store })
    const next = restarted(on, { sameSite: 'strict' }, { store })
    assert.match((await passing(next))[0] ?? '', /SameSite=Strict$/)
    assert.deepEqual(await passing(next), [])
    assert.deepEqual(await next.found(), { user: 'ann' })
  })

  test('a shorter lifetime, and whether new sessions outlive the window, as the docs say', async () => {
    const on = await visited()
    const shorter = restarted(on, {}, { lifetime: { permanent: '2d', browser: '1d' }, permanent: false })
    assert.match((await passing(shorter))[0] ?? '', new RegExp(`Max-Age=${(2 * DAY) / 1000};`))
    assert.equal((await shorter.open()).permanent, true)
  })
})

suite('cookies of earlier settings', () => {
  test('are deleted with every response that sends ours, in front of it, and with a logout', async () => {
    const on = scene({ cookie: { secure: false, replaces: [{ path: '/app' }, { name: 'sid' }] } })
    const session = await on.open()
    session.data['a'] = 1
    const names = (lines: readonly string[]): string[] => lines.map((line) => line.replace(/=[\w-]{43};.*/, '=token'))
    const { setCookie } = await on.commit(session)
    assert.equal(setCookie.length, 3)
    assert.match(setCookie[0] ?? '', /^id=; Max-Age=0; Path=\/app;/)
    assert.match(setCookie[1] ?? '', /^sid=; Max-Age=0; Path=\/;/)
    assert.equal(names(setCookie)[2], 'id=token')
    const ending = await on.open()
    await ending.destroy()
    const cleared = (await on.commit(ending)).setCookie
    assert.deepEqual(cleared.slice(0, 2), setCookie.slice(0, 2))
    assert.match(cleared[2] ?? '', /^id=; Max-Age=0; Path=\/;/)
  })

  test('are never read', async () => {
    const on = await visited()
    const token = (on.cookie ?? '').slice('id='.length)
    const renamed = restarted(on, { name: 'sid', replaces: [{ name: 'id' }] })
    renamed.cookie = `id=${token}`
    const before = on.gates.count('read')
    assert.deepEqual(await renamed.found(), {})
    assert.equal(on.gates.count('read'), before)
  })
})

suite('400 days', () => {
  test('is as long as a session lives without a visit, whatever is asked for, so that its cookie is pushed in time', async () => {
    const on = await visited({ user: 'ann' }, { lifetime: '1000d', absoluteLifetime: false })
    for (let visit = 1; visit <= 12; visit += 1) {
      on.clock.advance(100 * DAY)
      const reply = await on.commit(await on.open())
      assert.match(reply.setCookie[0] ?? '', /Max-Age=34560000;/)
    }
    assert.match(on.sessions.describe(), /ends 400 days after its last visit/)
    on.clock.advance(400 * DAY)
    assert.deepEqual(await on.found(), {})
  })

  test('also where the absolute end is further off', async () => {
    const on = await visited({ user: 'ann' }, { lifetime: '1000d', absoluteLifetime: '1000d' })
    let sent = 0
    for (let day = 50; day < 1000; day += 50) {
      on.clock.advance(50 * DAY)
      sent += (await on.commit(await on.open())).setCookie.length
    }
    assert.ok(sent >= 11, `the cookie was sent ${sent} times`)
    assert.deepEqual(await on.found(), { user: 'ann' })
  })
})

suite('Clear-Site-Data', () => {
  test('goes with the logout of a session the browser had, on https alone, and with nothing else', async () => {
    const on = await visited({ user: 'ann' }, { clearSiteData: true })
    const reading = await on.open({ secure: true })
    reading.data['a'] = 1
    assert.equal((await on.commit(reading)).headers, undefined)
    const moving = await on.open({ secure: true })
    await moving.regenerate()
    assert.equal((await on.commit(moving)).headers, undefined)
    const [plain, ending] = [await on.open({ secure: false }), await on.open({ secure: true })]
    await ending.destroy()
    assert.deepEqual((await on.commit(ending, true)).headers, { 'clear-site-data': '"cache", "storage"' })
    await plain.destroy()
    assert.equal((await on.commit(plain)).headers, undefined)

    on.cookie = undefined
    const brief = await on.open({ secure: true })
    brief.data['a'] = 1
    await brief.save()
    await brief.destroy()
    assert.deepEqual(await on.commit(brief), { setCookie: [], varyCookie: true })
  })

  test('holds what was asked for', async () => {
    for (const [clearSiteData, value] of [
      [['cookies', 'executionContexts'], '"cookies", "executionContexts"'],
      [['*'], '"*"'],
      [false, undefined],
      [undefined, undefined],
    ] as const) {
      const on = await visited({ user: 'ann' }, clearSiteData === undefined ? {} : { clearSiteData })
      const ending = await on.open({ secure: true })
      await ending.destroy()
      assert.equal((await on.commit(ending)).headers?.['clear-site-data'], value)
    }
  })

  test('on plain http a logout deletes the cookie alone', async () => {
    const on = await visited({ user: 'ann' }, { clearSiteData: true })
    const ending = await on.open({ secure: false })
    await ending.destroy()
    const { setCookie, headers } = await on.commit(ending)
    assert.deepEqual([setCookie.length, headers], [1, undefined])
  })
})
