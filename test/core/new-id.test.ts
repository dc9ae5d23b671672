/** What a move to a new ID takes along of what other requests saved meanwhile, and what of a session that has ended. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { isFresh, login, logout } from '../../src/index.ts'
import type { Session } from '../../src/index.ts'
import { scene, visited } from './site.ts'
import type { Data } from './site.ts'

type Keep = boolean | readonly string[]

async function regenerate(session: Session<Data>, keep: Keep): Promise<void> {
  await session.regenerate(typeof keep === 'boolean' ? { keep } : { keep: [...keep] })
}

suite('two regenerates in a row', () => {
  const cases: readonly (readonly [first: Keep, second: Keep, kept: readonly string[]])[] = [
    [true, true, ['x', 'y']],
    [true, ['x'], ['x']],
    [['x'], true, ['x']],
    [['x', 'y'], ['y', 'z'], ['y']],
    [['x'], ['y'], []],
    [true, false, []],
    [false, true, []],
    [['x'], false, []],
    [false, ['x'], []],
  ]
  for (const [first, second, kept] of cases)
    test(`keep ${JSON.stringify(first)}, then ${JSON.stringify(second)}: what others saved is kept if both say so`, async () => {
      const on = await visited()
      const [moving, other] = [await on.open(), await on.open()]
      Object.assign(other.data, { x: 1, y: 2 })
      await on.commit(other)
      await regenerate(moving, first)
      await regenerate(moving, second)
      await on.commit(moving)
      const { user: _, ...found } = await on.found()
      assert.deepEqual(Object.keys(found), kept)
    })
})

suite('a session that has ended', () => {
  test('gives nothing away to a move: not what this request has read of it, and no cookie', async () => {
    const on = await visited({ user: 'ada' })
    const [late, ending] = [await on.open(), await on.open()]
    await ending.destroy()
    late.data['a'] = 1
    await assert.rejects(late.save(), { code: 'session_ended' })
    await late.regenerate({ keep: true })
    assert.deepEqual({ ...late.data }, {})
    assert.deepEqual((await on.commit(late)).setCookie, [])
  })

  test('is not logged in to, and stays as it ended', async () => {
    const on = await visited({ cart: [1] })
    const [late, first] = [await on.open(), await on.open()]
    await login(first, 'ada')
    late.data['a'] = 1
    await assert.rejects(late.save(), { code: 'session_ended' })
    await login(late, 'ada')
    assert.deepEqual([late.owner, { ...late.data }], [undefined, {}])
    assert.deepEqual((await on.commit(late)).setCookie, [])
    await on.commit(first)
    assert.equal((await on.open({ activity: false })).owner, 'ada')
  })
})

suite('a login that another request comes before', () => {
  for (const [end, outcome] of [
    ['destroy', 'session_ended'],
    ['regenerate', undefined],
    ['login', undefined],
  ] as const)
    test(`by ${end}() has signed nobody in: the session says what it said before, and sends no cookie`, async () => {
      const on = await visited({ cart: [1] })
      const late = await on.open()
      const { id } = late
      on.gates.hold('update')
      const signingIn = login(late, 'ada', { note: { device: 'Firefox' } }).catch(({ code }: { code: string }) => code)
      const stop = await on.gates.reached('update')
      const other = scene({ store: on.gates.store, clock: on.clock })
      other.cookie = on.cookie
      const theirs = await other.open()
      await (end === 'login' ? login(theirs, 'bob') : theirs[end]())
      await other.commit(theirs)
      stop.release()
      assert.equal(await signingIn, outcome)
      assert.deepEqual([late.owner, late.authenticatedAt, late.note, late.id], [undefined, undefined, undefined, id])
      assert.deepEqual({ ...late.data }, { cart: [1] })
      assert.equal(isFresh(late, '1h'), false)
      assert.deepEqual((await on.commit(late)).setCookie, [])
    })
})

test('a logout after destroy() begins nothing anew', async () => {
  const on = await visited()
  const session = await on.open()
  await session.destroy()
  await logout(session)
  assert.equal(session.ended, 'destroyed')
  session.data['a'] = 1
  assert.match((await on.commit(session)).setCookie.join(), /^id=; Max-Age=0; /)
  assert.deepEqual(await Array.fromAsync(on.sessions.list()), [])
})

test('a move makes the response depend on the cookie, and a logout says that it was one', async () => {
  const on = scene()
  const session = await on.open()
  await session.regenerate()
  assert.equal((await on.commit(session)).varyCookie, true)
  const signedIn = await on.open()
  await login(signedIn, 'ada')
  await on.commit(signedIn)
  const leaving = await on.open()
  await logout(leaving)
  assert.equal(leaving.data['user'], undefined)
  const ended = on.events.find(({ name }) => name === 'destroyed')
  assert.equal(Object(ended?.event)['reason'], 'logout')
})
