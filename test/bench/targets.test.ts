/** Whether the verdicts of the bench say what was measured. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { barChart } from '../../bench/charts.ts'
import { estimate, estimateOf, median, ratio } from '../../bench/http/statistics.ts'
import { RATIO_TARGETS, verdicts } from '../../bench/targets.ts'
import type { Evidence } from '../../bench/targets.ts'
import { root } from '../markdown.ts'

const NOTHING: Evidence = { cpu: () => [], commands: () => undefined, size: () => undefined }

suite('estimates', () => {
  test('the median of an odd and of an even number of rounds', () => {
    assert.equal(median([3, 1, 2]), 2)
    assert.equal(median([4, 1, 2, 3]), 2.5)
    assert.ok(Number.isNaN(median([])))
  })

  test('rounds that agree leave nothing open, and the same rounds give the same interval', () => {
    assert.deepEqual(estimate([5, 5, 5]), { median: 5, low: 5, high: 5 })
    const wide = estimate([1, 2, 3, 4, 100])
    assert.equal(wide.median, 3)
    assert.ok(wide.low < 3 && wide.high > 3)
    assert.deepEqual(estimate([1, 2, 3, 4, 100]), wide)
  })

  test('a slow round slows both sides of a ratio', () => {
    const columns = [
      [20, 60, 22],
      [10, 30, 11],
    ]
    assert.deepEqual(estimateOf(columns, ratio), { median: 2, low: 2, high: 2 })
  })
})

suite('targets', () => {
  test('nothing measured, nothing said', () => {
    assert.deepEqual(verdicts(NOTHING), [])
  })

  test('met only when the upper end of the interval meets the limit', () => {
    const judge = (ours: readonly number[]): boolean | undefined => {
      const cpu: Evidence['cpu'] = (contender, cell) => {
        if (cell !== 'read small') return []
        return { 'coatcheck-node-redis': ours, 'node-raw-redis': [100, 100, 100, 100, 100] }[contender] ?? []
      }
      const [verdict, ...others] = verdicts({ ...NOTHING, cpu })
      assert.deepEqual(others, [])
      return verdict?.met
    }
    assert.equal(judge([110, 112, 114, 110, 112]), true)
    // Its median would do, but not the rounds around it.
    assert.equal(judge([110, 112, 130, 131, 112]), false)
    assert.equal(judge([Number.NaN, 1, 1, 1, 1]), false)
  })

  test('what is added is counted from each one’s own floor', () => {
    const target = RATIO_TARGETS.find(({ what }) => what.startsWith('files, read')) ?? assert.fail('no such target')
    // 60 above a floor of 40, against 20 above a floor of 100.
    assert.equal(target.figure([[100], [40], [120], [100]]), 3)
  })

  test('store commands must be exactly what was promised', () => {
    const counts: Readonly<Record<string, number>> = { 'read small': 1, 'write small': 2, 'new small': 1 }
    const judge = (read: number): boolean | undefined =>
      verdicts({
        ...NOTHING,
        commands: (_contender, cell) => (cell === 'read small' ? read : (counts[cell] ?? 0)),
      })[0]?.met
    assert.equal(judge(1), true)
    assert.equal(judge(1.02), false)
    assert.equal(judge(0), false)
  })

  test('an entry must not weigh more than its limit', () => {
    const judge = (bytes: number): unknown =>
      verdicts({ ...NOTHING, size: (entry) => (entry === 'coatcheck' ? bytes : undefined) })[0]?.met
    assert.equal(judge(12_000), true)
    assert.equal(judge(12_001), false)
  })
})

suite('docs/performance.md', () => {
  test('shows the verdicts of bench/results.md, all and unchanged', () => {
    const rows = (page: string): string[] =>
      readFileSync(join(root, page), 'utf8')
        .split('\n')
        .filter((line) => / \| (met|\*\*missed\*\*) \|$/.test(line))
    assert.deepEqual(rows('docs/performance.md'), rows('bench/results.md'))
  })
})

suite('charts', () => {
  const bar = (label: string, figure: number): Parameters<typeof barChart>[1][number]['bars'][number] => ({
    label,
    kind: 'ours',
    value: { median: figure, low: figure - 1, high: figure + 1 },
  })
  const widths = (svg: string): number[] =>
    [...svg.matchAll(/<rect class="\w+" x="270" y="[\d.]+" width="([\d.]+)"/g)].map(([, width]) => Number(width))

  test('are as long as their figures, and say them', () => {
    const svg = barChart('a < b', [{ heading: 'one', bars: [bar('small', 50), bar('large', 100)] }])
    const [small = 0, large = 0] = widths(svg)
    assert.ok(Math.abs(large / small - 2) < 0.01, `${small}, ${large}`)
    assert.match(svg, /a &lt; b/)
    assert.match(svg, />100<\/text>/)
    assert.match(svg, /prefers-color-scheme: dark/)
  })

  test('a bar that would make all others small is cut off, and says so', () => {
    const svg = barChart('', [{ heading: '', bars: [bar('a', 50), bar('b', 100), bar('c', 2000)] }])
    const [small = 0, large = 0, cut = 0] = widths(svg)
    assert.ok(Math.abs(large / small - 2) < 0.01)
    assert.ok(cut > large && cut < 1.1 * large)
    assert.match(svg, />2000 …<\/text>/)
  })
})
