/** Sessions switched off. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { nullStore } from '../../src/stores/null.ts'
import { openStore } from '../../src/stores/open.ts'
import { refusal } from '../core/refusal.ts'
import { scene, visited } from '../core/site.ts'

const switchedOff = refusal(
  'switched_off',
  'sessions are switched off',
  'SESSION_STORE',
  "store: fileStore('.sessions')",
)

suite('the null store', () => {
  test('reading gives an empty session, also to a browser that still has a cookie', async () => {
    const on = scene({ store: nullStore() })
    for (const cookie of [undefined, (await visited()).cookie]) {
      on.cookie = cookie
      const session = await on.open()
      assert.deepEqual([session.data, session.isNew, await session.reload()], [{}, true, false])
      assert.deepEqual((await on.commit(session)).setCookie, [])
    }
  })

  test('saving rejects and says how to switch sessions on, and no cookie is sent', async () => {
    for (const act of ['commit', 'save', 'update'] as const) {
      const on = scene({ store: nullStore() })
      const session = await on.open()
      session.data['a'] = 1
      await assert.rejects(async () => {
        if (act === 'commit') await on.commit(session)
        else if (act === 'save') await session.save()
        else await session.update(() => {})
      }, switchedOff)
      assert.equal(on.cookie, undefined)
      assert.equal(session.isNew, true)
    }
  })

  test('a failed response, a logout and a login of nobody are no writes', async () => {
    const on = scene({ store: nullStore() })
    const session = await on.open()
    session.data['a'] = 1
    assert.deepEqual((await on.commit(session, true)).setCookie, [])
    const other = await on.open()
    await other.regenerate({ keep: true })
    await other.destroy()
    assert.deepEqual((await on.commit(other)).setCookie, [])
  })

  test('there is nothing to list, to revoke or to sweep', async () => {
    const { sessions } = scene({ store: nullStore() })
    assert.deepEqual(await Array.fromAsync(sessions.list()), [])
    assert.equal(await sessions.revoke('a'.repeat(64)), false)
    assert.equal(await sessions.revokeAll({ owner: 'ada' }), 0)
    assert.equal(await sessions.sweep(), 0)
    await sessions.close()
  })

  test('its verbs keep the contract of a store that is always empty', async () => {
    const store = await openStore('null:')
    const record = { payload: 'x', expiresAt: 10 }
    await assert.rejects(store.create('a', record, 0), switchedOff)
    assert.deepEqual(
      [
        await store.read('a', 0),
        await store.update('a', 1, record, 0),
        await store.touch('a', 1, 0),
        await store.delete('a'),
      ],
      [null, 'gone', false, false],
    )
  })

  test('null: has no parameters', async () => {
    await assert.rejects(openStore('null:?key=1'), refusal('bad_option', 'null: has no parameter "key"; it has none'))
  })
})
