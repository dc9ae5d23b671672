/** The readiness probe, and an end that nothing holds up. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { suite, test } from 'node:test'
import { createSessions, SessionError } from '../../src/index.ts'
import type { Store } from '../../src/index.ts'
import { cookieStore } from '../../src/stores/cookie.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { nullStore } from '../../src/stores/null.ts'
import { refusal } from './refusal.ts'
import { visited } from './site.ts'
import { turns } from './unhandled.ts'

suite('health()', () => {
  test('asks the store one thing, of nobody, and says how long it took', async () => {
    const on = await visited()
    const [calls, events] = [on.gates.count(), on.events.length]
    on.gates.hold('read')
    const asking = on.sessions.health()
    const stop = await on.gates.reached('read')
    on.clock.advance(7)
    stop.release()
    assert.deepEqual(await asking, { ok: true, latency: 7 })
    assert.equal(on.gates.count(), calls + 1)
    assert.deepEqual(on.gates.calls.at(-1)?.args, ['0'.repeat(64), on.clock.now() - 7])
    assert.equal(on.events.length, events)
  })

  test('tells a failure by its code, and never throws', async () => {
    const on = await visited()
    const cause = new Error('connection refused')
    for (const [error, code] of [
      [cause, 'store_failed'],
      [new SessionError('store_unusable', 'no table'), 'store_unusable'],
    ] as const) {
      on.gates.fail('read', error)
      const health = await on.sessions.health()
      assert.deepEqual({ ok: health.ok, latency: health.latency, code: health.code }, { ok: false, latency: 0, code })
      assert.ok(health.error instanceof SessionError && [health.error, health.error.cause].includes(error))
    }
    assert.equal((await on.sessions.health()).ok, true)
  })

  test('waits no longer than storeTimeout', async () => {
    const on = await visited({}, { storeTimeout: '2s' })
    on.gates.hang('read')
    const asking = on.sessions.health()
    await turns()
    on.clock.advance(2_000)
    const { ok, latency, code } = await asking
    assert.deepEqual({ ok, latency, code }, { ok: false, latency: 2_000, code: 'store_timeout' })
  })

  test('a clock that is put back makes no negative latency', async () => {
    const on = await visited()
    on.gates.hold('read')
    const asking = on.sessions.health()
    const stop = await on.gates.reached('read')
    on.clock.set(on.clock.now() - 60_000)
    stop.release()
    assert.deepEqual(await asking, { ok: true, latency: 0 })
  })

  test('is not ok from close() on, while commits are still under way, and leaves the store alone', async () => {
    const on = await visited()
    const session = await on.open()
    session.data['a'] = 1
    on.gates.hold('update')
    const committing = on.commit(session)
    const stop = await on.gates.reached('update')
    const closing = on.sessions.close()
    const reads = on.gates.count('read')
    assert.deepEqual(await on.sessions.health(), { ok: false, latency: 0, code: 'closed' })
    stop.release()
    await Promise.all([committing, closing])
    assert.deepEqual(await on.sessions.health(), { ok: false, latency: 0, code: 'closed' })
    assert.equal(on.gates.count('read'), reads)
  })

  test('without a store there is nothing to be down', async () => {
    const key = randomBytes(32)
    for (const store of [cookieStore({ keys: [key] }), nullStore()]) {
      const { ok, code } = await createSessions({ store, sweepEvery: false }).health()
      assert.deepEqual({ ok, code }, { ok: true, code: undefined })
    }
  })
})

suite('close(), when the store does not let go', () => {
  test('rejects at the time limit, and again when it is called again', async () => {
    const on = await visited({}, { storeTimeout: '2s' })
    on.gates.hang('close')
    const closing = on.sessions.close()
    const outcome = assert.rejects(closing, refusal('store_timeout', 'close', '2 seconds'))
    await turns()
    on.clock.advance(2_000)
    await outcome
    await assert.rejects(on.sessions.close(), refusal('store_timeout'))
    assert.equal(on.gates.count('close'), 1)
    await assert.rejects(on.open(), refusal('closed'))
  })

  test('a store whose close() throws is told in our words', async () => {
    const store: Store = {
      ...memoryStore(),
      close: () => {
        throw new Error('socket in use')
      },
    }
    await assert.rejects(createSessions({ store }).close(), refusal('store_failed', 'close'))
  })
})
