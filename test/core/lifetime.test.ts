/** When a session ends: the arithmetic alone. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { beganAt, isOver, planDeadline, target } from '../../src/request/lifetime.ts'
import type { DeadlinePlan, LifetimeFacts } from '../../src/request/lifetime.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const START = 1_000_000_000_000

const facts = (changes: Partial<LifetimeFacts> = {}): LifetimeFacts => ({
  now: START,
  createdAt: START,
  lifetime: 10 * HOUR,
  absolute: 90 * DAY,
  ...changes,
})

suite('lifetime', () => {
  test('a visit earns one idle lifetime, never beyond the absolute end', () => {
    assert.equal(target(facts()), START + 10 * HOUR)
    assert.equal(target(facts({ createdAt: START - 90 * DAY + HOUR })), START + HOUR)
    assert.equal(target(facts({ createdAt: START - 90 * DAY })), START)
    assert.equal(target(facts({ absolute: Infinity, createdAt: 0 })), START + 10 * HOUR)
  })

  test('the absolute lifetime counts from the beginning, or from a later proof of who the owner is', () => {
    assert.equal(beganAt({ createdAt: START }), START)
    assert.equal(beganAt({ createdAt: START, authAt: undefined }), START)
    assert.equal(beganAt({ createdAt: START, authAt: START + HOUR }), START + HOUR)
    assert.equal(beganAt({ createdAt: START + HOUR, authAt: START }), START + HOUR)
  })

  test('a deadline is the first moment at which the session is over', () => {
    const cases: readonly (readonly [now: number, expiresAt: number, createdAt: number, absolute: number, boolean])[] =
      [
        [START, START + 1, START, DAY, false],
        [START, START, START, DAY, true],
        [START, START - 1, START, DAY, true],
        [START, START + HOUR, START - DAY + 1, DAY, false],
        [START, START + HOUR, START - DAY, DAY, true],
        [START, START + HOUR, 0, Infinity, false],
      ]
    for (const [now, expiresAt, createdAt, absolute, over] of cases)
      assert.equal(isOver({ now, createdAt, absolute }, expiresAt), over, `${expiresAt - now} ${now - createdAt}`)
  })

  test('the deadline is pushed by a tenth or more, clipped beyond the skew, and else it stays', () => {
    const STEP = HOUR
    const cases: readonly (readonly [string, number, boolean, DeadlinePlan['move']])[] = [
      // Against a lifetime of 10 h: what is stored, relative to what a visit now earns.
      ['just pushed', 0, true, 'stay'],
      ['a millisecond less than a tenth to be won', -STEP + 1, true, 'stay'],
      ['a tenth to be won', -STEP, true, 'push'],
      ['nearly over', -10 * HOUR + 1, true, 'push'],
      ['a tenth to be won, but no visit', -STEP, false, 'stay'],
      ['a minute too long: another host’s clock', MINUTE, true, 'stay'],
      ['more than a minute too long', MINUTE + 1, true, 'clip'],
      ['too long is clipped without a visit, too', MINUTE + 1, false, 'clip'],
    ]
    const earned = START + 10 * HOUR
    for (const [name, difference, counts, move] of cases) {
      const expiresAt = move === 'stay' ? earned + difference : earned
      assert.deepEqual(planDeadline(facts(), earned + difference, counts), { move, expiresAt }, name)
    }
  })

  test('a lifetime shorter than the skew is clipped by its own tenth', () => {
    const short = facts({ lifetime: 10_000 })
    assert.equal(planDeadline(short, START + 11_000, true).move, 'stay')
    assert.equal(planDeadline(short, START + 11_001, true).move, 'clip')
  })

  test('near its absolute end a session is not pushed any more', () => {
    const old = facts({ createdAt: START - 90 * DAY + HOUR })
    assert.deepEqual(planDeadline(old, START + HOUR, true), { move: 'stay', expiresAt: START + HOUR })
  })

  test('over any visits: a tenth less at most than the last one earned, never more, never past the absolute end', () => {
    let ended = 0
    let cut = 0
    fc.assert(
      fc.property(visits({ min: 0, max: 0.4 }), ({ lifetime, absolute, steps }) => {
        const { expiresAt, last } = live(lifetime, absolute, steps)
        const end = START + absolute
        assert.ok(expiresAt <= last + lifetime, 'later than a lifetime after the last visit')
        assert.ok(expiresAt <= end, 'later than the absolute end')
        assert.ok(expiresAt > Math.min(last + lifetime, end) - lifetime / 10, 'more than a tenth too early')
        if (last + lifetime <= end) assert.ok(expiresAt > last + 0.9 * lifetime, 'earlier than 0.9 lifetimes')
        ended += 1
        if (expiresAt === end) cut += 1
      }),
      { numRuns: 2_000, seed: 7 },
    )
    // Both ends were met, or the property has looked at one side only.
    assert.ok(cut > 20 && ended - cut > 20, `${cut} of ${ended} met the absolute end`)
  })

  test('over any visits: ten pushes per lifetime at most', () => {
    let most = 0
    const everyTenth = Array.from({ length: 60 }, () => ({ share: 0.1, counts: true }))
    fc.assert(
      fc.property(visits({ min: 0, max: 0.12 }), ({ lifetime, absolute, steps }) => {
        const { pushes } = live(lifetime, absolute, steps)
        for (const [n, from] of pushes.entries()) {
          const within = pushes.slice(n).filter((at) => at < from + lifetime).length
          most = Math.max(most, within)
          assert.ok(within <= 10, `${within} pushes within one lifetime`)
        }
      }),
      { numRuns: 2_000, seed: 7, examples: [[{ lifetime: HOUR, absolute: Infinity, steps: everyTenth }]] },
    )
    assert.equal(most, 10)
  })
})

interface Visits {
  readonly lifetime: number
  readonly absolute: number
  readonly steps: readonly { readonly share: number; readonly counts: boolean }[]
}

/** Requests whose gaps are shares of the lifetime. */
function visits(gap: { min: number; max: number }): fc.Arbitrary<Visits> {
  const step = fc.record({ share: fc.double({ ...gap, noNaN: true }), counts: fc.boolean() })
  return fc
    .record({
      lifetime: fc.integer({ min: 1_000, max: 400 * DAY }),
      times: fc.oneof(fc.constant(Infinity), fc.double({ min: 1, max: 8, noNaN: true })),
      steps: fc.array(step, { minLength: 1, maxLength: 60, size: 'max' }),
    })
    .map(({ times, ...made }) => ({ ...made, absolute: Math.ceil(times * made.lifetime) }))
}

/** A session as the core keeps it: every request finds out whether it lives, and moves the deadline as planned. */
function live(
  lifetime: number,
  absolute: number,
  steps: Visits['steps'],
): {
  expiresAt: number
  last: number
  pushes: readonly number[]
} {
  let now = START
  let last = START
  const pushes: number[] = []
  const at = (): LifetimeFacts => ({ now, createdAt: START, lifetime, absolute })
  let expiresAt = target(at())
  for (const { share, counts } of steps) {
    now += Math.round(share * lifetime)
    if (isOver(at(), expiresAt)) break
    const plan = planDeadline(at(), expiresAt, counts)
    assert.notEqual(plan.move, 'clip', 'the settings did not change')
    if (plan.move === 'push') pushes.push(now)
    if (counts) last = now
    ;({ expiresAt } = plan)
  }
  return { expiresAt, last, pushes }
}
