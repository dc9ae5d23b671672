/** `onStoreError: 'anonymous'`, on memory and on files: what a visitor gets whose session cannot be read. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { TestContext } from 'node:test'
import { login, logout, SessionError } from '../../src/index.ts'
import type { Session, SessionsOptions, Store } from '../../src/index.ts'
import { fileStore } from '../../src/stores/file.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { gatedStore } from '../../src/testing/index.ts'
import { refusal } from './refusal.ts'
import { scene } from './site.ts'
import type { Data, Scene } from './site.ts'
import { turns } from './unhandled.ts'

const STORES: Readonly<Record<string, (t: TestContext) => Store>> = {
  memory: () => memoryStore(),
  file: (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'coatcheck-'))
    const store = fileStore(join(folder, 'sessions'))
    t.after(async () => {
      await store.close?.()
      rmSync(folder, { recursive: true })
    })
    return store
  },
}

for (const [name, open] of Object.entries(STORES))
  suite(`a session that cannot be read, ${name}`, () => {
    const failures: Readonly<Record<string, (on: Scene, times?: number) => void>> = {
      store_failed: (on, times = 1) => on.gates.fail('read', new Error('connection refused'), { times }),
      store_unusable: (on, times = 1) => {
        on.gates.fail('read', new SessionError('store_unusable', 'the table is gone'), { times })
      },
      store_timeout: (on, times = 1) => on.gates.hang('read', { times }),
    }
    for (const [code, fail] of Object.entries(failures))
      test(`${code}: empty, marked, without an effect on the cookie, and back with the store`, async (t) => {
        const on = await visited(open(t))
        const known = (await on.open()).id
        const calls = on.gates.count()
        fail(on)
        const session = await during(on)
        assert.equal(session.unavailable, true)
        assert.equal(session.isNew, false)
        assert.equal(session.ended, undefined)
        assert.equal(session.owner, undefined)
        assert.deepEqual(session.data, {})
        assert.notEqual(session.id, known)
        assert.deepEqual(await on.commit(session), { setCookie: [], varyCookie: true })
        on.sessions.finished(session)
        assert.equal(on.gates.count(), calls + 1)
        assert.deepEqual(
          on.events.filter((each) => each.name === 'unavailable' || each.name === 'refused'),
          [{ name: 'unavailable', event: { id: known, code } }],
        )
        const after = await on.open()
        assert.equal(after.unavailable, false)
        assert.equal(after.id, known)
        assert.deepEqual(after.data, { user: 'ada' })
      })

    test('every member that needs the store refuses, with what happened as its cause', async (t) => {
      const on = await visited(open(t))
      const members: Readonly<Record<string, (session: Session<Data>) => Promise<unknown>>> = {
        'save()': (session) => session.save(),
        'update()': (session) => session.update(() => {}),
        'reload()': (session) => session.reload(),
        'regenerate()': (session) => session.regenerate({ keep: true }),
        'destroy()': (session) => session.destroy(),
        'login()': (session) => login(session, 'ada'),
        'logout()': (session) => logout(session),
      }
      for (const [member, call] of Object.entries(members)) {
        failures['store_failed']?.(on)
        const session = await on.open()
        const calls = on.gates.count()
        const caused = (error: unknown): boolean =>
          refusal('session_unavailable', member, 'store_failed')(error) &&
          error instanceof Error &&
          error.cause instanceof SessionError &&
          error.cause.code === 'store_failed'
        await assert.rejects(call(session), caused)
        // The refusal is all that happens: nothing of it is left for the commit.
        assert.deepEqual((await on.commit(session)).setCookie, [])
        assert.equal(on.gates.count(), calls)
      }
      assert.deepEqual(await on.found(), { user: 'ada' })
    })

    const changes: Readonly<Record<string, [(session: Session<Data>) => unknown, string[]]>> = {
      data: [({ data }) => Object.assign(data, { cart: [1], user: 'eve' }), ['cart', 'user']],
      'a note': [(session) => (session.note = { device: 'phone' }), ['(note)']],
      'an owner': [(session) => (session.owner = 'eve'), ['(owner)']],
      'what cannot be stored': [({ data }) => (data['f'] = () => 1), ['f']],
    }
    for (const [what, [change, keys]] of Object.entries(changes))
      test(`${what} put into it makes the commit fail, told by an event`, async (t) => {
        const on = await visited(open(t))
        failures['store_failed']?.(on)
        const session = await on.open()
        const calls = on.gates.count()
        change(session)
        await assert.rejects(on.commit(session), refusal('session_unavailable', keys.join(', ')))
        assert.deepEqual(on.events.at(-1), { name: 'refused', event: { keys } })
        assert.equal(on.gates.count(), calls)
        assert.deepEqual(await on.found(), { user: 'ada' })
      })

    test('permanence alone is nothing to save, as in every new session', async (t) => {
      const on = await visited(open(t))
      failures['store_failed']?.(on)
      const session = await on.open()
      session.permanent = false
      assert.deepEqual((await on.commit(session)).setCookie, [])
    })

    test('on a response that fails anyway, changes are dropped as ever', async (t) => {
      const on = await visited(open(t))
      failures['store_failed']?.(on, 2)
      const session = await on.open()
      session.data['cart'] = [1]
      assert.deepEqual((await on.commit(session, true)).setCookie, [])
      const keeping = await visited(open(t), { dropChangesOnError: false })
      failures['store_failed']?.(keeping)
      const kept = await keeping.open()
      kept.data['cart'] = [1]
      await assert.rejects(keeping.commit(kept, true), refusal('session_unavailable'))
    })

    test('a change after the head is told as late', async (t) => {
      const on = await visited(open(t))
      failures['store_failed']?.(on)
      const session = await on.open()
      await on.commit(session)
      session.data['cart'] = [1]
      on.sessions.finished(session)
      const { name: last, event } = on.events.at(-1) ?? {}
      assert.deepEqual([last, Object(event).keys], ['late', ['cart']])
    })

    test('a write that fails is an error, whether the session was read or is new', async (t) => {
      const on = await visited(open(t))
      const session = await on.open()
      session.data['user'] = 'eve'
      on.gates.fail('update', new Error('disk full'))
      await assert.rejects(on.commit(session), refusal('store_failed'))
      const { cookie } = on
      on.cookie = undefined
      const arriving = await on.open()
      assert.equal(arriving.unavailable, false)
      arriving.data['user'] = 'bob'
      on.gates.fail('create', new Error('disk full'))
      await assert.rejects(on.commit(arriving), refusal('store_failed'))
      on.cookie = cookie
      assert.deepEqual(await on.found(), { user: 'ada' })
    })

    test('by default it is an error, and the cookie stays', async (t) => {
      const on = await visited(open(t), { onStoreError: 'error' })
      failures['store_failed']?.(on)
      await assert.rejects(on.open(), refusal('store_failed'))
      assert.deepEqual(await on.found(), { user: 'ada' })
    })
  })

suite('what is no outage stays what it is', () => {
  test('a closed instance, an application’s mistake', async () => {
    const on = await visited(memoryStore())
    on.gates.fail('read', new SessionError('bad_option', 'a wrapper that was set up wrong'))
    await assert.rejects(on.open(), refusal('bad_option'))
    await on.sessions.close()
    await assert.rejects(on.open(), refusal('closed'))
  })

  test('a visitor without a cookie, or with a malformed one, asks nothing of the store', async () => {
    const on = await visited(memoryStore())
    on.gates.fail('read', new Error('down'), { times: Infinity })
    for (const cookie of [undefined, 'id=short']) {
      const session = await on.sessions.open({ cookie, secure: false })
      assert.equal(session.unavailable, false)
      assert.equal(session.isNew, true)
    }
  })
})

async function visited(store: Store, options: SessionsOptions = {}): Promise<Scene> {
  const gates = gatedStore(store)
  const on = scene({ onStoreError: 'anonymous', ...options, store: gates.store })
  const session = await on.open()
  session.owner = 'ada'
  session.data['user'] = 'ada'
  await on.commit(session)
  return {
    ...on,
    gates,
    get cookie() {
      return on.cookie
    },
    set cookie(value) {
      on.cookie = value
    },
  }
}

/** Open a session while the store fails, or hangs until its time is up. */
async function during(on: Scene): Promise<Session<Data>> {
  const opening = on.open()
  await turns()
  on.clock.advance(5_000)
  return opening
}
