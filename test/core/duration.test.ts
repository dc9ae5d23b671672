/** Durations with units, and nothing else. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { duration, inWords, milliseconds } from '../../src/options/duration.ts'
import { refusal } from './refusal.ts'

suite('duration', () => {
  test('every unit', () => {
    const cases: readonly (readonly [string, number])[] = [
      ['1ms', 1],
      ['250ms', 250],
      ['1s', 1_000],
      ['90s', 90_000],
      ['30m', 1_800_000],
      ['12h', 43_200_000],
      ['31d', 2_678_400_000],
      ['2w', 1_209_600_000],
      ['1.5h', 5_400_000],
      ['0.5d', 43_200_000],
      ['0.5ms', 1],
      ['007s', 7_000],
      ['365000d', 365_000 * 86_400_000],
    ]
    for (const [text, ms] of cases) {
      assert.equal(milliseconds(text, 'lifetime'), ms, text)
      assert.equal(duration(text), text)
    }
  })

  test('whatever is no positive duration is refused, with its name, what it was and what it may be', () => {
    // prettier-ignore
    const texts = [
      '', ' ', '1', '90', '-1d', '+1d', '1 d', ' 1d', '1d ', '1d\n', '1D', '1dd', 'd', '1.d', '.5d', '1e3d', '1_000s',
      '0d', '0.0s', '0.4ms', 'Infinityd', 'NaNd', 'Infinity', '1y', '1 day', '1h30m', '٣d', '367000d', '9'.repeat(400) + 'd',
      '__proto__', '1constructor',
    ]
    for (const text of texts) {
      const told = refusal('bad_option', 'storeTimeout is ', JSON.stringify(text), `'30m'`)
      assert.throws(() => milliseconds(text, 'storeTimeout'), told, text)
      assert.throws(() => duration(text, 'storeTimeout'), told, text)
    }
  })

  test('numbers are refused, because nobody can tell seconds from milliseconds', () => {
    for (const number of [0, 1, 3600, -1, 0.5, Number.NaN, Infinity])
      assert.throws(
        () => milliseconds(number, 'lifetime'),
        refusal('bad_option', `lifetime is the number ${number}, which has no unit`),
      )
  })

  test('nor is anything else a duration', () => {
    for (const value of [undefined, null, true, {}, [], ['1d'], new Date(0), () => '1d'])
      assert.throws(() => milliseconds(value, 'lifetime'), refusal('bad_option', 'lifetime is '))
  })

  test('in words: the largest unit that fits exactly', () => {
    const cases: readonly (readonly [number, string])[] = [
      [1, '1 millisecond'],
      [1_500, '1500 milliseconds'],
      [1_000, '1 second'],
      [90_000, '90 seconds'],
      [60_000, '1 minute'],
      [3_600_000, '1 hour'],
      [129_600_000, '36 hours'],
      [86_400_000, '1 day'],
      [31 * 86_400_000, '31 days'],
    ]
    for (const [ms, words] of cases) assert.equal(inWords(ms), words)
  })
})
