import { check, same } from './check.ts'
import { arrived, codeOf, site } from './visitor.ts'
import type { Data, SessionBody, Site, Visitor } from './visitor.ts'
import type { Session } from '../session.ts'

/** P3: dead stays dead, whatever slower requests are in flight; they send no cookie either. */
export const endingBodies: Readonly<Record<string, SessionBody>> = {
  'a request that began before destroy() and writes after it brings nothing back': async (context) => {
    const on = site(context)
    const ada = await arrived(on)
    const slow = await ada.open()
    const { cookie } = ada
    await ada.request((session) => session.destroy())
    slow.data['user'] = 'back again'
    const reply = await ada.commit(slow)
    same(reply.setCookie.length, 0, 'cookies of the slow request')
    same(Object.keys(await on.visitor(cookie).data()).length, 0, 'keys under the old cookie')
    same((await on.told('gone'))[0]?.keys.join(), 'user', 'the keys named by the gone event')
  },
  'a write that has left for the store while the session is destroyed brings nothing back': async (context) => {
    const on = site(context)
    const ada = await arrived(on)
    const { cookie } = ada
    const slow = await ada.open()
    slow.data['user'] = 'back again'
    on.gates.hold('update')
    const committing = ada.commit(slow)
    const stop = await on.gates.reached('update')
    // Another process: the queue of this one would make the destroy wait its turn.
    await site(context)
      .visitor(cookie)
      .request((session) => session.destroy())
    stop.release()
    same((await committing).setCookie.length, 0, 'cookies of the slow request')
    same(Object.keys(await on.visitor(cookie).data()).length, 0, 'keys under the old cookie')
  },
  'a push of the deadline that meets a destroy brings nothing back and sends no cookie': async (context) => {
    const on = site(context)
    const ada = await arrived(on)
    const { cookie } = ada
    context.clock.advance(600_000)
    const reading = await ada.open()
    on.gates.hold('touch')
    const committing = ada.commit(reading)
    const stop = await on.gates.reached('touch')
    await on.visitor(cookie).request((session) => session.destroy())
    stop.release()
    same((await committing).setCookie.length, 0, 'cookies')
    same(Object.keys(await on.visitor(cookie).data()).length, 0, 'keys under the old cookie')
  },
  'a session that expires while a request runs is not written and gets no cookie': async (context) => {
    const on = site(context)
    const ada = await arrived(on)
    const slow = await ada.open()
    context.clock.advance(3_600_000)
    slow.data['user'] = 'late'
    same((await ada.commit(slow)).setCookie.length, 0, 'cookies')
    same(Object.keys(await ada.data()).length, 0, 'keys found afterwards')
  },
  'save() and update() of a session that has ended say so': async (context) => {
    const on = site(context)
    const ada = await arrived(on)
    const slow = await ada.open()
    await on.visitor(ada.cookie).request((session) => session.destroy())
    slow.data['user'] = 'back again'
    same(await codeOf(() => slow.save()), 'session_ended', 'the code from save()')
    same(await codeOf(() => slow.update(() => {})), 'session_ended', 'the code from update()')
    same(await slow.reload(), false, 'reload()')
  },
  'after regenerate() the old cookie sees nothing, writes nothing and gets no cookie': async (context) => {
    const on = site(context)
    const ada = await arrived(on)
    const before = ada.cookie
    const inFlight = await ada.open()
    await login(ada)
    check(ada.cookie !== before, 'regenerate() gave no new cookie')
    inFlight.data['user'] = 'mallory'
    same((await on.visitor(before).commit(inFlight)).setCookie.length, 0, 'cookies of the request in flight')
    const late = on.visitor(before)
    const reply = await late.request((session) => {
      same(Object.keys(session.data).length, 0, 'keys a request with the old cookie sees')
      session.data['user'] = 'mallory'
    })
    same(reply.setCookie.length, 0, 'cookies of a request with the old cookie')
    same(JSON.stringify(await ada.data()), '{"user":"ada","login":true}', 'the data under the new cookie')
  },
  'of two regenerates at once exactly one ID lives, and only its response has a cookie': async (context) => {
    const on = site(context)
    const ada = await arrived(on)
    const [one, two] = [await ada.open(), await ada.open()]
    await one.regenerate({ keep: true })
    await two.regenerate({ keep: true })
    on.gates.hold('update', { times: 2 })
    const committing = [ada.commit(one), ada.commit(two)]
    const first = await on.gates.reached('update')
    first.release()
    ;(await on.gates.reached('update')).release()
    const replies = await Promise.all(committing)
    same(replies.flatMap((reply) => reply.setCookie).length, 1, 'cookies')
    same(await living(on, [one, two]), 1, 'IDs that open a session')
  },
  'a regenerate that meets a destroy leaves nothing behind': async (context) => {
    const on = site(context)
    const ada = await arrived(on)
    const { cookie } = ada
    const moving = await ada.open()
    await moving.regenerate({ keep: true })
    on.gates.hold('update')
    const committing = ada.commit(moving)
    const stop = await on.gates.reached('update')
    await site(context)
      .visitor(cookie)
      .request((session) => session.destroy())
    stop.release()
    same((await committing).setCookie.length, 0, 'cookies')
    same(await living(on, [moving]), 0, 'IDs that open a session')
    same(Object.keys(await on.visitor(cookie).data()).length, 0, 'keys under the old cookie')
  },
  'a destroy with the old cookie does not touch the session that moved on, nor its cookie': async (context) => {
    const on = site(context)
    const ada = await arrived(on)
    const stale = await ada.open()
    await login(ada)
    await stale.destroy()
    same((await on.visitor().commit(stale)).setCookie.length, 0, 'cookie deletions')
    same((await ada.data())['login'], true, 'data.login under the new cookie')
  },
  'a change saved while a regenerate is under way is carried over': async (context) => {
    const on = site(context)
    const ada = await arrived(on)
    const { cookie } = ada
    const moving = await ada.open()
    await moving.regenerate({ keep: true })
    moving.data['login'] = true
    on.gates.hold('update')
    const committing = ada.commit(moving)
    const stop = await on.gates.reached('update')
    await site(context)
      .visitor(cookie)
      .request(({ data }) => Object.assign(data, { cart: [1] }))
    stop.release()
    await committing
    same(JSON.stringify(await ada.data()), '{"user":"ada","cart":[1],"login":true}', 'the data under the new ID')
  },
  'a change that an emptying regenerate leaves behind is named by an event': async (context) => {
    const on = site(context)
    const ada = await arrived(on)
    const { cookie } = ada
    const moving = await ada.open()
    await moving.regenerate()
    on.gates.hold('update')
    const committing = ada.commit(moving)
    const stop = await on.gates.reached('update')
    await site(context)
      .visitor(cookie)
      .request(({ data }) => Object.assign(data, { cart: [1] }))
    stop.release()
    await committing
    same(JSON.stringify(await ada.data()), '{}', 'the data under the new ID')
    same(
      on
        .events('conflict')
        .map(({ key }) => key)
        .join(),
      'cart',
      'the keys named by conflict events',
    )
  },
  'regenerate({ keep: [keys] }) carries those over, and the age of the session with them': async (context) => {
    const on = site(context)
    const ada = await arrived(on, { cart: [1], user: 'ada' })
    const { createdAt } = await ada.open()
    context.clock.advance(1000)
    await ada.request((session) => session.regenerate({ keep: ['cart'] }))
    same(JSON.stringify(await ada.data()), '{"cart":[1]}', 'the data')
    same((await ada.open()).createdAt, createdAt, 'createdAt')
  },
}

async function login(visitor: Visitor): Promise<void> {
  await visitor.request(async (session) => {
    await session.regenerate({ keep: true })
    session.data['login'] = true
  })
}

/** How many of the sessions are live records in the store. */
async function living(on: Site, sessions: readonly Session<Data>[]): Promise<number> {
  const removed = await Promise.all(sessions.map(({ id }) => on.sessions.revoke(id)))
  return removed.filter(Boolean).length
}
