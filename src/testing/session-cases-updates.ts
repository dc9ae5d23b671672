import { check, same } from './check.ts'
import { times } from './races.ts'
import { arrived, codeOf, site } from './visitor.ts'
import type { SessionBody } from './visitor.ts'

/** P2: no update is lost. */
export const updateBodies: Readonly<Record<string, SessionBody>> = {
  'two requests that change different keys of one session both survive': async (context) => {
    const on = site(context)
    const ada = await arrived(on)
    const [one, two] = [await ada.open(), await ada.open()]
    one.data['a'] = 1
    two.data['b'] = { deep: [2] }
    await ada.commit(one)
    await ada.commit(two)
    same(JSON.stringify(await ada.data()), '{"user":"ada","a":1,"b":{"deep":[2]}}', 'the data of both')
    same(on.events('conflict').length, 0, 'conflict events')
  },
  '50 requests at once that set 50 keys leave 50 keys': async (context) => {
    const on = site(context)
    const ada = await arrived(on)
    const opened = await Promise.all(times(50, () => ada.open()))
    await Promise.all(
      opened.map((session, n) => {
        session.data[`key${n}`] = n
        return ada.commit(session)
      }),
    )
    same(Object.keys(await ada.data()).length, 51, 'keys, the first included')
  },
  'of two changes of one key the later saved stays, and an event says so': async (context) => {
    const on = site(context)
    const ada = await arrived(on)
    const [one, two] = [await ada.open(), await ada.open()]
    one.data['user'] = 'one'
    two.data['user'] = 'two'
    await ada.commit(one)
    await ada.commit(two)
    same((await ada.data())['user'], 'two', 'data.user')
    const [event] = await on.told('conflict')
    same(`${event?.key} ${event?.winner}`, 'user ours', 'the conflict event')
  },
  "onConflict 'theirs' keeps what was saved first": async (context) => {
    const on = site(context, { onConflict: 'theirs' })
    const ada = await arrived(on)
    const [one, two] = [await ada.open(), await ada.open()]
    one.data['user'] = 'one'
    two.data['user'] = 'two'
    two.data['other'] = 2
    await ada.commit(one)
    await ada.commit(two)
    same(JSON.stringify(await ada.data()), '{"user":"one","other":2}', 'the data')
    same((await on.told('conflict'))[0]?.winner, 'theirs', 'the winner in the event')
  },
  "onConflict 'error' saves nothing of the later request": async (context) => {
    const on = site(context, { onConflict: 'error' })
    const ada = await arrived(on)
    const [one, two] = [await ada.open(), await ada.open()]
    one.data['user'] = 'one'
    two.data['user'] = 'two'
    two.data['other'] = 2
    await ada.commit(one)
    same(await codeOf(() => ada.commit(two)), 'conflict', 'the error code')
    same(JSON.stringify(await ada.data()), '{"user":"one"}', 'the data')
  },
  'an onConflict function sees base, ours and theirs, and its answer is kept': async (context) => {
    const on = site(context, {
      onConflict: ({ key, base, ours, theirs }) => `${key}:${String(base)}:${String(ours)}:${String(theirs)}`,
    })
    const ada = await arrived(on)
    const [one, two] = [await ada.open(), await ada.open()]
    one.data['user'] = 'one'
    two.data['user'] = 'two'
    await ada.commit(one)
    await ada.commit(two)
    same((await ada.data())['user'], 'user:ada:two:one', 'data.user')
  },
  'a deletion beats a change, whichever is saved last': async (context) => {
    for (const deletionFirst of [true, false]) {
      const on = site(context)
      const ada = await arrived(on)
      const [logout, slow] = [await ada.open(), await ada.open()]
      delete logout.data['user']
      slow.data['user'] = 'ada, refreshed'
      slow.data['seen'] = 1
      for (const session of deletionFirst ? [logout, slow] : [slow, logout]) await ada.commit(session)
      same(JSON.stringify(await ada.data()), '{"seen":1}', `the data, deletion ${deletionFirst ? 'first' : 'last'}`)
      same((await on.told('conflict'))[0]?.winner, 'deletion', 'the winner in the event')
    }
  },
  '100 update() at once count 100': async (context) => {
    const on = site(context)
    const ada = await arrived(on, { count: 0 })
    const opened = await Promise.all(times(100, () => ada.open()))
    await Promise.all(
      opened.map(async (session) => {
        await session.update((data) => {
          data['count'] = Number(data['count']) + 1
        })
        await ada.commit(session)
      }),
    )
    same((await ada.data())['count'], 100, 'the count')
  },
  'update() from two instances on one store loses nothing': async (context) => {
    const [here, there] = [site(context), site(context)]
    const ada = await arrived(here, { count: 0 })
    const twin = there.visitor(ada.cookie)
    await Promise.all(
      times(40, async (n) => {
        const session = await (n % 2 === 0 ? ada : twin).open()
        await session.update((data) => {
          data['count'] = Number(data['count']) + 1
        })
      }),
    )
    same((await ada.data())['count'], 40, 'the count')
  },
  'update() sees and saves the unsaved changes of its request': async (context) => {
    const on = site(context)
    const ada = await arrived(on, { count: 1 })
    const session = await ada.open()
    await ada.request(({ data }) => Object.assign(data, { other: true }))
    session.data['count'] = 5
    await session.update((data) => {
      check(data['other'] === true || on.gates.count('update') < 3, 'the second try works on the newest record')
      data['count'] = Number(data['count']) + 1
    })
    same(JSON.stringify(session.data), '{"count":6,"other":true}', 'data after update()')
    same(JSON.stringify(await ada.data()), JSON.stringify({ count: 6, other: true }), 'the stored data')
    const { setCookie } = await ada.commit(session)
    same(setCookie.length, 0, 'cookies for a session that only changed')
  },
  'what update() throws is passed on, and nothing is saved': async (context) => {
    const on = site(context)
    const ada = await arrived(on)
    const session = await ada.open()
    same(await codeOf(() => session.update(failing)), 'mine', 'the error code')
    same(await codeOf(() => session.update(later)), 'async_updater', 'the code for a promise')
    await ada.commit(session)
    same(on.gates.count('update'), 0, 'updates')
  },
  'a session changed by nobody else is saved in one write, with the data it was given': async (context) => {
    const on = site(context)
    const ada = await arrived(on)
    const session = await ada.open()
    const list = [1]
    session.data['list'] = list
    await session.save()
    list.push(2)
    await ada.commit(session)
    same(on.gates.count('update'), 2, 'updates: save() and the commit')
    same(JSON.stringify(await ada.data()), '{"user":"ada","list":[1,2]}', 'the data')
  },
}

function failing(): never {
  throw Object.assign(new Error('no'), { code: 'mine' })
}

/** Async behind a type that says nothing of it, as JavaScript would let it through. */
const later: () => unknown = async () => {}
