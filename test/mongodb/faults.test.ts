import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Outcome } from '../redis/under-load.ts'
import { TIME_LIMIT } from '../redis/under-load.ts'
import { FROZEN, faultRuns } from './fault-runs.ts'

/** A slow and busy machine may be late by this much, in ms; who waits for an answer that never comes, waits longer. */
const SLACK = 10_000

async function outcome(fault: string): Promise<Outcome> {
  const run = faultRuns[fault] ?? assert.fail(`no run ${fault}`)
  const result = await run()
  const codes = Object.keys(result.failed).filter((code) => code !== 'store_failed' && code !== 'store_timeout')
  assert.deepEqual(codes, [], 'a store failure is the only error a request gets')
  assert.ok(result.loggedOutOnPurpose > 0)
  const { lost, loggedOut, returned } = result
  assert.deepEqual({ lost, loggedOut, returned }, { lost: 0, loggedOut: 0, returned: 0 })
  return result
}

suite('mongodb store, while something happens to FerretDB', { concurrency: 2 }, () => {
  test('P11 a frozen server fails requests in time, and nothing late undoes what was acknowledged', async () => {
    const { failed, longest, pause } = await outcome('server frozen for 2 s (SIGSTOP)')
    assert.ok((failed['store_timeout'] ?? 0) > 0)
    assert.ok(longest >= TIME_LIMIT && longest < TIME_LIMIT * 2 + SLACK, `${longest} ms`)
    assert.ok(pause < FROZEN + SLACK, `${pause} ms`)
  })

  test('P11 a server killed and started again has all it acknowledged, and every visitor is served again', async () => {
    const { longest, pause } = await outcome('`kill -9`, restart after 0.5 s')
    assert.ok(longest < TIME_LIMIT * 2 + SLACK, `${longest} ms`)
    assert.ok(pause >= 400 && pause < TIME_LIMIT * 2 + SLACK, `${pause} ms`)
  })
})
