/** The presets against the published figures, and that they do what they say. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { nistSp80063b } from '../../src/index.ts'
import { resolvePolicy } from '../../src/options/options.ts'
import { scene } from './site.ts'

const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000]

/** Overall and inactivity timeouts as published; where there is no inactivity timeout, the overall one is all. */
const PUBLISHED = {
  rev3: {
    AAL1: { overall: 30 * DAY, inactivity: 30 * DAY }, // SP 800-63B, 4.1.3
    AAL2: { overall: 12 * HOUR, inactivity: 30 * MINUTE }, // 4.2.3
    AAL3: { overall: 12 * HOUR, inactivity: 15 * MINUTE }, // 4.3.3
  },
  rev4: {
    AAL1: { overall: 30 * DAY, inactivity: 30 * DAY }, // SP 800-63B-4, 2.1.3
    AAL2: { overall: 24 * HOUR, inactivity: HOUR }, // 2.2.3
    AAL3: { overall: 12 * HOUR, inactivity: 15 * MINUTE }, // 2.3.3
  },
} as const

suite('presets of NIST SP 800-63B', () => {
  test('there are those of both revisions, each level once', () => {
    const names = (levels: object): object =>
      Object.fromEntries(Object.entries(levels).map(([rev, by]) => [rev, Object.keys(Object(by))]))
    assert.deepEqual(names(nistSp80063b), names(PUBLISHED))
  })

  for (const [revision, levels] of Object.entries(PUBLISHED))
    for (const [level, { overall, inactivity }] of Object.entries(levels))
      test(`${revision} ${level}: a session ends with the published figures, idle or busy, and its cookie with the window`, async () => {
        const preset = Object(nistSp80063b)[revision][level] as (typeof nistSp80063b)['rev4']['AAL1']
        const policy = resolvePolicy({ ...preset })
        assert.deepEqual(policy.lifetime, { permanent: inactivity, browser: inactivity })
        assert.equal(policy.absolute, overall)

        for (const [step, end] of [
          [inactivity, inactivity],
          [inactivity / 5, overall],
        ] as const) {
          const on = scene({ ...preset })
          const session = await on.open()
          session.data['user'] = 'ada'
          assert.doesNotMatch(String((await on.commit(session)).setCookie), /Max-Age|Expires/)
          for (let at = step; at < end; at += step) {
            on.clock.advance(step)
            const visit = await on.open()
            assert.equal(visit.data['user'], 'ada', `after ${at}`)
            await on.commit(visit)
          }
          on.clock.advance(step - 1)
          assert.deepEqual(await on.found(), { user: 'ada' })
          on.clock.advance(1)
          assert.deepEqual(await on.found(), {})
        }
      })
})
