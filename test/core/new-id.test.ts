/** What a move to a new ID takes along of what other requests saved meanwhile, and what of a session that has ended. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { login, logout } from '../../src/index.ts'
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
