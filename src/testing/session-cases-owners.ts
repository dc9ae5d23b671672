import { systemClock } from '../runtime/clock.ts'
import { flash, takeFlashes } from '../flash.ts'
import { isFresh, login, logout } from '../owners/login.ts'
import { check, same } from './check.ts'
import { times } from './races.ts'
import { arrived, site } from './visitor.ts'
import type { SessionBody, Site, Visitor } from './visitor.ts'

/** P3 on every store: signing in and out. */
export const signInBodies: Readonly<Record<string, SessionBody>> = {
  'P3 login() moves to a new ID; owner, time and note come back, and the old cookie is dead': async (context) => {
    const on = site(context)
    const ada = await arrived(on, { cart: [1] })
    const before = ada.cookie
    context.clock.advance(1000)
    const note = { device: 'Firefox 😀', address: '192.0.2.1' }
    await ada.request((session) => login(session, 'ada', { keep: true, note }))
    check(ada.cookie !== before, 'login() gave no new cookie')
    const session = await ada.open()
    same(session.owner, 'ada', 'the owner')
    same(session.authenticatedAt, context.clock.now(), 'authenticatedAt')
    same(JSON.stringify(session.note), JSON.stringify(note), 'the note')
    same(JSON.stringify(session.data), '{"cart":[1]}', 'the data')
    same(await isIn(on.visitor(before)), false, 'whether the old cookie opens a session')
    context.clock.advance(60_000)
    same(isFresh(await ada.open(), '1m'), false, 'isFresh() a minute later')
    await ada.request((again) => login(again, 'ada'))
    same(isFresh(await ada.open(), '1m'), true, 'isFresh() after login() again')
    same(JSON.stringify(await ada.data()), '{"cart":[1]}', 'the data after login() again')
  },
  'P3 logout() ends the session at once, and leaves room for a notice': async (context) => {
    const on = site(context)
    const ada = await signedIn(on, 'ada')
    const before = ada.cookie
    await ada.request(async (session) => {
      await logout(session)
      same(await isIn(on.visitor(before)), false, 'whether the old cookie opens a session before the response')
      flash(session, 'info', 'Signed out')
    })
    check(ada.cookie !== before, 'the notice has no cookie of its own')
    const session = await ada.open()
    same(session.owner, undefined, 'the owner')
    same(takeFlashes(session)[0]?.message, 'Signed out', 'the notice')
    await ada.request(logout)
    same(ada.cookie, undefined, 'the cookie after a logout without a notice')
  },
}

/** P3 and P12, for stores that list: ending an owner's sessions, whatever they are doing meanwhile. */
export const ownerBodies: Record<string, SessionBody> = {
  'P3 revokeAll() ends a session that moves to a new ID after it was listed': async (context) => {
    const on = site(context)
    const [ada, bob] = [await signedIn(on, 'ada'), await signedIn(on, 'bob')]
    on.gates.hold('list', { side: 'after' })
    const ending = on.sessions.revokeAll({ owner: 'ada' })
    const stop = await on.gates.reached('list', 'after')
    await ada.request((session) => session.regenerate({ keep: true }))
    stop.release()
    same(await ending, 1, 'sessions ended')
    same(await isIn(ada), false, 'whether the new cookie opens a session')
    same(await isIn(bob), true, "whether bob's session lives")
  },
  'P3 revokeAll() ends a session that is just moving to a new ID': async (context) => {
    const on = site(context)
    const ada = await signedIn(on, 'ada')
    const { cookie } = ada
    const { moving, release } = await midway(on, ada)
    // Another process: the queue of this one would make it wait for the move.
    same(await site(context).sessions.revokeAll({ owner: 'ada' }), 2, 'records ended')
    same(await release(), 0, 'cookies of the response')
    same(await on.sessions.revoke(moving), false, 'whether the new ID lives')
    same(await isIn(on.visitor(cookie)), false, 'whether the old cookie opens a session')
  },
  'P3 revoke() of an ID that the session has just left ends the session': async (context) => {
    const on = site(context)
    const ada = await signedIn(on, 'ada')
    const { id } = await ada.open()
    for (let moves = 0; moves < 2; moves += 1) await ada.request((session) => session.regenerate({ keep: true }))
    same(await on.sessions.revoke(id), true, 'revoke()')
    same(await isIn(ada), false, 'whether the new cookie opens a session')
    same(await on.sessions.revoke(id), false, 'revoke() once more')
  },
  'P12 the session that revokeAll() excepts may move to a new ID meanwhile': async (context) => {
    const on = site(context)
    const [ada, other] = [await signedIn(on, 'ada'), await signedIn(on, 'ada')]
    const { id } = await ada.open()
    const { release } = await midway(on, ada)
    same(await site(context).sessions.revokeAll({ owner: 'ada', except: id }), 1, 'sessions ended while it moves')
    same(await release(), 1, 'cookies of the response')
    same(await isIn(ada), true, 'whether the excepted session lives')
    same(await isIn(other), false, 'whether the other one lives')
    same(await on.sessions.revokeAll({ owner: 'ada', except: id }), 0, 'sessions ended after it moved')
    same(await isIn(ada), true, 'whether the excepted session still lives')
  },
}

