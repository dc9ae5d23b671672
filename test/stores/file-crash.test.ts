import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileStore } from '../../src/stores/file.ts'
import { idOf, LATER, NOW, payloadOf, scratch, startChild, traces, valueOf } from '../fixtures/file-harness.ts'

const ALL = { records: 1_000_000, ms: 60_000 }

for (const verb of ['create', 'update', 'update large', 'touch', 'delete', 'sweep']) {
  test(`${verb} killed before any of its system calls leaves the old state or the new one, and nothing else`, async (t) => {
    let points = 0
    for (let at = 1; ; at++) {
      const directory = scratch(t)
      const id = idOf(at)
      const store = fileStore(directory)
      const old = { payload: payloadOf(1, 500), expiresAt: LATER }
      if (verb !== 'create') await store.create(id, old, NOW)
      const child = startChild({ role: 'crash', directory, id, verb, at, signal: 'SIGKILL' })
      await child.ended
      const finished = child.lines.includes('done true')
      assert.equal(child.process.signalCode, finished ? null : 'SIGKILL')
      const found = await store.read(id, NOW)
      const state = found === null ? 'absent' : `${valueOf(found.payload)} until ${found.expiresAt - LATER}`
      const before = verb === 'create' ? 'absent' : '1 until 0'
      const after =
        { create: '2 until 0', update: '2 until 0', 'update large': '2 until 0', touch: '1 until 1000' }[verb] ??
        'absent'
      if (finished) assert.equal(state, after)
      else assert.ok(state === before || state === after, `killed at call ${at}: ${state}`)

      // The dead lock stops nobody, even before a sweep has been there.
      if (found === null) assert.ok(await store.create(id, old, NOW))
      else assert.equal(typeof (await store.update(id, found.version, old, NOW)), 'object')
      await store.sweep?.(NOW, ALL)
      assert.deepEqual(traces(directory), [], `killed at call ${at}`)
      await store.close?.()
      if (finished) break
      points++
    }
    const least = { create: 6, update: 5, 'update large': 6, touch: 5, delete: 3, sweep: 3 }[verb] ?? 0
    assert.ok(points >= least, `${points} points were tried, at least ${least} expected`)
  })
}
