/** How many sessions an owner may have: the rule, and sign-ins that meet, stopped where it matters. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { createSessions, login } from '../../src/index.ts'
import type { OwnerLimit, Store } from '../../src/index.ts'
import { beyond } from '../../src/owners/owner-limit.ts'
import { cookieStore } from '../../src/stores/cookie.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { nullStore } from '../../src/stores/null.ts'
import { gatedStore, testClock } from '../../src/testing/index.ts'
import type { Gates } from '../../src/testing/index.ts'
import { refusal } from './refusal.ts'
import { testKey } from './sealed-site.ts'
import { scene } from './site.ts'
import type { Scene } from './site.ts'

/** Time only matters by its order here. */
const clock = testClock()

const POLICIES = ['end-oldest', 'refuse'] as const
const refused = refusal('owner_limit', 'sessions.list({ owner })')

suite('who is beyond the limit', () => {
  const held = fc.uniqueArray(fc.record({ id: fc.string({ minLength: 1 }), since: fc.nat(3) }), {
    selector: ({ id }) => id,
  })

  test('all but the limit, and never one that who sees more would keep', () => {
    fc.assert(
      fc.property(
        held,
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom(...POLICIES),
        fc.nat(),
        (all, most, policy, n) => {
          const limit = { sessions: most, policy }
          const named = beyond(all, limit)
          assert.equal(named.length, Math.max(0, all.length - most))
          const fewer = all.filter((_, at) => at !== n % Math.max(1, all.length))
          for (const { id } of beyond(fewer, limit)) assert.ok(named.some((each) => each.id === id))
          assert.deepEqual(beyond(all.toReversed(), limit), named)
        },
      ),
    )
  })

  test('the oldest, or the newest', () => {
    const three = [3, 1, 2].map((since) => ({ id: `${since}`, since }))
    assert.deepEqual(
      beyond(three, { sessions: 1, policy: 'end-oldest' }).map(({ id }) => id),
      ['1', '2'],
    )
    assert.deepEqual(
      beyond(three, { sessions: 1, policy: 'refuse' }).map(({ id }) => id),
      ['2', '3'],
    )
  })
})

suite('one after the other', () => {
  test('end-oldest: the fourth of three ends the one whose owner proved who they are the longest ago', async () => {
    const place = shared({ sessions: 3, policy: 'end-oldest' })
    const [one, two, three, four] = [place(), place(), place(), place()]
    for (const on of [one, two, three]) await signIn(on, 'ada')
    await signIn(one, 'ada')
    await signIn(four, 'ada')
    assert.deepEqual(await owners(one, two, three, four), ['ada', undefined, 'ada', 'ada'])
    assert.deepEqual(four.events.filter(({ name }) => name === 'revoked').length, 1)
  })

  test('refuse: the fourth is refused and stays what it was; with an ended one there is room', async () => {
    const place = shared({ sessions: 3, policy: 'refuse' })
    const [one, two, three, four] = [place(), place(), place(), place()]
    for (const on of [one, two, three]) await signIn(on, 'ada')
    const visit = await four.open()
    visit.data['cart'] = [1]
    await four.commit(visit)
    const session = await four.open()
    const { id } = session
    await assert.rejects(login(session, 'ada', { keep: true }), refused)
    assert.deepEqual([session.id, session.owner, session.data], [id, undefined, { cart: [1] }])
    assert.deepEqual((await four.commit(session)).setCookie, [])
    assert.equal((await Array.fromAsync(four.sessions.list())).length, 4, 'nothing is left of the attempt')
    await signIn(three, 'ada')
    await one.sessions.revokeAll({ owner: 'ada', except: await two.open() })
    await signIn(four, 'ada', true)
    assert.deepEqual(await four.found(), { cart: [1] })
    assert.deepEqual(await owners(one, two, three, four), [undefined, 'ada', undefined, 'ada'])
  })

  test('refuse: a visitor without a session is left without one', async () => {
    const place = shared({ sessions: 1, policy: 'refuse' })
    const [one, two] = [place(), place()]
    await signIn(one, 'ada')
    const session = await two.open()
    await assert.rejects(login(session, 'ada'), refused)
    assert.equal(session.isNew, true)
    assert.deepEqual((await two.commit(session)).setCookie, [])
    assert.equal((await Array.fromAsync(two.sessions.list())).length, 1)
  })

  test('refuse: of ten at once exactly as many go well as there are places', async () => {
    const place = shared({ sessions: 4, policy: 'refuse' })
    const signingIn = Array.from({ length: 10 }, async () => signIn(place(), 'ada'))
    const outcomes = await Promise.allSettled(signingIn)
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 4)
  })

  test('it is each owner’s own, and nobody’s sessions have none', async () => {
    const place = shared({ sessions: 1, policy: 'refuse' })
    const [one, two] = [place(), place()]
    await signIn(one, 'ada')
    await signIn(two, 'bob')
    for (let n = 0; n < 3; n += 1) {
      const on = place()
      const session = await on.open()
      session.data['n'] = n
      await on.commit(session)
    }
    assert.equal((await Array.fromAsync(one.sessions.list())).length, 5)
    assert.equal(place.gates.count('list'), 2 + 1, 'who is not signing in is not counted')
  })

  test('signing in again, and moving to a new ID, take no further place', async () => {
    for (const policy of POLICIES) {
      const place = shared({ sessions: 1, policy })
      const on = place()
      await signIn(on, 'ada')
      await signIn(on, 'ada')
      const session = await on.open()
      await session.regenerate({ keep: true })
      await on.commit(session)
      assert.deepEqual(await owners(on), ['ada'])
      assert.equal(place.gates.count('list'), 1)
    }
  })

  test('who comes from another owner’s session, and a moving one, count once', async () => {
    for (const policy of POLICIES) {
      const place = shared({ sessions: 2, policy })
      const [one, two] = [place(), place()]
      await signIn(one, 'bob')
      await signIn(one, 'ada')
      const moving = await one.open()
      await moving.regenerate({ keep: true })
      place.gates.hold('update')
      const committing = one.commit(moving)
      const stop = await place.gates.reached('update')
      await signIn(two, 'ada')
      stop.release()
      await committing
      assert.deepEqual(await owners(one, two), ['ada', 'ada'])
    }
  })

  test('expired sessions take no place', async () => {
    const place = shared({ sessions: 1, policy: 'refuse' })
    const [one, two] = [place(), place()]
    await signIn(one, 'ada')
    clock.advance(10 * 86_400_000)
    await signIn(two, 'ada')
    assert.deepEqual(await owners(one, two), [undefined, 'ada'])
  })
})

