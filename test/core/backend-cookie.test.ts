/**
 * The promises of the README, held against sessions in cookies: which hold, which hold in part, and which cannot. A
 * promise that is missing here fails the last test.
 */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createSessions } from '../../src/index.ts'
import { cookieStore } from '../../src/stores/cookie.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { hostileOwners, hostilePayloads } from '../../src/testing/hostile-values.ts'
import { gatedStore, sessionCases, testClock } from '../../src/testing/index.ts'
import { refusal } from './refusal.ts'
import { dataUnder, sealed, sealedVisit, testKey } from './sealed-site.ts'
import { scene } from './site.ts'
import type { Scene } from './site.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

type Checks = Readonly<Record<string, () => Promise<void>>>

/** Each name begins with the promise; what follows says what holds, or what does not instead of it. */
const PROMISES: Checks = {
  'P1 a visitor who puts nothing in gets no cookie': async () => {
    const on = sealed()
    const session = await on.open()
    assert.equal(JSON.stringify(session.data), '{}')
    assert.deepEqual(await on.commit(session), { setCookie: [], varyCookie: true })
    assert.deepEqual(await on.commit(await on.open()), { setCookie: [], varyCookie: false })
  },

  'P1 createSessions makes no folder and asks no store': async () => {
    const gates = gatedStore(memoryStore())
    const store = { ...gates.store, ...cookieStore({ keys: [testKey()] }) }
    const on = scene({ store })
    const session = await on.open()
    session.data['a'] = 1
    await on.commit(session)
    assert.deepEqual(await on.found(), { a: 1 })
    assert.equal(gates.count(), 0)
  },

  'P2 does not hold between requests: the last response wins, a deletion too': async () => {
    const on = await sealedVisit()
    const [logout, slow] = [await on.open(), await on.open()]
    delete logout.data['user']
    slow.data['seen'] = 1
    await on.commit(logout)
    await on.commit(slow)
    assert.deepEqual(await on.found(), { user: 'ada', seen: 1 })
    assert.deepEqual(
      on.events.filter(({ name }) => name === 'conflict'),
      [],
    )
  },

  'P2 does not hold beside a push either: it sends what its request had read': async () => {
    const on = await sealedVisit({ n: 1 })
    on.clock.advance(DAY)
    const [reading, writing] = [await on.open(), await on.open()]
    writing.data['n'] = 2
    await on.commit(writing)
    await on.commit(reading)
    assert.deepEqual(await on.found(), { n: 1 })
  },

  'P2 an onConflict that could not be kept is refused': async () => {
    for (const onConflict of ['theirs', 'error', () => 1] as const) {
      assert.throws(() => sealed({ onConflict }), refusal('bad_option', 'onConflict', 'the last response wins'))
    }
    sealed({ onConflict: 'ours' })
  },

  'P2 within one request update() works on what is there, unsaved changes included, and survives a failure':
    async () => {
      const on = await sealedVisit({ n: 1 })
      const session = await on.open()
      session.data['mine'] = true
      await session.update((data) => void (data['n'] = Number(data['n']) + 1))
      session.data['half'] = true
      await on.commit(session, true)
      assert.deepEqual(await on.found(), { n: 2, mine: true })
      const other = await on.open()
      await assert.rejects(other.update(throwing), /mine/)
      await assert.rejects(other.update(later), refusal('async_updater'))
      assert.deepEqual((await on.commit(other)).setCookie, [])
    },

  'P3 does not hold between requests: a slow one brings a destroyed session back': async () => {
    const on = await sealedVisit()
    const [slow, logout] = [await on.open(), await on.open()]
    await logout.destroy()
    await on.commit(logout)
    slow.data['user'] = 'back again'
    await on.commit(slow)
    assert.deepEqual(await on.found(), { user: 'back again' })
  },

  'P3 within one request an ended session takes nothing more': async () => {
    const on = await sealedVisit()
    const session = await on.open()
    await session.destroy()
    await assert.rejects(session.save(), refusal('session_ended', 'destroyed'))
    await assert.rejects(
      session.update(() => {}),
      refusal('session_ended'),
    )
    session.data['user'] = 'eve'
    await on.commit(session)
    assert.deepEqual(on.events.at(-1), { name: 'gone', event: { id: session.id, reason: 'destroyed', keys: ['user'] } })
  },

  'P3 a session that expires while a request runs is not sealed anew': async () => {
    for (const act of ['commit', 'save', 'update', 'reload'] as const) {
      const on = await sealedVisit()
      const before = on.cookie
      const slow = await on.open()
      on.clock.advance(10 * DAY)
      slow.data['late'] = 1
      if (act === 'save') await assert.rejects(slow.save(), refusal('session_ended', 'expired'))
      if (act === 'update')
        await assert.rejects(
          slow.update(() => {}),
          refusal('session_ended', 'expired'),
        )
      if (act === 'reload') assert.equal(await slow.reload(), false)
      assert.deepEqual((await on.commit(slow)).setCookie, [])
      assert.equal(on.cookie, before)
      const keys = act === 'reload' ? [] : ['late']
      assert.deepEqual(on.events.at(-1), { name: 'gone', event: { id: slow.id, reason: 'gone', keys } })
    }
  },

  'P4 the session leaves with the response it belongs to, or not at all': async () => {
    const on = await sealedVisit()
    const session = await on.open()
    session.data['big'] = 'x'.repeat(5000)
    await assert.rejects(async () => on.commit(session), refusal('cookie_too_large'))
    assert.deepEqual(await on.found(), { user: 'ada' })
  },

  'P4 a failed response drops data changes, but destroy and regenerate stand': async () => {
    const on = await sealedVisit({ user: 'ada', cart: 1 })
    const changing = await on.open()
    Object.assign(changing, { permanent: false, owner: 'eve' }).data['half'] = true
    assert.deepEqual((await on.commit(changing, true)).setCookie, [])
    const moving = await on.open()
    await moving.regenerate({ keep: ['cart'] })
    Object.assign(moving, { permanent: false, owner: 'eve' }).data['half'] = true
    assert.match((await on.commit(moving, true)).setCookie[0] ?? '', /Max-Age=864000;/)
    const found = await on.open()
    assert.deepEqual([found.id, found.data, found.owner], [moving.id, { cart: 1 }, undefined])
    await found.destroy()
    await on.commit(found, true)
    assert.equal(on.cookie, undefined)
  },

  'P5 the id is not in the cookie, and stays the same from request to request': async () => {
    const on = await sealedVisit({}, {}, { encrypt: false })
    const session = await on.open()
    const { id } = session
    session.data['user'] = 'ada'
    await on.commit(session)
    const inside = Buffer.from(on.cookie?.split('.')[1] ?? '', 'base64url').toString()
    assert.match(inside, /"user"/)
    assert.ok(!inside.includes(id))
    const next = await on.open()
    next.data['user'] = 'bob'
    await on.commit(next)
    assert.deepEqual([next.id, (await on.open()).id], [id, id])
  },

  'P6 has no store that could be stolen; encrypted, the cookie says nothing of what is in it': async () => {
    const on = await sealedVisit({ user: 'ada lovelace' })
    const parts = (on.cookie ?? '').slice('id='.length).split('.')
    assert.deepEqual(JSON.parse(Buffer.from(parts[0] ?? '', 'base64url').toString()), {
      alg: 'dir',
      enc: 'A256GCM',
      kid: JSON.parse(Buffer.from(parts[0] ?? '', 'base64url').toString()).kid,
    })
    for (const part of parts.slice(1))
      assert.doesNotMatch(Buffer.from(part, 'base64url').toString('latin1'), /user|ada/)
  },

  'P7 the idle deadline is in the cookie and is checked here, to the millisecond': async () => {
    const on = await sealedVisit()
    on.clock.advance(10 * DAY - 1)
    assert.deepEqual(await on.found(), { user: 'ada' })
    on.clock.advance(1)
    const { id } = await on.open()
    const expired: string[] = []
    on.sessions.on('expired', (event) => expired.push(event.id))
    assert.deepEqual(await on.found(), {})
    assert.equal(expired.length, 1)
    assert.notEqual(expired[0], id)
  },

  'P7 the absolute deadline ends a session that is visited, saved and moved all the time': async () => {
    const on = await sealedVisit({ user: 'ada' }, { lifetime: '1d', absoluteLifetime: '3d' })
    for (let visit = 0; visit < 5; visit += 1) {
      on.clock.advance(DAY / 2)
      const session = await on.open()
      session.data['visit'] = visit
      if (visit === 3) await session.regenerate({ keep: true })
      await on.commit(session)
    }
    on.clock.advance(DAY / 2 - 1)
    assert.deepEqual(await on.found(), { user: 'ada', visit: 4 })
    on.clock.advance(1)
    assert.deepEqual(await on.found(), {})
  },

  'P7 a request that is no visit does not move the deadline, and a shortened lifetime reaches old cookies':
    async () => {
      const on = await sealedVisit()
      const { cookie } = on
      on.clock.advance(5 * DAY)
      assert.deepEqual((await on.commit(await on.open({ activity: false }))).setCookie, [])
      const polling = await on.open({ activity: false })
      const { expiresAt } = polling
      polling.data['polled'] = true
      await on.commit(polling)
      assert.equal((await on.open()).expiresAt, expiresAt)
      const short = sealed({ clock: on.clock, lifetime: '1h' })
      short.cookie = cookie
      await short.commit(await short.open())
      on.clock.advance(HOUR)
      assert.deepEqual(await short.found(), {})
    },

  'P8 has nothing to clean up: a sweep removes nothing, and no timer is set': async () => {
    const clock = testClock()
    const timers: number[] = []
    const sessions = createSessions({
      store: cookieStore({ keys: [testKey()] }),
      clock: { ...clock, after: (ms, callback) => (timers.push(ms), clock.after(ms, callback)) },
    })
    await sessions.open({ cookie: undefined, secure: false })
    assert.deepEqual([await sessions.sweep(), timers], [0, []])
    await sessions.close()
    await assert.rejects(sessions.open({ cookie: undefined, secure: false }), refusal('closed'))
  },

  'P9 reading sends nothing; a busy session is sealed anew ten times per lifetime at most, and lives on': async () => {
    const on = await sealedVisit({ user: 'ada' }, { lifetime: '1h' })
    let sent = 0
    for (let minute = 0; minute < 60; minute += 1) {
      on.clock.advance(60_000)
      const session = await on.open()
      assert.equal(session.data['user'], 'ada')
      sent += (await on.commit(session)).setCookie.length
    }
    assert.equal(sent, 10)
    on.clock.advance(0.9 * HOUR - 1)
    assert.deepEqual(await on.found(), { user: 'ada' })
  },

  'P10 what goes in comes out, and writing it again is no change': async () => {
    const data = {
      date: new Date(0),
      map: new Map<unknown, unknown>([[{ a: 1 }, new Set([1n])]]),
      bytes: new Uint8Array([0, 255]),
      nested: [{ list: [undefined, Number.NaN, -0, '\ud800', '\0'] }],
      keys: Object.fromEntries(['__proto__', 'constructor', 'toString'].map((key) => [key, 1])),
    }
    const on = await sealedVisit(data)
    const session = await on.open()
    assert.deepEqual({ ...session.data }, data)
    Object.assign(session.data, data)
    assert.deepEqual((await on.commit(session)).setCookie, [])
  },

  'P10 hostile texts come out as they went in, as values and as owners': async () => {
    for (const text of [...Object.values(hostilePayloads()), ...Object.values(hostileOwners())].map(String)) {
      if (text.length > 1000) continue
      const on = sealed()
      const session = await on.open()
      session.data['text'] = text
      session.owner = text
      await on.commit(session)
      const found = await on.open()
      assert.deepEqual([found.data['text'], found.owner], [text, text])
    }
  },

  'P10 a value that cannot be stored is named by its path, and nothing is sent': async () => {
    const on = await sealedVisit()
    const session = await on.open()
    session.data['cart'] = { items: [{ buy: () => {} }] }
    await assert.rejects(async () => on.commit(session), refusal('bad_value', 'cart.items[0].buy'))
    assert.deepEqual(await on.found(), { user: 'ada' })
  },

  'P11 has no store that could break: nothing waits for a time limit': async () => {
    const on = sealed({ storeTimeout: '1ms' })
    const session = await on.open()
    session.data['a'] = 1
    const committing = on.commit(session)
    on.clock.advance(HOUR)
    await committing
    assert.deepEqual(await on.found(), { a: 1 })
  },

  'P12 does not hold: what is with the visitors cannot be listed, and the policy says so': async () => {
    const on = await sealedVisit()
    await assert.rejects(Array.fromAsync(on.sessions.list()), refusal('cannot', 'nothing on the server can'))
    const words = on.sessions.describe()
    assert.match(words, /kept in the cookies of the visitors[^]*cannot be listed or revoked/)
    assert.doesNotMatch(words, /store call|records are removed|two requests change/)
    assert.deepEqual(
      on.events.filter(({ name }) => name === 'storeError'),
      [],
    )
  },
}

