/** The two members that are saved beside the data: whether the cookie outlives the window, and whose session it is. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Session } from '../../src/index.ts'
import { refusal } from './refusal.ts'
import { scene, visited } from './site.ts'
import type { Data, Scene } from './site.ts'

const DAY = 86_400_000

suite('permanent', () => {
  test('takes a flag as forms send it: what is not a boolean does not make the record unreadable', async () => {
    // `session.permanent = req.body.remember` type-checks, because a body is any.
    for (const [given, kept] of [
      ['on', true],
      [undefined, false],
      [null, false],
      ['', false],
      [1, true],
    ] as const) {
      const on = scene()
      const session = await on.open()
      session.data['user'] = 'ada'
      session.permanent = given as unknown as boolean
      assert.equal(session.permanent, kept)
      await on.commit(session)
      assert.deepEqual(await on.found(), { user: 'ada' })
      assert.equal((await on.open()).permanent, kept)
    }
  })

  test('of a failed request is dropped like its data: neither deadline nor cookie follow it', async () => {
    for (const permanent of [true, false]) {
      const on = await visited({ user: 'ada' }, { permanent })
      const { expiresAt } = await on.open()
      const session = await on.open()
      session.permanent = !permanent
      assert.deepEqual((await on.commit(session, true)).setCookie, [])
      assert.equal(on.gates.count('update') + on.gates.count('touch'), 0)
      const found = await on.open()
      assert.deepEqual([found.permanent, found.expiresAt], [permanent, expiresAt])
    }
  })

  test('of a failed request that was due a push: the old kind is pushed, with the old kind of cookie', async () => {
    for (const permanent of [true, false]) {
      const on = await visited({ user: 'ada' }, { permanent })
      on.clock.advance(DAY / 2)
      if (permanent) on.clock.advance(DAY)
      const session = await on.open()
      session.permanent = !permanent
      const { setCookie } = await on.commit(session, true)
      assert.equal(setCookie.length, permanent ? 1 : 0)
      assert.match(setCookie[0] ?? 'Max-Age', /Max-Age/)
      assert.equal((await on.open({ activity: false })).expiresAt, on.clock.now() + (permanent ? 10 : 1) * DAY)
    }
  })

  test('of a failed request that regenerated: the new record and its cookie are of the old kind', async () => {
    for (const permanent of [true, false]) {
      const on = await visited({ user: 'ada' }, { permanent })
      const session = await on.open()
      await session.regenerate({ keep: true })
      session.permanent = !permanent
      const [line] = (await on.commit(session, true)).setCookie
      assert.equal(/Max-Age/.test(line ?? ''), permanent)
      const found = await on.open()
      assert.equal(found.permanent, permanent)
      assert.equal(found.expiresAt, on.clock.now() + (permanent ? 10 : 1) * DAY)
    }
  })

  test('another request’s change of it reaches the deadline of a merged record, too', async () => {
    const on = await visited()
    const [one, two] = [await on.open(), await on.open()]
    one.permanent = false
    two.data['b'] = 2
    await on.commit(one)
    await on.commit(two)
    const found = await on.open()
    assert.equal(found.permanent, false)
    assert.equal(found.expiresAt, on.clock.now() + DAY)
    assert.deepEqual(found.data, { user: 'ada', b: 2 })
  })
})

suite('owner', () => {
  test('is text: anything else is refused where it is written', async () => {
    const session = await scene().open()
    for (const owner of [5, 5n, null, true, {}, ['ada'], Symbol('ada')] as readonly unknown[])
      assert.throws(
        () => {
          session.owner = owner as string
        },
        refusal('bad_option', 'session.owner', 'String('),
        typeof owner,
      )
    for (const owner of ['a\0b', '\ud800', 'ada\udc00'])
      assert.throws(
        () => {
          session.owner = owner
        },
        refusal('bad_option', 'session.owner'),
      )
    assert.equal(session.owner, undefined)
    session.owner = 'ada 😀'
    session.owner = undefined
  })

  test('set by another request while this one regenerates: the new record has it', async () => {
    const { on, moving, commit } = await movingWhile((other) => {
      other.owner = 'ada'
    })
    await commit()
    assert.equal((await on.open()).owner, 'ada')
    assert.equal(moving.owner, 'ada')
    assert.equal(await on.sessions.revokeAll({ owner: 'ada' }), 1)
  })

  test('our own change of it beats another request’s while we regenerate', async () => {
    const { on, commit } = await movingWhile(
      (other) => {
        other.owner = 'bob'
      },
      (moving) => {
        moving.owner = 'ada'
      },
    )
    await commit()
    assert.equal((await on.open()).owner, 'ada')
  })

  test('nor is another request’s `permanent` lost while we regenerate', async () => {
    const { on, commit } = await movingWhile((other) => {
      other.permanent = false
    })
    const [line] = await commit()
    assert.ok(line && !line.includes('Max-Age'), line)
    const found = await on.open()
    assert.equal(found.permanent, false)
    assert.equal(found.expiresAt, on.clock.now() + DAY)
  })
})

/** A regenerate whose old ID another process writes to just before it is superseded. */
async function movingWhile(
  change: (other: Session<Data>) => void,
  ours: (moving: Session<Data>) => void = () => {},
): Promise<{ on: Scene; moving: Session<Data>; commit: () => Promise<readonly string[]> }> {
  const on = await visited()
  const moving = await on.open()
  await moving.regenerate({ keep: true })
  ours(moving)
  return {
    on,
    moving,
    async commit() {
      const elsewhere = scene({ store: on.gates.store, clock: on.clock })
      elsewhere.cookie = on.cookie
      const other = await elsewhere.open()
      change(other)
      on.gates.hold('update')
      const committing = on.commit(moving)
      const stop = await on.gates.reached('update')
      await elsewhere.commit(other)
      stop.release()
      return (await committing).setCookie
    },
  }
}
