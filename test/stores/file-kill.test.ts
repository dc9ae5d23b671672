import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scratch } from '../fixtures/file-harness.ts'
import { killWriters } from '../fixtures/file-kills.ts'

test('30 writers killed at random instants: nothing torn, nothing acknowledged lost, nothing left behind', async (t) => {
  const result = await killWriters(scratch(t), { kills: 30, writers: 3, seed: 7 })
  assert.equal(result.kills, 30)
  assert.ok(result.acknowledged > 300, `${result.acknowledged} acknowledged writes`)
  t.diagnostic(
    `${result.acknowledged} acknowledged writes, after the kills ${result.locksLeft} locks and ${result.tracesLeft} other traces lay about`,
  )
})