suite('at the same moment', () => {
  for (const policy of POLICIES)
    test(`${policy}: two that are in the store before either counts agree who stays`, async () => {
      const place = shared({ sessions: 1, policy })
      const [one, two] = [place(), place()]
      const sessions = [await one.open(), await two.open()] as const
      place.gates.hold('list', { times: 2 })
      const signingIn = sessions.map((session) => login(session, 'ada'))
      const stops = [await place.gates.reached('list'), await place.gates.reached('list')]
      for (const stop of stops) stop.release()
      const outcomes = await Promise.allSettled(signingIn)
      await one.commit(sessions[0])
      await two.commit(sessions[1])
      assert.equal((await owners(one, two)).filter((owner) => owner === 'ada').length, 1)
      const failed = outcomes.filter((outcome) => outcome.status === 'rejected')
      if (policy === 'refuse') assert.equal(failed.length, 1)
      for (const { reason } of failed) assert.ok(refused(reason))
    })

  for (const policy of POLICIES)
    test(`${policy}: one that began before another and comes to the store after it gives way`, async () => {
      const place = shared({ sessions: 1, policy })
      const [early, late] = [place(), place()]
      const session = await early.open()
      place.gates.hold('create')
      const signingIn = login(session, 'ada')
      const stop = await place.gates.reached('create')
      clock.advance(1000)
      await signIn(late, 'ada')
      stop.release()
      await assert.rejects(signingIn, refused)
      await early.commit(session)
      assert.deepEqual(await owners(early, late), [undefined, 'ada'])
    })

  test('one that is ended between coming to the store and counting is not signed in', async () => {
    const place = shared({ sessions: 2, policy: 'end-oldest' })
    const on = place()
    const session = await on.open()
    place.gates.hold('list')
    const signingIn = login(session, 'ada')
    const stop = await place.gates.reached('list')
    const elsewhere = place()
    assert.equal(await elsewhere.sessions.revokeAll({ owner: 'ada' }), 1)
    stop.release()
    await assert.rejects(signingIn, refused)
    assert.deepEqual((await on.commit(session)).setCookie, [])
  })

  test('a session that moves between index and record while others count takes its place', async () => {
    const inner = memoryStore()
    let between = async (): Promise<void> => {}
    const store: Store = {
      ...inner,
      async *list(filter) {
        const ids = new Set((await Array.fromAsync(inner.list(filter))).map(({ id }) => id))
        const run = between
        between = async () => {}
        await run()
        for await (const record of inner.list(filter)) if (ids.has(record.id)) yield record
      },
    }
    const place = shared({ sessions: 1, policy: 'refuse' }, store)
    const [one, two] = [place(), place()]
    await signIn(one, 'ada')
    between = async () => {
      const session = await one.open()
      await session.regenerate({ keep: true })
      await one.commit(session)
    }
    await assert.rejects(login(await two.open(), 'ada'), refused)
    assert.deepEqual(await owners(one), ['ada'])
  })

  test('when the oldest cannot be ended nobody has signed in', async () => {
    const place = shared({ sessions: 1, policy: 'end-oldest' })
    const [one, two] = [place(), place()]
    await signIn(one, 'ada')
    const session = await two.open()
    place.gates.fail('update', new Error('disk full'))
    await assert.rejects(login(session, 'ada'), refusal('store_failed'))
    assert.deepEqual(await owners(one, two), ['ada', undefined])
    assert.equal((await Array.fromAsync(two.sessions.list())).length, 1)
  })
})

