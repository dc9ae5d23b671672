import { check, same } from './check.ts'
import { hostileOwners, hostilePayloads } from './hostile-values.ts'
import { arrived, codeOf, site } from './visitor.ts'
import type { SessionBody } from './visitor.ts'

/** P1, P4 to P6, P10 and P11: the promises about cost, saving, IDs, values and failing stores. */
export const promiseBodies: Readonly<Record<string, SessionBody>> = {
  'P1 a request without a cookie that stores nothing costs no store call and gets no cookie': async (context) => {
    const on = site(context)
    const reply = await on.visitor().request(({ data }) => JSON.stringify(data))
    same(reply.setCookie.length, 0, 'cookies')
    same(on.gates.count(), 0, 'store calls')
  },
  'P4 when the record cannot be made there is an error and no cookie': async (context) => {
    const on = site(context)
    on.gates.fail('create', new Error('disk full'))
    const someone = on.visitor()
    same(await codeOf(() => someone.request(({ data }) => Object.assign(data, { a: 1 }))), 'store_failed', 'the code')
    same(someone.cookie, undefined, 'the cookie')
    same((await on.told('storeError'))[0]?.operation, 'create', 'the operation in the event')
  },
  'P4 when the old ID cannot be superseded the new one goes away again': async (context) => {
    const on = site(context)
    const ada = await arrived(on)
    const moving = await ada.open()
    await moving.regenerate({ keep: true })
    on.gates.fail('update', new Error('gone away'))
    same(await codeOf(() => ada.commit(moving)), 'store_failed', 'the code')
    same(await on.sessions.revoke(moving.id), false, 'whether the new record is there')
    same((await ada.data())['user'], 'ada', 'data.user under the old cookie')
  },
  'P4 a failed response drops data changes, but destroy and regenerate stand': async (context) => {
    const on = site(context)
    const ada = await arrived(on)
    await ada.request(({ data }) => Object.assign(data, { half: true }), true)
    same(JSON.stringify(await ada.data()), '{"user":"ada"}', 'the data after a failed request')
    const before = ada.cookie
    await ada.request(async (session) => {
      await session.regenerate({ keep: true })
      session.data['half'] = true
    }, true)
    check(ada.cookie !== before, 'the regenerate did not stand')
    same(JSON.stringify(await ada.data()), '{"user":"ada"}', 'the data after a failed regenerate')
    await ada.request((session) => session.destroy(), true)
    same(ada.cookie, undefined, 'the cookie after a failed destroy')
  },
  'P5 a well-formed token that the server did not issue is replaced, never adopted': async (context) => {
    const on = site(context)
    const forged = `id=${'A'.repeat(43)}`
    const mallory = on.visitor(forged)
    await mallory.request(({ data }) => Object.assign(data, { a: 1 }))
    check(mallory.cookie !== forged, 'the forged token was adopted')
    same(Object.keys(await on.visitor(forged).data()).length, 0, 'keys under the forged token')
    same((await on.told('rejected'))[0]?.reason, 'unknown', 'the reason in the event')
  },
  'P5 a malformed token never reaches the store': async (context) => {
    const on = site(context)
    for (const value of [
      '',
      'x',
      '../../etc/passwd',
      'A'.repeat(42),
      `${'A'.repeat(43)}=`,
      '%00'.repeat(20),
      'A'.repeat(5000),
    ])
      await on.visitor(`id=${value}`).data()
    same(on.gates.count(), 0, 'store calls')
    check(
      on.events('rejected').every(({ reason }) => reason === 'malformed'),
      'each is rejected as malformed',
    )
  },
  'P5 an ID that is in use is never given to another session': async (context) => {
    const bytes = [1, 1, 2].map((n) => new Uint8Array(32).fill(n))
    const on = site(context, { randomBytes: () => bytes.shift() ?? new Uint8Array(32).fill(9) })
    bytes.unshift(new Uint8Array(32).fill(1))
    const ada = await arrived(on, { user: 'ada' })
    const bob = await arrived(on, { user: 'bob' })
    check(ada.cookie !== bob.cookie, 'two visitors share a cookie')
    same((await ada.data())['user'], 'ada', "ada's data")
  },
  'P5 of two cookies that open sessions neither is honoured, and both sessions live on': async (context) => {
    const on = site(context)
    const [ada, mallory] = [await arrived(on, { user: 'ada' }), await arrived(on, { user: 'mallory' })]
    for (const both of [`${ada.cookie}; ${mallory.cookie}`, `${mallory.cookie}; ${ada.cookie}`]) {
      const session = await on.visitor(both).open()
      same(JSON.stringify([session.data, session.ended]), '[{},"ambiguous"]', 'the session of such a request')
      session.data['address'] = 'Home 1'
      same((await on.sessions.commit(session)).setCookie.length, 0, 'cookies sent')
    }
    const junk = `id=${'B'.repeat(43)}`
    same(
      (await on.visitor(`${junk}; ${ada.cookie}`).data())['user'],
      'ada',
      'the user behind a cookie that opens nothing',
    )
    same(JSON.stringify(await mallory.data()), '{"user":"mallory"}', 'what the other session holds')
  },
  'P9 changed cookie settings cost a session one write, and then nothing': async (context) => {
    const on = site(context)
    const ada = await arrived(on)
    const changed = site(context, { cookie: { secure: false, sameSite: 'strict' } })
    const strict = changed.visitor(ada.cookie)
    const [line = ''] = (await strict.request(() => undefined)).setCookie
    check(line.startsWith(`${ada.cookie}; `) && line.endsWith('SameSite=Strict'), `the cookie sent anew: ${line}`)
    same((await strict.request(() => undefined)).setCookie.length, 0, 'cookies sent by the next request')
    same(changed.gates.count('update'), 1, 'writes')
    same(JSON.stringify(await strict.data()), '{"user":"ada"}', 'the data')
  },
  'P6 the store is never given a token': async (context) => {
    const on = site(context)
    const ada = await arrived(on)
    const token = ada.cookie?.slice('id='.length) ?? ''
    await ada.request(({ data }) => Object.assign(data, { a: 1 }))
    await ada.request((session) => session.regenerate({ keep: true }))
    const given = JSON.stringify(on.gates.calls)
    check(token.length === 43 && !given.includes(token), 'a token reached the store')
    const [stolen] = on.gates.calls.filter(({ operation }) => operation === 'create')
    same(Object.keys(await on.visitor(`id=${stolen?.id}`).data()).length, 0, 'keys under a stored ID used as cookie')
  },
  'P10 what goes in comes out': async (context) => {
    const on = site(context)
    const data = {
      date: new Date(0),
      map: new Map<unknown, unknown>([[{ a: 1 }, new Set([1n])]]),
      bytes: new Uint8Array([0, 255]),
      nested: [{ list: [undefined, Number.NaN, -0, '\ud800', '\0'] }],
      // The payloads are some 300 kB, more than a small store takes.
      hostile: context.maxPayload.bytes < 524_288 ? hostileOwners() : [hostileOwners(), hostilePayloads()],
    }
    const ada = await arrived(on, { ...data })
    const found = await ada.data()
    for (const key of Object.keys(data)) check(key in found, `${key} is missing`)
    // What was read is what was written exactly when saving it again is no change.
    await ada.request((session) => Object.assign(session.data, data))
    same(on.gates.count('update'), 0, 'updates by writing the same values again')
  },
  'P10 a value that cannot be stored is named by its path, and nothing is stored': async (context) => {
    const on = site(context)
    const ada = await arrived(on)
    const session = await ada.open()
    Object.assign(session.data, { good: 1, cart: { items: [{ buy: () => {} }] } })
    try {
      await ada.commit(session)
      check(false, 'the commit succeeded')
    } catch (error) {
      check(String(error).includes('cart.items[0].buy'), `the path is missing in: ${String(error)}`)
    }
    same(JSON.stringify(await ada.data()), '{"user":"ada"}', 'the stored data')
  },
  'P11 a store that does not answer is an error within the time limit': async (context) => {
    for (const operation of ['read', 'update'] as const) {
      const on = site(context, { storeTimeout: '2s' })
      const ada = await arrived(on)
      on.gates.hold(operation)
      const pending = codeOf(() => ada.request(({ data }) => Object.assign(data, { a: 1 })))
      const stop = await on.gates.reached(operation)
      context.clock.advance(2000)
      same(await pending, 'store_timeout', `the code when ${operation} hangs`)
      stop.release()
      same((await ada.data())['user'], 'ada', 'data.user afterwards')
    }
  },
}
