/** Inputs that grow: time must not grow faster than they do, as it does where a pattern goes back and tries again. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { measureGrowth } from './growth.ts'
import type { FuzzTarget } from './target.ts'
import { targets } from './targets/index.ts'

for (const [name, open] of Object.entries(targets))
  test(`${name}: time does not grow faster than the input`, async () => {
    const target = await open()
    try {
      for (const kind of Object.keys(target.growing ?? {})) await measureGrowth(target, kind)
    } finally {
      await target.stop?.()
    }
  })

test('a pattern that goes back and tries again is noticed', async () => {
  const target: FuzzTarget = {
    name: 'blanks',
    covers: [],
    form: 'text',
    words: [],
    seeds: [],
    run: (input) => void /\s+$/.test(input),
    growing: { blanks: (size) => `${' '.repeat(size)}x` },
  }
  await assert.rejects(measureGrowth(target, 'blanks'), /times as long/)
})
