import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { FROZEN, faultRuns } from './fault-runs.ts'
import { TIME_LIMIT } from './under-load.ts'

const CLIENTS = ['redis', 'ioredis'] as const

/** A slow and busy machine may be late by this much, in ms; who waits for an answer that never comes, waits longer. */
const SLACK = 10_000

async function outcome(fault: string, client: (typeof CLIENTS)[number]) {
  const run = faultRuns[fault] ?? assert.fail(`no run ${fault}`)
  const result = await run(client)
  const codes = Object.keys(result.failed).filter((code) => code !== 'store_failed' && code !== 'store_timeout')
  assert.deepEqual(codes, [], 'a store failure is the only error a request gets')
  assert.ok(result.loggedOutOnPurpose > 0)
  return result
}

suite('redis, while something happens to the server', { concurrency: 4 }, () => {
  for (const client of CLIENTS) {
    test(`${client}: a frozen server fails requests in time, and nothing late undoes what was acknowledged`, async () => {
      const result = await outcome('server frozen for 2 s (SIGSTOP)', client)
      assert.ok((result.failed['store_timeout'] ?? 0) > 0)
      assert.ok(result.longest >= TIME_LIMIT && result.longest < TIME_LIMIT * 2 + SLACK, `${result.longest} ms`)
      assert.ok(result.pause < FROZEN + SLACK, `${result.pause} ms`)
      const { lost, loggedOut, returned } = result
      assert.deepEqual({ lost, loggedOut, returned }, { lost: 0, loggedOut: 0, returned: 0 })
    })

    test(`${client}: a server killed and started again has all it acknowledged to the disk`, async () => {
      const result = await outcome('`kill -9`, restart after 0.5 s, `appendfsync always`', client)
      assert.ok((result.failed['store_failed'] ?? 0) > 0)
      const { lost, loggedOut, returned } = result
      assert.deepEqual({ lost, loggedOut, returned }, { lost: 0, loggedOut: 0, returned: 0 })
    })

    test(`${client}: a full server fails writes only for as long as it is full`, async () => {
      const result = await outcome('memory full for 0.5 s, `noeviction`', client)
      assert.ok((result.failed['store_failed'] ?? 0) > 0)
      const { lost, loggedOut, returned } = result
      assert.deepEqual({ lost, loggedOut, returned }, { lost: 0, loggedOut: 0, returned: 0 })
    })
  }

  // Replication is asynchronous: the last writes before a failover may be lost, so they are reported, not forbidden.
  // How many that are is the machine's business; that most were there already is not.
  for (const [fault, client] of [
    ['Cluster: a master killed (`kill -9`)', 'ioredis'],
    ['Sentinel: the master killed (`kill -9`)', 'redis'],
  ] as const)
    test(`${fault}, ${client}: every visitor is served again, with the session of before`, async (t) => {
      const { saved, lost, loggedOut, returned, loggedOutOnPurpose } = await outcome(fault, client)
      t.diagnostic(`${saved} saved, ${lost} changes lost, ${returned} of ${loggedOutOnPurpose} ended sessions back`)
      assert.equal(loggedOut, 0)
      assert.ok(lost <= saved / 2 && returned <= loggedOutOnPurpose / 2, `${lost} lost, ${returned} back`)
    })
})
