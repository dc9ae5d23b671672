/** A record that is not ours, damaged or of a later release: a new session and an event, never an error, never a loss. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Store } from '../../src/index.ts'
import { visited } from './site.ts'
import type { Scene } from './site.ts'

const DAMAGE: Readonly<Record<string, readonly [damage: (payload: string) => string, detail: string | RegExp]>> = {
  'a foreign payload': [() => '{"cookie":{"originalMaxAge":null},"user":"mallory"}', 'not_a_record'],
  'no payload': [() => '', 'truncated'],
  'plain text': [() => 'user|s:7:"mallory";', 'not_a_record'],
  'cut in its head': [(payload) => payload.slice(0, 20), 'truncated'],
  'cut in its last line': [(payload) => payload.slice(0, -2), 'truncated'],
  'more at its end': [(payload) => `${payload}more`, 'not_a_record'],
  'a newer version': [(payload) => payload.replace('"v":1', '"v":2'), 'newer_version'],
  'version zero': [(payload) => payload.replace('"v":1', '"v":0'), 'not_a_record'],
  'an unknown kind': [(payload) => payload.replace('"live"', '"frozen"'), 'not_a_record'],
  'a line that is no JSON': [(payload) => payload.replace('"ada"', '"ada'), /^SyntaxError/],
  'a line with a tag of the future': [(payload) => payload.replace('"ada"', '{"$future":1}'), /^SyntaxError/],
  'a head of a million brackets': [() => `{"v":${'['.repeat(1_000_000)}\n`, 'not_a_record'],
}

suite('a record that cannot be read', () => {
  for (const [name, [damage, detail]] of Object.entries(DAMAGE))
    test(name, async () => {
      const on = await visited()
      const { id } = await on.open()
      const { cookie } = on
      const damaged = await rewrite(on, id, damage)

      const session = await on.open()
      assert.deepEqual(session.data, {})
      assert.ok(session.isNew)
      assert.notEqual(session.id, id)
      const rejected = on.events.filter(({ name: event }) => event === 'rejected').map(({ event }) => event)
      assert.equal(rejected.length, 1)
      const [told] = rejected as [{ reason: string; id: string; detail: string }]
      assert.deepEqual([told.reason, told.id], ['unreadable', id])
      if (typeof detail === 'string') assert.equal(told.detail, detail)
      else assert.match(told.detail, detail)

      // The visitor goes on under a new ID; what was there is left to whoever can read it.
      session.data['fresh'] = true
      assert.equal((await on.commit(session)).setCookie.length, 1)
      assert.notEqual(on.cookie, cookie)
      assert.deepEqual(await on.found(), { fresh: true })
      assert.equal(await payloadOf(on, id), damaged)
    })

  test('that nobody writes to costs no write and no cookie', async () => {
    const on = await visited()
    const { id } = await on.open()
    await rewrite(on, id, () => 'foreign')
    const calls = on.gates.count()
    const session = await on.open()
    assert.deepEqual(session.data, {})
    assert.deepEqual((await on.commit(session)).setCookie, [])
    assert.equal(on.gates.count(), calls + 1)
  })

  for (const [name, [damage, detail]] of Object.entries(DAMAGE))
    test(`and that was readable when the request began: ${name}`, async () => {
      for (const act of ['commit', 'save', 'update', 'reload', 'destroy', 'regenerate'] as const) {
        const on = await visited({ user: 'ada', other: 1 })
        const session = await on.open()
        const { id } = session
        const damaged = await rewrite(on, id, damage)
        if (act === 'update')
          await assert.rejects(
            session.update(() => {}),
            { code: 'session_ended' },
          )
        else if (act === 'reload') assert.equal(await session.reload(), false)
        else if (act === 'destroy') await session.destroy()
        else if (act === 'regenerate') await session.regenerate({ keep: true })
        else session.data['mine'] = 1
        if (act === 'save') await assert.rejects(session.save(), { code: 'session_ended' })
        const { setCookie } = await on.commit(session)
        if (act === 'destroy' && typeof detail !== 'string') {
          // All is legible but a value: enough to end the session.
          assert.equal(setCookie.length, 1)
          assert.equal(await payloadOf(on, id), undefined)
        } else {
          assert.deepEqual(setCookie, [], act)
          assert.equal(await payloadOf(on, id), damaged, act)
        }
        assert.ok(session.ended, act)
      }
    })
})

/** Change the stored payload behind the core's back. */
async function rewrite(on: Scene, id: string, damage: (payload: string) => string): Promise<string> {
  const { store } = on.gates
  const record = await store.read(id, on.clock.now())
  assert.ok(record)
  const payload = damage(record.payload)
  assert.notEqual(payload, record.payload)
  const written = await store.update(id, record.version, { payload, expiresAt: record.expiresAt }, on.clock.now())
  assert.ok(typeof written === 'object')
  return payload
}

async function payloadOf(on: Scene, id: string): Promise<string | undefined> {
  const store: Store = on.gates.store
  return (await store.read(id, on.clock.now()))?.payload
}