for (const policy of ['end-oldest', 'refuse'] as const)
  ownerBodies[`P12 ten sign-ins at once keep to the limit of their owner: ${policy}`] = async (context) => {
    const ownerLimit = { sessions: 4, policy }
    // Those that wait for others really wait: as long as a busy server may take for ten sign-ins.
    const clock = { ...context.clock, sleep: (ms: number) => systemClock.sleep(ms) }
    // Two processes, as far as a store can tell.
    const sites = [site(context, { ownerLimit, clock }), site(context, { ownerLimit, clock })]
    const visitors = times(10, (n) => (sites[n % 2] ?? site(context)).visitor())
    const signingIn = visitors.map((visitor) => visitor.request((session) => login(session, 'ada', { keep: true })))
    const outcomes = await Promise.allSettled(signingIn)
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') same(codeIn(outcome.reason), 'owner_limit', 'a code')
    const owners = await Promise.all(visitors.map(async (visitor) => (await visitor.open()).owner))
    const admitted = owners.filter((owner) => owner === 'ada').length
    const listed = await Array.fromAsync(site(context).sessions.list({ owner: 'ada' }))
    same(listed.length, admitted, 'sessions listed')
    const went = outcomes.filter(({ status }) => status === 'fulfilled').length
    if (policy === 'end-oldest') {
      same(admitted, 4, 'visitors whose cookie opens a session of the owner')
    } else {
      // A server so busy that those who give way are still there after three seconds makes the others give way, too.
      same(went, admitted, 'sign-ins that went well')
      check(went <= 4, `${went} sign-ins went well, and 4 may`)
    }
  }

function codeIn(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : error
}

/** A visitor with a session of `owner`. */
async function signedIn(on: Site, owner: string): Promise<Visitor> {
  const visitor = on.visitor()
  await visitor.request((session) => {
    session.data['user'] = owner
    session.owner = owner
  })
  return visitor
}

/** Whether a visitor's cookie opens a session with something in it. */
async function isIn(visitor: Visitor): Promise<boolean> {
  return Object.keys(await visitor.data()).length > 0
}

/** A visitor whose session has its new record, while the old one is not superseded yet. */
async function midway(
  on: Site,
  visitor: Visitor,
): Promise<{ readonly moving: string; readonly release: () => Promise<number> }> {
  const session = await visitor.open()
  await session.regenerate({ keep: true })
  on.gates.hold('update')
  const committing = visitor.commit(session)
  const stop = await on.gates.reached('update')
  return {
    moving: session.id,
    async release() {
      stop.release()
      return (await committing).setCookie.length
    },
  }
}