suite('sessions in cookies, promise by promise', () => {
  for (const [name, check] of Object.entries(PROMISES)) test(name, check)

  test('every promise has its place in the table', () => {
    const here = new Set(Object.keys(PROMISES).map((name) => name.split(' ')[0]))
    const all = Array.from({ length: 12 }, (_, index) => `P${index + 1}`)
    assert.deepEqual(here, new Set(all))
    for (const { promise } of sessionCases) assert.ok(promise !== undefined && here.has(promise), promise)
  })
})

suite('the size of the cookie', () => {
  test('4096 bytes of name, "=" and value are the most', async () => {
    // Base64 cannot have every length, so several names are tried, and each byte counts for one of them.
    const tried = await Promise.all(
      ['i', 'id', 'id1', 'id12'].map((name) => largest(() => sealed({ cookie: { name, secure: false } }))),
    )
    assert.equal(Math.max(...tried.map(({ cookie }) => cookie)), 4096)
    assert.equal(Math.min(...tried.map(({ refused }) => refused)), 4097)
    assert.ok(tried.every(({ data }) => data > 2800))
  })

  test('the error has the size and the largest keys', async () => {
    const on = sealed()
    const session = await on.open()
    Object.assign(session.data, { a: 'x'.repeat(2000), b: 'y'.repeat(1000), c: 'é'.repeat(600), d: 1 })
    const parts = [/id would take 59\d\d bytes/, 'data["a"] with 2002, data["c"] with 1202, data["b"] with 1002;']
    await assert.rejects(async () => on.commit(session), refusal('cookie_too_large', ...parts))
  })

  for (const member of ['save', 'update', 'commit'] as const)
    test(`${member}() that is refused sends nothing and leaves the session as it was`, async () => {
      const on = await sealedVisit()
      const session = await on.open()
      const big = (data: object) => Object.assign(data, { big: 'x'.repeat(5000) })
      const act = {
        save: () => (big(session.data), session.save()),
        update: () => session.update(big),
        commit: async () => (big(session.data), on.commit(session)),
      }[member]
      await assert.rejects(act, refusal('cookie_too_large', 'data["big"] with 5002'))
      assert.equal('big' in session.data, member !== 'update')
      delete session.data['big']
      assert.deepEqual((await on.commit(session)).setCookie, [])
      assert.deepEqual(await on.found(), { user: 'ada' })
    })
})

