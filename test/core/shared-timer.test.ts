import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { sharedTimer } from '../../src/backend/shared-timer.ts'
import { testClock } from '../../src/testing/clock.ts'

/** A timer of 100 ms, and which calls have expired when. */
function started() {
  const clock = testClock(1000)
  let timers = 0
  const counting = {
    ...clock,
    after: (ms: number, callback: () => void) => {
      timers += 1
      return clock.after(ms, callback)
    },
  }
  const timer = sharedTimer(100, counting)
  const expired: string[] = []
  const begin = (name: string) => timer.begin(() => expired.push(`${name} at ${clock.now()}`))
  return { clock, timer, expired, begin, timers: () => timers }
}

suite('a timer for many calls', () => {
  test('each expires at its own moment, whenever the others began or ended', () => {
    const { clock, timer, expired, begin } = started()
    begin('first')
    clock.advance(30)
    const ends = begin('ends')
    clock.advance(30)
    begin('second')
    timer.end(ends)
    clock.advance(39)
    assert.deepEqual(expired, [])
    clock.advance(1)
    assert.deepEqual(expired, ['first at 1100'])
    begin('third')
    clock.advance(1000)
    assert.deepEqual(expired, ['first at 1100', 'second at 1160', 'third at 1200'])
  })

  test('a thousand calls that are answered make one timer, and calls after a rest make another', () => {
    const { clock, timer, expired, begin, timers } = started()
    for (let n = 0; n < 1000; n += 1) timer.end(begin('answered'))
    assert.equal(timers(), 1)
    clock.advance(1000)
    assert.equal(timers(), 1, 'nothing is waited for')
    begin('late')
    clock.advance(1000)
    assert.deepEqual(expired, ['late at 2100'])
    assert.equal(timers(), 2)
  })

  test('a call may begin another as it expires', () => {
    const { clock, timer, expired, begin } = started()
    timer.begin(() => begin('again'))
    clock.advance(1000)
    assert.deepEqual(expired, ['again at 1200'])
  })

  test('a clock that is put back keeps no call waiting', () => {
    // The machine's timers do not heed its clock: they ring when they were to.
    let time = 5_000_000
    let ring = (): void => assert.fail('no timer was set')
    const after = (_ms: number, callback: () => void) => {
      ring = callback
      return () => {}
    }
    const timer = sharedTimer(100, { now: () => time, after, sleep: async () => {} })
    let expired = 0
    timer.begin(() => (expired += 1))
    time -= 3_600_000
    ring()
    assert.equal(expired, 1)
  })
})
