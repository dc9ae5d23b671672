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

test('what takes four times as long is let pass, and what takes sixteen times as long is not', async () => {
  let time = 0
  const taking = (exponent: number): FuzzTarget => ({
    name: 'blanks',
    covers: [],
    form: 'text',
    words: [],
    seeds: [],
    run: (input) => void (time += (input.length / 1000) ** exponent),
    growing: { blanks: (size) => ' '.repeat(size) },
  })
  const measure = (exponent: number) => measureGrowth(taking(exponent), 'blanks', () => time)
  assert.equal((await measure(1)).ratio, 4)
  await assert.rejects(measure(2), /16384 take 16.0 times as long as 4096/)
})
