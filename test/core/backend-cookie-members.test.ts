/** docs/session.md says what differs for each member when sessions are in cookies; each line is checked here. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { isFresh, login, logout } from '../../src/index.ts'
import type { Session } from '../../src/index.ts'
import { refusal } from './refusal.ts'
import { dataUnder, sealed, sealedVisit } from './sealed-site.ts'
import type { Data, Scene } from './site.ts'

const DAY = 86_400_000

/** A session whose head has left, and its scene. */
async function afterHead(): Promise<{ on: Scene; session: Session<Data> }> {
  const on = await sealedVisit()
  const session = await on.open()
  await on.commit(session)
  return { on, session }
}

const ROWS: Readonly<Record<string, readonly [says: string, check: () => Promise<void>]>> = {
  'data.key = value': [
    'every change sends a cookie; of two requests at once the last response wins',
    async () => {
      const on = await sealedVisit()
      const [one, two] = [await on.open(), await on.open()]
      one.data['a'] = 1
      two.data['b'] = 2
      assert.equal((await on.commit(one)).setCookie.length, 1)
      assert.equal((await on.commit(two)).setCookie.length, 1)
      assert.deepEqual(await on.found(), { user: 'ada', b: 2 })
    },
  ],
  'permanent = flag': [
    'the deadline is in the cookie, so a cookie without an end is sent anew on a push, too',
    async () => {
      const on = await sealedVisit()
      const session = await on.open()
      session.permanent = false
      assert.doesNotMatch((await on.commit(session)).setCookie[0] ?? 'Max-Age', /Max-Age|Expires/)
      on.clock.advance(DAY / 2)
      const [pushed = 'Max-Age', ...more] = (await on.commit(await on.open())).setCookie
      assert.doesNotMatch(pushed, /Max-Age|Expires/)
      assert.equal(more.length, 0)
      assert.equal((await on.open()).expiresAt, on.clock.now() + DAY)
    },
  ],
  'owner = id': [
    'kept inside the cookie; list, revoke and revokeAll are refused: cannot',
    async () => {
      const on = await sealedVisit()
      const session = await on.open()
      session.owner = 'u1'
      assert.equal((await on.commit(session)).setCookie.length, 1)
      assert.equal((await on.open()).owner, 'u1')
      const why = refusal('cannot', 'sessions in cookies are with the visitors')
      await assert.rejects(on.sessions.revokeAll({ owner: 'u1' }), why)
      await assert.rejects(on.sessions.revoke(session.id), why)
      await assert.rejects(Array.fromAsync(on.sessions.list()), why)
    },
  ],
  'note = texts': [
    'kept inside the cookie, where its bytes count',
    async () => {
      const on = await sealedVisit()
      const session = await on.open()
      session.note = { device: 'Firefox' }
      assert.equal((await on.commit(session)).setCookie.length, 1)
      assert.deepEqual((await on.open()).note, { device: 'Firefox' })
    },
  ],
  'save()': [
    'seals what changed, to be sent with the response; after the head: cookie_too_late',
    async () => {
      const on = await sealedVisit()
      const session = await on.open()
      session.data['a'] = 1
      await session.save()
      assert.deepEqual(await on.found(), { user: 'ada' })
      // Not even a failed response takes back what was saved by name.
      assert.equal((await on.commit(session, true)).setCookie.length, 1)
      assert.deepEqual(await on.found(), { user: 'ada', a: 1 })
      const { on: there, session: late } = await afterHead()
      // Nothing to save, and a push that is due by now is for the next visit to make.
      there.clock.advance(2 * DAY)
      await late.save()
      late.data['a'] = 2
      await assert.rejects(late.save(), refusal('cookie_too_late', 'save()'))
      there.sessions.finished(late)
      assert.deepEqual(there.events.at(-1), { name: 'late', event: { id: late.id, keys: ['a'] } })
      assert.deepEqual(await there.found(), { user: 'ada' })
    },
  ],
  'reload()': [
    'nothing newer exists: back to what the request began with, or saved last',
    async () => {
      const on = await sealedVisit()
      const session = await on.open()
      Object.assign(session, { permanent: false, owner: 'u1' }).data['user'] = 'bob'
      assert.equal(await session.reload(), true)
      assert.deepEqual([session.data, session.permanent, session.owner], [{ user: 'ada' }, true, undefined])
      session.data['user'] = 'eve'
      await session.save()
      session.data['user'] = 'bob'
      assert.equal(await session.reload(), true)
      assert.deepEqual(session.data, { user: 'eve' })
      assert.equal(await (await sealed().open()).reload(), false)
    },
  ],
  'regenerate()': [
    'a new id in a new cookie; a copy of the old one still opens the old session',
    async () => {
      const on = await sealedVisit({ user: 'ada', cart: [1] })
      const copy = on.cookie
      const session = await on.open()
      const { id, createdAt } = session
      on.clock.advance(1000)
      await session.regenerate({ keep: ['cart'] })
      session.data['login'] = true
      await on.commit(session)
      const now = await on.open()
      assert.deepEqual([now.id, now.createdAt, now.data], [session.id, createdAt, { cart: [1], login: true }])
      assert.notEqual(now.id, id)
      assert.deepEqual(await dataUnder(on, copy), { user: 'ada', cart: [1] })
      assert.deepEqual(on.events.at(-1), { name: 'regenerated', event: { id: now.id, from: id } })
      await now.regenerate({ keep: true })
      await now.save()
      now.data['more'] = 1
      await on.commit(now)
      assert.equal((await on.open()).id, now.id)
      assert.equal(on.events.filter(({ name }) => name === 'regenerated').length, 2)
    },
  ],
  'destroy()': [
    'the cookie is deleted, a copy of it still opens the session; after the head: cookie_too_late',
    async () => {
      const { on, session: late } = await afterHead()
      await assert.rejects(late.destroy(), refusal('cookie_too_late', 'destroy()'))
      assert.equal(late.ended, undefined)
      const copy = on.cookie
      const session = await on.open()
      await session.destroy()
      assert.deepEqual(on.events.at(-1), { name: 'destroyed', event: { id: session.id, reason: 'destroyed' } })
      session.data['again'] = 1
      assert.match((await on.commit(session)).setCookie.join('\n'), /^id=; Max-Age=0; Path=\/;.*$/)
      assert.equal(on.cookie, undefined)
      assert.deepEqual(await dataUnder(on, copy), { user: 'ada' })
      const fresh = await on.open()
      fresh.data['a'] = 1
      await fresh.save()
      await fresh.destroy()
      assert.deepEqual((await on.commit(fresh)).setCookie, [])
    },
  ],
  'update(fn)': [
    'atomic within its request only; after the head: cookie_too_late, and fn does not run',
    async () => {
      const on = await sealedVisit({ n: 0 })
      const add = (data: Data) => void (data['n'] = Number(data['n']) + 1)
      const [one, two] = [await on.open(), await on.open()]
      await Promise.all([one.update(add), one.update(add), two.update(add)])
      assert.deepEqual([one.data, two.data], [{ n: 2 }, { n: 1 }])
      await on.commit(one)
      await on.commit(two)
      assert.deepEqual(await on.found(), { n: 1 })
      await assert.rejects(
        two.update(() => assert.fail('fn ran')),
        refusal('cookie_too_late', 'update()'),
      )
    },
  ],
  'login(session, id)': [
    'as regenerate(): a copy of the old cookie still opens the old session',
    async () => {
      const on = await sealedVisit()
      const copy = on.cookie
      const session = await on.open()
      const { id } = session
      on.clock.advance(1000)
      await login(session, 'ada', { note: { device: 'Firefox' } })
      assert.equal((await on.commit(session)).setCookie.length, 1)
      const next = await on.open()
      assert.notEqual(next.id, id)
      assert.deepEqual([next.owner, next.data, isFresh(next, '1s')], ['ada', {}, true])
      assert.deepEqual(await dataUnder(on, copy), { user: 'ada' })
      await assert.rejects(login(session, 'bob'), refusal('cookie_too_late'))
      assert.equal(session.owner, 'ada')
    },
  ],
  'logout(session)': [
    'as destroy(): a copy of the cookie still opens the session; a notice gets a cookie of its own',
    async () => {
      const on = await sealedVisit()
      const copy = on.cookie
      const session = await on.open()
      await logout(session)
      assert.match((await on.commit(session)).setCookie.join('\n'), /^id=; Max-Age=0/)
      assert.deepEqual(await dataUnder(on, copy), { user: 'ada' })
      on.cookie = copy
      const again = await on.open()
      await logout(again)
      again.data['notice'] = 'Signed out'
      assert.doesNotMatch((await on.commit(again)).setCookie.join('\n'), /Max-Age=0/)
      assert.deepEqual(await on.found(), { notice: 'Signed out' })
    },
  ],
}

suite('the members of a session in a cookie', () => {
  for (const [member, [says, check]] of Object.entries(ROWS)) test(`${member}: ${says}`, check)

  test('docs/session.md has the same table', () => {
    const text = readFileSync(new URL('../../docs/session.md', import.meta.url), 'utf8')
    const rows = Object.entries(ROWS).map(([member, [says]]) => `| \`${member}\` | ${says} |`)
    const table = ['| member | on the cookie back end |', '|---|---|', ...rows].join('\n')
    assert.ok(text.includes(`${table}\n\n`), `docs/session.md must contain this table:\n${table}`)
  })
})
