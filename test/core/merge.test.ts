/** Two requests changed one session: the three-way merge alone. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { changedKeys, mergeLines, sameLines } from '../../src/record/merge.ts'
import type { SettleClash, SettledClash } from '../../src/record/merge.ts'
import type { Lines } from '../../src/record/record.ts'
import { settleBy } from '../../src/record/settle.ts'

type Line = string | undefined

const lines = (object: Readonly<Record<string, string>>): Lines => new Map(Object.entries(object))
const ours: SettleClash = (clash) => clash.ours
const theirs: SettleClash = (clash) => clash.theirs

suite('merge', () => {
  test('one key, every way in which it can have changed on both sides', () => {
    const cases: readonly (readonly [base: Line, ours: Line, theirs: Line, kept: Line, winner?: string])[] = [
      ['1', '1', '1', '1'],
      ['1', '2', '1', '2'],
      ['1', '1', '3', '3'],
      ['1', '2', '2', '2'],
      ['1', '2', '3', '2', 'ours'],
      ['1', undefined, '1', undefined],
      ['1', '1', undefined, undefined],
      ['1', undefined, undefined, undefined],
      ['1', undefined, '3', undefined, 'deletion'],
      ['1', '2', undefined, undefined, 'deletion'],
      [undefined, '2', undefined, '2'],
      [undefined, undefined, '3', '3'],
      [undefined, '2', '2', '2'],
      [undefined, '2', '3', '2', 'ours'],
    ]
    for (const [base, mine, other, kept, winner] of cases) {
      const result = mergeLines(one(base), one(mine), one(other), ours)
      assert.equal(result.lines.get('key'), kept, `${base} ${mine} ${other}`)
      assert.equal(result.clashes[0]?.winner, winner, `${base} ${mine} ${other}`)
    }
  })

  test('the clash says who won, whatever settled it', () => {
    const settle = (by: SettleClash): { kept: Line; winner: string | undefined } => {
      const result = mergeLines(one('1'), one('2'), one('3'), by)
      return { kept: result.lines.get('key'), winner: result.clashes[0]?.winner }
    }
    assert.deepEqual(settle(ours), { kept: '2', winner: 'ours' })
    assert.deepEqual(settle(theirs), { kept: '3', winner: 'theirs' })
    assert.deepEqual(
      settle(() => '23'),
      { kept: '23', winner: 'merged' },
    )
    assert.deepEqual(
      settle(() => undefined),
      { kept: undefined, winner: 'merged' },
    )
    assert.throws(() =>
      settle(() => {
        throw new Error('refused')
      }),
    )
  })

  test('nothing below the top level is merged', () => {
    const result = mergeLines(one('{"a":1}'), one('{"a":1,"b":2}'), one('{"a":1,"c":3}'), ours)
    assert.equal(result.lines.get('key'), '{"a":1,"b":2}')
    assert.equal(result.clashes.length, 1)
  })

  test('the three sides are left as they were', () => {
    const sides = [lines({ a: '1' }), lines({ a: '2', b: '1' }), lines({ c: '1' })] as const
    const before = JSON.stringify(sides.map((side) => [...side]))
    mergeLines(...sides, ours)
    assert.equal(JSON.stringify(sides.map((side) => [...side])), before)
  })

  test('any three sides: as a model that looks at one key at a time says', () => {
    const seen = new Set<string>()
    fc.assert(
      fc.property(threeSides(), fc.constantFrom('ours', 'theirs'), ([base, mine, other], policy) => {
        const result = mergeLines(lines(base), lines(mine), lines(other), policy === 'ours' ? ours : theirs)
        const expected = new Map<string, string>()
        const clashes: string[] = []
        for (const key of new Set([base, mine, other].flatMap((side) => Object.keys(side)))) {
          const [b, m, o] = [base[key], mine[key], other[key]]
          const [weChanged, theyChanged] = [m !== b, o !== b]
          let kept: Line
          if (!weChanged) kept = o
          else if (!theyChanged || m === o) kept = m
          else {
            clashes.push(key)
            kept = m === undefined || o === undefined ? undefined : policy === 'ours' ? m : o
          }
          seen.add(`${weChanged} ${theyChanged} ${m === o} ${m === undefined} ${o === undefined}`)
          if (kept !== undefined) expected.set(key, kept)
        }
        assert.deepEqual(sorted(result.lines), sorted(expected))
        assert.deepEqual(result.clashes.map(({ key }) => key).toSorted(), clashes.toSorted())
        for (const clash of result.clashes) assert.equal(clash.winner === 'deletion', isDeletion(clash))
      }),
      { numRuns: 2_000, seed: 7 },
    )
    assert.equal(seen.size, 12, `cases of one key met: ${[...seen].join('; ')}`)
  })

  test('any three sides: the order of their keys changes nothing', () => {
    fc.assert(
      fc.property(threeSides(), fc.func(fc.nat()), ([base, mine, other], rank) => {
        const turned = (side: Readonly<Record<string, string>>): Lines =>
          new Map(Object.entries(side).toSorted(([a], [b]) => rank(a) - rank(b)))
        const straight = mergeLines(lines(base), lines(mine), lines(other), ours)
        const mixed = mergeLines(turned(base), turned(mine), turned(other), ours)
        assert.deepEqual(sorted(straight.lines), sorted(mixed.lines))
        assert.deepEqual(byKey(straight.clashes), byKey(mixed.clashes))
      }),
      { seed: 7 },
    )
  })

  test('any three sides: merging the result again changes nothing more', () => {
    fc.assert(
      fc.property(threeSides(), ([base, mine, other]) => {
        const once = mergeLines(lines(base), lines(mine), lines(other), ours).lines
        // Without a deletion to win, what is ours is in the result; so it is its own merge.
        assert.ok(sameLines(mergeLines(lines(other), once, once, ours).lines, once))
        assert.ok(sameLines(mergeLines(lines(other), once, lines(other), ours).lines, once))
      }),
      { seed: 7 },
    )
  })

  test('keys that every object inherits are keys like any other', () => {
    for (const key of ['__proto__', 'constructor', 'hasOwnProperty', 'toString']) {
      const side = (line: string): Lines => new Map([[key, line]])
      assert.equal(mergeLines(new Map(), side('1'), new Map(), ours).lines.get(key), '1')
      assert.equal(mergeLines(side('1'), new Map(), side('2'), ours).clashes[0]?.winner, 'deletion')
      assert.deepEqual(changedKeys(new Map(), side('1')), [key])
    }
  })

  test('two encodings are the same when keys and lines are', () => {
    assert.ok(sameLines(lines({ a: '1', b: '2' }), lines({ b: '2', a: '1' })))
    for (const other of [{ a: '1' }, { a: '1', b: '3' }, { a: '1', c: '2' }, { a: '1', b: '2', c: '3' }])
      assert.ok(!sameLines(lines({ a: '1', b: '2' }), lines(other)), JSON.stringify(other))
    assert.deepEqual(changedKeys(lines({ a: '1', b: '2', c: '3' }), lines({ b: '2', c: '4', d: '5' })), ['a', 'c', 'd'])
  })
})

function one(line: Line): Lines {
  return line === undefined ? new Map() : lines({ key: line })
}

/** Few keys and few lines, so that the sides often agree and often clash. */
function threeSides(): fc.Arbitrary<readonly [Side, Side, Side]> {
  const side = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('1', '2', '3'), { maxKeys: 4 })
  return fc.tuple(side, side, side)
}

