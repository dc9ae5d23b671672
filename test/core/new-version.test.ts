import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newVersion } from '../../src/stores/new-version.ts'

test('versions never come twice, whatever pool they are drawn from', () => {
  const drawn = Array.from({ length: 10_000 }, newVersion)
  assert.equal(new Set(drawn).size, drawn.length)
  for (const version of drawn) assert.match(version, /^[\da-f]{24}$/)
})

test('every digit of a version takes every value', () => {
  const drawn = Array.from({ length: 1000 }, newVersion)
  for (let place = 0; place < 24; place += 1) {
    assert.equal(new Set(drawn.map((version) => version[place])).size, 16, `digit ${place} is not random`)
  }
})