suite('an owner that is set directly', () => {
  test('is held to the limit, too: when refused, the session keeps its former owner and what was saved', async () => {
    for (const save of ['commit', 'save', 'update'] as const) {
      const place = shared({ sessions: 1, policy: 'refuse' })
      const [one, two] = [place(), place()]
      await signIn(one, 'ada')
      await signIn(two, 'bob')
      const { authenticatedAt } = await two.open()
      const session = await two.open()
      session.owner = 'ada'
      session.data['cart'] = [1]
      const saving =
        save === 'commit'
          ? two.commit(session)
          : save === 'save'
            ? session.save()
            : session.update((data) => void (data['n'] = 1))
      await assert.rejects(Promise.resolve(saving), refused)
      const next = await two.open()
      assert.deepEqual([next.owner, next.data['cart'], next.authenticatedAt], ['bob', [1], authenticatedAt])
      assert.equal(session.owner, 'bob')
      assert.equal((await Array.fromAsync(one.sessions.list({ owner: 'ada' }))).length, 1)
    }
  })

  test('ends the oldest, where that is the policy', async () => {
    const place = shared({ sessions: 1, policy: 'end-oldest' })
    const [one, two] = [place(), place()]
    await signIn(one, 'ada')
    clock.advance(1000)
    const session = await two.open()
    session.owner = 'ada'
    await two.commit(session)
    assert.deepEqual(await owners(one, two), [undefined, 'ada'])
  })
})

suite('the option', () => {
  test('takes a whole number and a policy', () => {
    const bad: readonly unknown[] = [
      5,
      null,
      'refuse',
      {},
      { sessions: 5 },
      { sessions: 0, policy: 'refuse' },
      { sessions: 1.5, policy: 'refuse' },
      { sessions: '5', policy: 'refuse' },
      { sessions: 5, policy: 'evict' },
      { sessions: 5, policy: 'refuse', max: 3 },
    ]
    for (const ownerLimit of bad)
      assert.throws(
        () => createSessions({ store: memoryStore(), ownerLimit: ownerLimit as OwnerLimit }),
        refusal('bad_option', 'ownerLimit'),
        JSON.stringify(ownerLimit),
      )
  })

  test('is refused where sessions cannot be counted, and harmless where there are none', () => {
    const ownerLimit: OwnerLimit = { sessions: 5, policy: 'refuse' }
    const { list: _, ...blind } = memoryStore()
    assert.throws(() => createSessions({ store: blind, ownerLimit }), refusal('cannot', 'ownerLimit', 'cannot list'))
    const sealed = cookieStore({ keys: [testKey()] })
    assert.throws(() => createSessions({ store: sealed, ownerLimit }), refusal('cannot', 'ownerLimit', 'cookies'))
    createSessions({ store: nullStore(), ownerLimit })
  })

  test('is told by describe()', () => {
    const described = (sessions: number, policy: OwnerLimit['policy']): string =>
      createSessions({ store: memoryStore(), ownerLimit: { sessions, policy } }).describe()
    assert.match(described(5, 'end-oldest'), /^An owner has 5 sessions at most; a further sign-in ends the oldest\.$/m)
    assert.match(described(1, 'refuse'), /^An owner has one session at most; a further sign-in is refused\.$/m)
    assert.doesNotMatch(createSessions({ store: memoryStore() }).describe(), /An owner/)
  })
})

/** Visitors at instances of their own, over one gated store and one clock. */
function shared(ownerLimit: OwnerLimit, store: Store = memoryStore()): (() => Scene) & { readonly gates: Gates } {
  const gates = gatedStore(store)
  return Object.assign(() => scene({ ownerLimit, store: gates.store, clock }), { gates })
}

/** Each a second apart from everything else. */
async function signIn(on: Scene, owner: string, keep = false): Promise<void> {
  clock.advance(1000)
  const session = await on.open()
  await login(session, owner, { keep })
  await on.commit(session)
  clock.advance(1000)
}

async function owners(...scenes: readonly Scene[]): Promise<(string | undefined)[]> {
  return Promise.all(scenes.map(async (on) => (await on.open({ activity: false })).owner))
}