suite('a cookie for https only', () => {
  test('is not sent on a plain connection: the event withheld says so, and nothing is kept', async () => {
    const on = sealed({ cookie: { secure: true } })
    const session = await on.open({ secure: false })
    session.data['a'] = 1
    await session.save()
    assert.deepEqual((await on.commit(session)).setCookie, [])
    assert.equal(on.events[0]?.name, 'withheld')
    assert.ok(on.events.every(({ name }) => name === 'withheld'))
    assert.equal(session.isNew, true)
  })

  test('is sent over https, and read back', async () => {
    const on = sealed({ cookie: { secure: true } })
    const session = await on.open({ secure: true })
    session.data['a'] = 1
    assert.match((await on.commit(session)).setCookie[0] ?? '', /^__Host-id=.*; Secure;/)
    assert.deepEqual(await dataUnder(on, on.cookie), { a: 1 })
  })
})

/** The most characters of one key that fit, the size of the cookie that holds them, and the smallest one refused. */
async function largest(make: () => Scene): Promise<{ data: number; cookie: number; refused: number }> {
  let [data, tooMany, cookie, refused] = [0, 4096, 0, 0]
  while (tooMany - data > 1) {
    const tried = Math.floor((data + tooMany) / 2)
    const on = make()
    const session = await on.open()
    session.data['a'] = 'x'.repeat(tried)
    try {
      await on.commit(session)
      data = tried
      cookie = on.cookie?.length ?? 0
    } catch (error) {
      assert.ok(refusal('cookie_too_large', 'data["a"] with')(error))
      tooMany = tried
      refused = Number(/would take (\d+) bytes/.exec(String(error))?.[1])
    }
  }
  return { data, cookie, refused }
}

function throwing(): never {
  throw new Error('mine')
}

/** Async behind a type that says nothing of it, as JavaScript would let it through. */
const later: () => unknown = async () => {}