type Side = Record<string, string>

function isDeletion(clash: SettledClash): boolean {
  return clash.ours === undefined || clash.theirs === undefined
}

function sorted(map: Lines): [string, string][] {
  return [...map].toSorted(([a], [b]) => (a < b ? -1 : 1))
}

function byKey(clashes: readonly SettledClash[]): SettledClash[] {
  return clashes.toSorted((a, b) => (a.key < b.key ? -1 : 1))
}

test('a function for conflicts gets undefined for what was absent, and deletes by giving undefined back', () => {
  const seen: unknown[] = []
  const settle = settleBy((clash) => {
    seen.push([clash.key, clash.base, clash.ours, clash.theirs])
    return clash.key === 'sum' ? Number(clash.ours) + Number(clash.theirs) : undefined
  })
  const [mine, others] = [lines({ sum: '1', both: '"x"' }), lines({ sum: '2', both: '"y"' })]
  const merged = mergeLines(new Map(), mine, others, settle)
  assert.deepEqual(seen, [
    ['sum', undefined, 1, 2],
    ['both', undefined, 'x', 'y'],
  ])
  assert.deepEqual([...merged.lines], [['sum', '3']])
  assert.deepEqual(
    merged.clashes.map(({ winner }) => winner),
    ['merged', 'merged'],
  )
})
