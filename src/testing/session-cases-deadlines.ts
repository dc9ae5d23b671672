import { check, same } from './check.ts'
import { nextTurn } from './races.ts'
import { arrived, site } from './visitor.ts'
import type { SessionBody } from './visitor.ts'

const HOUR = 3_600_000

/** P7 and P9: when a session ends, and what that costs. */
export const deadlineBodies: Readonly<Record<string, SessionBody>> = {
  'P7 an idle session ends at its lifetime to the millisecond, whatever the store still holds': async (context) => {
    const on = site(context)
    const ada = await arrived(on)
    context.clock.advance(HOUR - 1)
    same((await ada.data())['user'], 'ada', 'data.user one millisecond before')
    context.clock.advance(1)
    same(Object.keys(await ada.data()).length, 0, 'keys at the deadline')
  },
  'P7 a session that is visited all the time ends at its absolute lifetime': async (context) => {
    const on = site(context, { absoluteLifetime: '3h' })
    const ada = await arrived(on)
    for (let visits = 0; visits < 5; visits += 1) {
      context.clock.advance(HOUR / 2)
      await ada.request(({ data }) => Object.assign(data, { visits }))
      same((await ada.data())['user'], 'ada', `data.user after ${visits + 1} half hours`)
    }
    await ada.request((session) => session.regenerate({ keep: true }))
    context.clock.advance(HOUR / 2)
    same(Object.keys(await ada.data()).length, 0, 'keys after three hours')
  },
  'P7 a request that is no visit does not move the deadline': async (context) => {
    const on = site(context)
    const ada = await arrived(on)
    for (let polls = 0; polls < 3; polls += 1) {
      context.clock.advance(HOUR / 4)
      await ada.commit(await ada.open(false))
    }
    same(on.gates.count('touch'), 0, 'touches')
    context.clock.advance(HOUR / 4)
    same(Object.keys(await ada.data()).length, 0, 'keys an hour after the last visit')
  },
  'P7 a shortened lifetime reaches live sessions with their next visit': async (context) => {
    const long = site(context, { lifetime: '10h' })
    const ada = await arrived(long)
    const short = site(context)
    const shortly = short.visitor(ada.cookie)
    await shortly.request(() => {})
    context.clock.advance(HOUR)
    same(Object.keys(await shortly.data()).length, 0, 'keys an hour after the visit')
  },
  'P7 a session that becomes permanent lives as long as those do, and one that ceases to be as long as the others':
    async (context) => {
      const on = site(context, { lifetime: { permanent: '10h', browser: '1h' }, permanent: false })
      const ada = await arrived(on)
      context.clock.advance(HOUR / 2)
      const staying = await ada.request((session) => {
        session.permanent = true
      })
      check(
        /; Max-Age=36000;/.test(String(staying.setCookie)),
        `the cookie of a permanent session: ${staying.setCookie.join()}`,
      )
      context.clock.advance(9 * HOUR)
      same((await ada.data())['user'], 'ada', 'data.user nine hours later')
      const leaving = await ada.request((session) => {
        session.permanent = false
      })
      check(
        !/Max-Age/.test(String(leaving.setCookie)),
        `the cookie that ends with the window: ${leaving.setCookie.join()}`,
      )
      context.clock.advance(HOUR - 1)
      same((await ada.data())['user'], 'ada', 'data.user one millisecond before the hour')
      context.clock.advance(1)
      same(Object.keys(await ada.data()).length, 0, 'keys an hour later')
    },
  'P9 reading costs one store call, a new session one, a change two': async (context) => {
    const on = site(context)
    const ada = await arrived(on)
    same(on.gates.calls.map(({ operation }) => operation).join(), 'create', 'calls of a new session')
    await ada.request(({ data }) => JSON.stringify(data))
    same(on.gates.calls.map(({ operation }) => operation).join(), 'create,read', 'calls with a reading request')
    await ada.request(({ data }) => Object.assign(data, { a: 1 }))
    same(on.gates.calls.map(({ operation }) => operation).join(), 'create,read,read,update', 'calls with a change')
  },
  'P9 a busy session pushes its deadline ten times per lifetime at most, and lives on': async (context) => {
    const on = site(context)
    const ada = await arrived(on)
    for (let minute = 0; minute < 60; minute += 1) {
      context.clock.advance(60_000)
      await ada.request(({ data }) => JSON.stringify(data))
    }
    check(on.gates.count('touch') >= 9 && on.gates.count('touch') <= 10, `${on.gates.count('touch')} touches an hour`)
    context.clock.advance(HOUR * 0.9 - 1)
    same((await ada.data())['user'], 'ada', 'data.user 0.9 lifetimes after the last visit')
  },
}

/** P8 and P12, for stores that sweep or list. */
export const operatorBodies: Readonly<Record<'list' | 'sweep', Readonly<Record<string, SessionBody>>>> = {
  sweep: {
    'P8 dead records go away by themselves while nobody visits': async (context) => {
      // A clock moved by the minute would let a time limit of seconds pass before any store can answer.
      const on = site(context, { sweepEvery: '5m', storeTimeout: '2h' })
      await Promise.all([arrived(on), arrived(on)])
      const keeper = await arrived(site(context, { lifetime: '10d' }))
      const swept: number[] = []
      on.sessions.on('swept', ({ removed }) => swept.push(...Array<number>(removed).fill(1)))
      context.clock.advance(HOUR)
      // Minutes pass; the sweeps they bring need turns of the event loop.
      for (let minute = 0; minute < 600 && swept.length < 2; minute += 1) {
        context.clock.advance(60_000)
        await nextTurn()
      }
      same(swept.length, 2, 'records removed')
      same((await keeper.data())['user'], 'ada', 'data.user of the one that lives')
      await on.sessions.close()
    },
  },
  list: {
    'P12 sessions can be listed by owner, and ended one by one, all, or all but one': async (context) => {
      const on = site(context)
      const [one, two, three] = [await arrived(on), await arrived(on), await arrived(on)]
      for (const visitor of [one, two, three])
        await visitor.request((session) => {
          session.owner = visitor === three ? 'bob' : 'ada'
        })
      same(await count(on.sessions.list({ owner: 'ada' })), 2, "ada's sessions")
      same(await count(on.sessions.list()), 3, 'all sessions')
      const { id } = await one.open()
      same(await on.sessions.revokeAll({ owner: 'ada', except: id }), 1, 'sessions revoked')
      same(Object.keys(await two.data()).length, 0, 'keys of the revoked one')
      same((await one.data())['user'], 'ada', 'data.user of the one excepted')
      same(await on.sessions.revoke(id), true, 'revoke()')
      same(await count(on.sessions.list()), 1, 'sessions left')
    },
    'P12 a superseded record is not listed': async (context) => {
      const on = site(context)
      const ada = await arrived(on)
      await ada.request((session) => session.regenerate({ keep: true }))
      same(await count(on.sessions.list()), 1, 'sessions listed')
    },
  },
}

async function count(items: AsyncIterable<unknown>): Promise<number> {
  let found = 0
  for await (const item of items) if (item) found += 1
  return found
}
