import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { login, logout } from '../../src/index.ts'
import type { Session } from '../../src/index.ts'
import { scene, visited } from './site.ts'
import type { Data } from './site.ts'

const COLUMNS = ['now', 'at the commit', 'after the head', 'called twice', 'on the cookie'] as const

type Column = (typeof COLUMNS)[number]
type Cell = readonly [says: string, check: () => Promise<void>]

const code = (name: string) => (error: unknown) => error instanceof Error && 'code' in error && error.code === name

/** A session whose head has left, and its scene. */
async function afterHead(): Promise<{ on: Awaited<ReturnType<typeof visited>>; session: Session<Data> }> {
  const on = await visited()
  const session = await on.open()
  await on.commit(session)
  return { on, session }
}

const ROWS: Readonly<Record<string, Readonly<Record<Column, Cell>>>> = {
  'data.key = value': {
    now: [
      'changes this request’s copy',
      async () => {
        const on = await visited()
        ;(await on.open()).data['user'] = 'bob'
        assert.deepEqual(await on.found(), { user: 'ada' })
      },
    ],
    'at the commit': [
      'saved, merged key by key with what others saved',
      async () => {
        const on = await visited()
        const [one, two] = [await on.open(), await on.open()]
        one.data['a'] = { deep: [1] }
        two.data['b'] = 2
        await on.commit(one)
        await on.commit(two)
        assert.deepEqual(await on.found(), { user: 'ada', a: { deep: [1] }, b: 2 })
      },
    ],
    'after the head': [
      'not saved; the event late names the keys',
      async () => {
        const { on, session } = await afterHead()
        session.data['user'] = 'bob'
        on.sessions.finished(session)
        assert.deepEqual(await on.found(), { user: 'ada' })
        assert.deepEqual(on.events.at(-1), { name: 'late', event: { id: session.id, keys: ['user'] } })
      },
    ],
    'called twice': [
      'the last value counts',
      async () => {
        const on = await visited()
        const session = await on.open()
        session.data['user'] = 'bob'
        session.data['user'] = 'eve'
        await on.commit(session)
        assert.deepEqual(await on.found(), { user: 'eve' })
      },
    ],
    'on the cookie': [
      'a new session gets one; else none',
      async () => {
        const on = scene()
        const fresh = await on.open()
        fresh.data['a'] = 1
        assert.equal((await on.commit(fresh)).setCookie.length, 1)
        const known = await on.open()
        known.data['a'] = 2
        assert.equal((await on.commit(known)).setCookie.length, 0)
      },
    ],
  },
  'permanent = flag': {
    now: [
      'changes this request’s copy',
      async () => {
        const on = await visited()
        ;(await on.open()).permanent = false
        assert.equal((await on.open()).permanent, true)
      },
    ],
    'at the commit': [
      'saved, with the lifetime of its kind',
      async () => {
        const on = await visited()
        const session = await on.open()
        session.permanent = false
        await on.commit(session)
        const found = await on.open()
        assert.equal(found.permanent, false)
        assert.equal(found.expiresAt, on.clock.now() + 86_400_000)
      },
    ],
    'after the head': [
      'not saved; save() saves it, the browser’s cookie stays as it is',
      async () => {
        const { on, session } = await afterHead()
        session.permanent = false
        assert.equal((await on.open()).permanent, true)
        await session.save()
        const next = await on.open()
        assert.equal(next.permanent, false)
      },
    ],
    'called twice': [
      'the last value counts',
      async () => {
        const on = await visited()
        const session = await on.open()
        session.permanent = false
        session.permanent = true
        assert.equal((await on.commit(session)).setCookie.length, 0)
        assert.equal(on.gates.count('update'), 0)
      },
    ],
    'on the cookie': [
      'sent anew, with or without an end',
      async () => {
        const on = await visited()
        const session = await on.open()
        session.permanent = false
        const [line] = (await on.commit(session)).setCookie
        assert.ok(line && !/max-age|expires/i.test(line), line)
        const again = await on.open()
        again.permanent = true
        assert.match((await on.commit(again)).setCookie[0] ?? '', /Max-Age=864000;.*Expires=/)
      },
    ],
  },
  'owner = id': {
    now: [
      'changes this request’s copy',
      async () => {
        const on = await visited()
        ;(await on.open()).owner = 'u1'
        assert.equal((await on.open()).owner, undefined)
      },
    ],
    'at the commit': [
      'saved; list and revokeAll find it',
      async () => {
        const on = await visited()
        const session = await on.open()
        session.owner = 'u1'
        await on.commit(session)
        assert.equal(await on.sessions.revokeAll({ owner: 'u1' }), 1)
      },
    ],
    'after the head': [
      'not saved; save() saves it',
      async () => {
        const { on, session } = await afterHead()
        session.owner = 'u1'
        assert.equal((await on.open()).owner, undefined)
        await session.save()
        assert.equal((await on.open()).owner, 'u1')
      },
    ],
    'called twice': [
      'the last value counts',
      async () => {
        const on = await visited()
        const session = await on.open()
        session.owner = 'u1'
        session.owner = undefined
        await on.commit(session)
        assert.equal(on.gates.count('update'), 0)
      },
    ],
    'on the cookie': [
      'a new session gets one; else none',
      async () => {
        const on = scene()
        const session = await on.open()
        session.owner = 'u1'
        assert.equal((await on.commit(session)).setCookie.length, 1)
        const known = await on.open()
        known.owner = 'u2'
        assert.equal((await on.commit(known)).setCookie.length, 0)
      },
    ],
  },
  'note = texts': {
    now: [
      'changes this request’s copy; texts are cut at 256 characters',
      async () => {
        const on = await visited()
        const session = await on.open()
        session.note = { device: 'x'.repeat(300) }
        assert.equal(session.note?.['device']?.length, 256)
        assert.equal((await on.open()).note, undefined)
      },
    ],
    'at the commit': [
      'saved; list() shows it',
      async () => {
        const on = await visited()
        const session = await on.open()
        session.note = { device: 'Firefox' }
        await on.commit(session)
        for await (const { note } of on.sessions.list()) assert.deepEqual(note, { device: 'Firefox' })
      },
    ],
    'after the head': [
      'not saved; save() saves it',
      async () => {
        const { on, session } = await afterHead()
        session.note = { device: 'Firefox' }
        assert.equal((await on.open()).note, undefined)
        await session.save()
        assert.deepEqual((await on.open()).note, { device: 'Firefox' })
      },
    ],
    'called twice': [
      'the last value counts',
      async () => {
        const on = await visited()
        const session = await on.open()
        session.note = { device: 'Firefox' }
        session.note = { address: '192.0.2.1' }
        await on.commit(session)
        assert.deepEqual((await on.open()).note, { address: '192.0.2.1' })
      },
    ],
    'on the cookie': [
      'nothing; alone it makes no session',
      async () => {
        const on = scene()
        const fresh = await on.open()
        fresh.note = { device: 'Firefox' }
        assert.equal((await on.commit(fresh)).setCookie.length, 0)
        assert.equal(on.gates.count(), 0)
      },
    ],
  },
  'save()': {
    now: [
      'saves what changed; data then holds what others saved, too',
      async () => {
        const on = await visited()
        const [one, two] = [await on.open(), await on.open()]
        two.data['b'] = 2
        await two.save()
        one.data['a'] = 1
        await one.save()
        assert.deepEqual(one.data, { user: 'ada', a: 1, b: 2 })
        assert.deepEqual(await on.found(), { user: 'ada', a: 1, b: 2 })
      },
    ],
    'at the commit': [
      'saves what changed since',
      async () => {
        const on = await visited()
        const session = await on.open()
        session.data['a'] = 1
        await session.save()
        await on.commit(session)
        assert.equal(on.gates.count('update'), 1)
        session.data['a'] = 2
        await on.commit(session)
        assert.deepEqual(await on.found(), { user: 'ada', a: 2 })
      },
    ],
    'after the head': [
      'saves a stored session; a new one is refused: cookie_too_late',
      async () => {
        const { on, session } = await afterHead()
        session.data['streamed'] = true
        await session.save()
        on.sessions.finished(session)
        assert.deepEqual(await on.found(), { user: 'ada', streamed: true })
        assert.equal(on.events.filter(({ name }) => name === 'late').length, 0)
        const empty = scene()
        const fresh = await empty.open()
        await empty.commit(fresh)
        fresh.data['a'] = 1
        await assert.rejects(fresh.save(), code('cookie_too_late'))
        assert.equal(empty.gates.count(), 0)
      },
    ],
    'called twice': [
      'writes once, in turn, when nothing changed between',
      async () => {
        const on = scene()
        const session = await on.open()
        session.data['a'] = 1
        await Promise.all([session.save(), session.save()])
        assert.equal(on.gates.count('create'), 1)
        assert.equal(on.gates.count(), 1)
      },
    ],
    'on the cookie': [
      'a new session’s is sent with the response',
      async () => {
        const on = scene()
        const session = await on.open()
        session.data['a'] = 1
        await session.save()
        assert.equal((await on.commit(session)).setCookie.length, 1)
        assert.deepEqual(await on.found(), { a: 1 })
      },
    ],
  },
  'reload()': {
    now: [
      'reads the newest; unsaved changes are lost; false when nothing is stored',
      async () => {
        const on = await visited()
        const [one, two] = [await on.open(), await on.open()]
        one.data['mine'] = 1
        two.data['user'] = 'bob'
        await two.save()
        assert.equal(await one.reload(), true)
        assert.deepEqual(one.data, { user: 'bob' })
        const fresh = await scene().open()
        assert.equal(await fresh.reload(), false)
      },
    ],
    'at the commit': [
      'nothing is left to save',
      async () => {
        const on = await visited()
        const session = await on.open()
        session.data['mine'] = 1
        await session.reload()
        await on.commit(session)
        assert.equal(on.gates.count('update'), 0)
      },
    ],
    'after the head': [
      'as before it',
      async () => {
        const { on, session } = await afterHead()
        const other = await on.open()
        other.data['user'] = 'bob'
        await other.save()
        assert.equal(await session.reload(), true)
        assert.deepEqual(session.data, { user: 'bob' })
      },
    ],
    'called twice': [
      'reads twice',
      async () => {
        const on = await visited()
        const session = await on.open()
        const reads = on.gates.count('read')
        await session.reload()
        await session.reload()
        assert.equal(on.gates.count('read'), reads + 2)
      },
    ],
    'on the cookie': [
      'nothing',
      async () => {
        const on = await visited()
        const session = await on.open()
        await session.reload()
        assert.equal((await on.commit(session)).setCookie.length, 0)
      },
    ],
  },
  'regenerate()': {
    now: [
      'a new id and a new data object, empty unless told to keep; no store call',
      async () => {
        const on = await visited({ user: 'ada', cart: [1] })
        const session = await on.open()
        const { id, data } = session
        const calls = on.gates.count()
        await session.regenerate({ keep: ['cart'] })
        assert.notEqual(session.id, id)
        assert.deepEqual(session.data, { cart: [1] })
        assert.deepEqual(data, { user: 'ada', cart: [1] })
        assert.equal(on.gates.count(), calls)
        await session.regenerate()
        assert.deepEqual(session.data, {})
      },
    ],
    'at the commit': [
      'the new record is made, then the old ID superseded; stands on a failed response',
      async () => {
        const on = await visited()
        const session = await on.open()
        await session.regenerate({ keep: true })
        const before = on.gates.calls.length
        await on.commit(session, true)
        assert.deepEqual(
          on.gates.calls.slice(before).map(({ operation }) => operation),
          ['create', 'update'],
        )
        assert.deepEqual(await on.found(), { user: 'ada' })
      },
    ],
    'after the head': [
      'can no longer be saved: cookie_too_late; the old ID stays',
      async () => {
        const { on, session } = await afterHead()
        await session.regenerate({ keep: true })
        await assert.rejects(session.save(), code('cookie_too_late'))
        assert.deepEqual(await on.found(), { user: 'ada' })
      },
    ],
    'called twice': [
      'one new record; only what both kept',
      async () => {
        const on = await visited({ a: 1, b: 2, c: 3 })
        const session = await on.open()
        await session.regenerate({ keep: ['a', 'b'] })
        await session.regenerate({ keep: ['b', 'c'] })
        await on.commit(session)
        assert.equal(on.gates.count('create'), 2)
        assert.deepEqual(await on.found(), { b: 2 })
      },
    ],
    'on the cookie': [
      'the new one is sent; none when another request was first',
      async () => {
        const on = await visited()
        const [one, two] = [await on.open(), await on.open()]
        await one.regenerate()
        await two.regenerate()
        assert.equal((await on.commit(one)).setCookie.length, 1)
        assert.equal((await on.commit(two)).setCookie.length, 0)
      },
    ],
  },
  'destroy()': {
    now: [
      'the record is gone when it resolves; data is a new, empty object',
      async () => {
        const on = await visited()
        const session = await on.open()
        await session.destroy()
        assert.deepEqual(await on.found(), {})
        assert.deepEqual(session.data, {})
        assert.equal(session.ended, 'destroyed')
      },
    ],
    'at the commit': [
      'what was put in afterwards is dropped, with the event gone',
      async () => {
        const on = await visited()
        const session = await on.open()
        await session.destroy()
        session.data['again'] = 1
        await on.commit(session)
        assert.deepEqual(await on.found(), {})
        const gone = on.events.filter(({ name }) => name === 'gone').map(({ event }) => event)
        assert.deepEqual(gone, [{ id: session.id, reason: 'destroyed', keys: ['again'] }])
      },
    ],
    'after the head': [
      'the record is gone; the cookie stays and opens nothing',
      async () => {
        const { on, session } = await afterHead()
        await session.destroy()
        assert.ok(on.cookie)
        assert.deepEqual(await on.found(), {})
      },
    ],
    'called twice': [
      'once is enough',
      async () => {
        const on = await visited()
        const session = await on.open()
        await Promise.all([session.destroy(), session.destroy()])
        assert.equal(on.gates.count('delete'), 1)
      },
    ],
    'on the cookie': [
      'deleted, if the browser had one',
      async () => {
        const on = await visited()
        const session = await on.open()
        await session.destroy()
        assert.match((await on.commit(session)).setCookie[0] ?? '', /^id=; Max-Age=0; Path=\/;/)
        const fresh = await on.open()
        await fresh.destroy()
        assert.equal((await on.commit(fresh)).setCookie.length, 0)
      },
    ],
  },
  'update(fn)': {
    now: [
      'reads, changes and saves as one step, unsaved changes included',
      async () => {
        const on = await visited({ n: 1 })
        const [one, two] = [await on.open(), await on.open()]
        await two.update((data) => void (data['n'] = 10))
        one.data['mine'] = true
        await one.update((data) => void (data['n'] = Number(data['n']) + 1))
        assert.deepEqual(await on.found(), { n: 11, mine: true })
        assert.deepEqual(one.data, { n: 11, mine: true })
      },
    ],
    'at the commit': [
      'saves what changed since; on a failed response, too, update() stands',
      async () => {
        const on = await visited({ n: 1 })
        const session = await on.open()
        await session.update((data) => void (data['n'] = 2))
        session.data['half'] = true
        await on.commit(session, true)
        assert.deepEqual(await on.found(), { n: 2 })
      },
    ],
    'after the head': [
      'as before it; a new session is refused: cookie_too_late',
      async () => {
        const { on, session } = await afterHead()
        await session.update((data) => void (data['n'] = 1))
        assert.deepEqual(await on.found(), { user: 'ada', n: 1 })
        const empty = scene()
        const fresh = await empty.open()
        await empty.commit(fresh)
        await assert.rejects(
          fresh.update((data) => void (data['n'] = 1)),
          code('cookie_too_late'),
        )
      },
    ],
    'called twice': [
      'runs in turn, each on the result of the one before',
      async () => {
        const on = await visited({ n: 0 })
        const session = await on.open()
        const add = (data: Data) => void (data['n'] = Number(data['n']) + 1)
        await Promise.all([session.update(add), session.update(add), session.update(add)])
        assert.deepEqual(await on.found(), { n: 3 })
      },
    ],
    'on the cookie': [
      'as save()',
      async () => {
        const on = scene()
        const session = await on.open()
        await session.update((data) => void (data['n'] = 1))
        assert.equal((await on.commit(session)).setCookie.length, 1)
        assert.deepEqual(await on.found(), { n: 1 })
      },
    ],
  },
  'login(session, id)': {
    now: [
      'the session is its owner’s under a new ID, and stored, when it resolves',
      async () => {
        const on = await visited()
        const session = await on.open()
        const { id } = session
        await login(session, 'ada')
        assert.notEqual(session.id, id)
        assert.equal((await on.gates.store.read(session.id, on.clock.now()))?.owner, 'ada')
        assert.deepEqual(await on.found(), {})
      },
    ],
    'at the commit': [
      'saves what changed since; the login stands on a failed response',
      async () => {
        for (const failed of [false, true]) {
          const on = await visited()
          const session = await on.open()
          await login(session, 'ada')
          session.data['a'] = 1
          await on.commit(session, failed)
          assert.deepEqual([(await on.open()).owner, await on.found()], ['ada', failed ? {} : { a: 1 }])
        }
      },
    ],
    'after the head': [
      'refused: cookie_too_late; the session stays as it was',
      async () => {
        const { on, session } = await afterHead()
        await assert.rejects(login(session, 'ada'), code('cookie_too_late'))
        assert.deepEqual([session.owner, await on.found()], [undefined, { user: 'ada' }])
      },
    ],
    'called twice': [
      'two new IDs, of which the last lives; the second keeps the data',
      async () => {
        const on = await visited()
        const session = await on.open()
        await login(session, 'ada', { keep: true })
        const { id } = session
        await login(session, 'ada')
        assert.notEqual(session.id, id)
        assert.equal((await on.commit(session)).setCookie.length, 1)
        assert.deepEqual(await on.found(), { user: 'ada' })
        assert.equal((await Array.fromAsync(on.sessions.list())).length, 1)
      },
    ],
    'on the cookie': [
      'the new one is sent; none when another request was first',
      async () => {
        const on = await visited()
        const [one, two] = [await on.open(), await on.open()]
        await login(one, 'ada')
        await login(two, 'ada')
        assert.equal((await on.commit(two)).setCookie.length, 0)
        assert.equal((await on.commit(one)).setCookie.length, 1)
      },
    ],
  },
  'logout(session)': {
    now: [
      'the record is gone when it resolves; the session begins anew: empty, nobody’s',
      async () => {
        const on = await visited()
        const session = await on.open()
        session.owner = 'ada'
        const { id } = session
        await logout(session)
        assert.equal(await on.gates.store.read(id, on.clock.now()), null)
        assert.deepEqual([session.data, session.owner, session.isNew, session.id === id], [{}, undefined, true, false])
      },
    ],
    'at the commit': [
      'what was put in afterwards, such as a notice, makes a new session',
      async () => {
        const on = await visited()
        const session = await on.open()
        await logout(session)
        session.data['notice'] = 'Signed out'
        await on.commit(session)
        assert.deepEqual(await on.found(), { notice: 'Signed out' })
      },
    ],
    'after the head': [
      'the record is gone; the cookie stays and opens nothing',
      async () => {
        const { on, session } = await afterHead()
        await logout(session)
        assert.deepEqual(await on.found(), {})
        assert.equal((await Array.fromAsync(on.sessions.list())).length, 0)
      },
    ],
    'called twice': [
      'once is enough',
      async () => {
        const on = await visited()
        const session = await on.open()
        await logout(session)
        const calls = on.gates.count()
        await logout(session)
        assert.equal(on.gates.count(), calls)
        assert.match((await on.commit(session)).setCookie.join('\n'), /^id=;.*Max-Age=0/)
      },
    ],
    'on the cookie': [
      'deleted, if the browser had one; or that of the new session is sent',
      async () => {
        const on = await visited()
        const session = await on.open()
        await logout(session)
        assert.match((await on.commit(session)).setCookie.join('\n'), /Max-Age=0/)
        const fresh = await on.open()
        await logout(fresh)
        assert.equal((await on.commit(fresh)).setCookie.length, 0)
        fresh.data['late'] = 1
        const next = await on.open()
        await logout(next)
        next.data['notice'] = 'Signed out'
        assert.doesNotMatch((await on.commit(next)).setCookie.join('\n'), /Max-Age=0/)
      },
    ],
  },
}

describe('the members of a session', () => {
  for (const [member, cells] of Object.entries(ROWS))
    for (const column of COLUMNS) {
      const [says, check] = cells[column]
      test(`${member}, ${column}: ${says}`, check)
    }
})

test('docs/session.md has the same table', () => {
  const text = readFileSync(new URL('../../docs/session.md', import.meta.url), 'utf8')
  const rows = Object.entries(ROWS).map(
    ([member, cells]) => `| \`${member}\` | ${COLUMNS.map((column) => cells[column][0]).join(' | ')} |`,
  )
  const table = [`| member | ${COLUMNS.join(' | ')} |`, `|---|${COLUMNS.map(() => '---|').join('')}`, ...rows].join(
    '\n',
  )
  assert.ok(text.includes(table), `docs/session.md must contain this table:\n${table}`)
})
