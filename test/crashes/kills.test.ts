import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scratch } from '../fixtures/file-harness.ts'
import { killWriters } from './kills.ts'
import { type PlaceName, places } from './places.ts'

const names = Object.keys(places) as PlaceName[]

for (const place of names)
  test(`${place}: 18 writers killed at random instants: nothing torn, lost or resurrected, nothing left behind`, async (t) => {
    const result = await killWriters(scratch(t), { place, kills: 18, writers: 3, seed: 7 })
    assert.equal(result.kills, 18)
    assert.ok(result.acknowledged > 100, `${result.acknowledged} acknowledged changes`)
    assert.ok(result.stops > 0, 'some were stopped and continued')
    t.diagnostic(JSON.stringify(result))
  })
