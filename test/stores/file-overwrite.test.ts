/** Records that several processes, or random orders of every verb, overwrite in their files. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { test } from 'node:test'
import type { StoredRecord } from '../../src/store.ts'
import { placeOf } from '../../src/stores/file-layout.ts'
import { fileStore } from '../../src/stores/file.ts'
import {
  dice,
  idOf,
  LATER,
  NOW,
  payloadOf,
  scratch,
  startChild,
  traces,
  valueOf,
  writtenRecord,
} from '../fixtures/file-harness.ts'

test('two processes that add 200 each to one record make 400', async (t) => {
  const directory = scratch(t)
  const store = fileStore(directory)
  const id = idOf(1)
  await store.create(id, { payload: '0', expiresAt: LATER }, NOW)
  const children = [1, 2].map(() => startChild({ role: 'increment', directory, id, count: 200 }))
  await Promise.all(children.map((child) => child.ended))
  for (const child of children) assert.deepEqual(child.lines, ['ready', 'done'])
  assert.equal((await store.read(id, NOW))?.payload, '400')
  await store.close?.()
})

test('whoever reads while another process overwrites and touches sees each record as it was written, and never an older one', async (t) => {
  const directory = scratch(t)
  const store = fileStore(directory)
  const id = idOf(1)
  await store.create(id, writtenRecord(0), NOW)
  const count = 4000
  const child = startChild({ role: 'overwrite', directory, id, count })
  await child.until((lines) => lines.includes('ready'))
  let [last, reads] = [0, 0]
  while (last < count) {
    const found = await store.read(id, NOW)
    const value = valueOf(found?.payload ?? '')
    assert.ok(value >= last, `${value} after ${last}`)
    const touched = (found?.expiresAt ?? 0) - writtenRecord(value).expiresAt
    assert.ok(touched === 0 || touched === 1, `${value} with the deadline of another: ${touched}`)
    last = value
    // What the child says, and its end, are heard between reads.
    if (++reads % 1000 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  await child.ended
  assert.deepEqual(child.lines, ['ready', 'done'])
  await store.close?.()
})

test('whatever order of changes, and of writers killed at any byte: what was acknowledged is what is read', async (t) => {
  const seed = Number(process.env['COATCHECK_SEED'] ?? 1)
  t.diagnostic(`seed ${seed}`)
  const random = dice(seed)
  // What a disk takes is not what is asked here.
  t.mock.method(fs, 'fsync', (_file: number, done: (error: null) => void) => done(null))
  const directory = scratch(t)
  const stores = [fileStore(directory), fileStore(directory), fileStore(directory, { fsync: true })]
  const pick = (): (typeof stores)[number] => stores[random(3)] ?? assert.fail()
  const ids = [1, 2, 3].map(idOf)
  const known = new Map<string, StoredRecord | null>(ids.map((id) => [id, null]))
  const sizes = [10, 300, 1800, 1990, 2100, 3900, 4100, 9000, 17_000, 29_000, 70_000]
  let value = 0
  const next = (): { payload: string; expiresAt: number; owner?: string } => {
    const size = sizes[random(random(3) === 0 ? sizes.length : 3)] ?? 0
    const record = { payload: payloadOf(++value, size + random(50)), expiresAt: LATER + random(1000) }
    return random(2) === 0 ? { ...record, owner: `ada ${random(5)}` } : record
  }

  /** A writer is killed at some byte of a call that writes: as much of it is in the file. */
  async function killed(verb: () => Promise<unknown>): Promise<void> {
    const real = fs.writeSync
    const mock = t.mock.method(fs, 'writeSync', (file: number, bytes: Buffer, ...rest: [number, number, number]) => {
      const [from, length, at] = rest
      if (random(4) > 0) real(file, bytes, from, random(length), at)
      throw Object.assign(new Error('killed'), { code: 'EINTR' })
    })
    await assert.rejects(verb(), { code: 'store_failed' })
    mock.mock.restore()
  }

  const steps: Record<string, (id: string, before: StoredRecord | null) => Promise<StoredRecord | null | undefined>> = {
    async create(id, before) {
      const record = next()
      const written = await pick().create(id, record, NOW)
      assert.equal(written === null, before !== null)
      return written === null ? before : { ...record, version: written.version }
    },
    async update(id, before) {
      const record = next()
      const written = await pick().update(id, before?.version ?? 'none', record, NOW)
      if (before === null) assert.equal(written, 'gone')
      return typeof written === 'object' ? { ...record, version: written.version } : null
    },
    async conflict(id, before) {
      assert.equal(await pick().update(id, 'another', next(), NOW), before === null ? 'gone' : 'conflict')
      return before
    },
    async touch(id, before) {
      const expiresAt = LATER + random(2000)
      assert.equal(await pick().touch(id, expiresAt, NOW), before !== null)
      return before && { ...before, expiresAt: Math.max(before.expiresAt, expiresAt) }
    },
    async delete(id, before) {
      if (random(10) > 0) return before
      assert.equal(await pick().delete(id), before !== null)
      return null
    },
    async killed(id, before) {
      if (before !== null) await killed(() => pick().update(id, before.version, next(), NOW))
      return before
    },
    async sweep(_id, before) {
      assert.deepEqual(await pick().sweep?.(NOW, { records: 100, ms: 60_000 }), { removed: 0, more: false })
      return before
    },
  }
  const verbs = ['create', 'update', 'update', 'update', 'conflict', 'touch', 'delete', 'killed', 'killed', 'sweep']
  const done: string[] = []
  for (let step = 0; step < 1500; step++) {
    const id = ids[random(ids.length)] ?? ''
    const verb = verbs[random(verbs.length)] ?? ''
    const after = await steps[verb]?.(id, known.get(id) ?? null)
    known.set(id, after ?? null)
    done.push(`${verb} ${ids.indexOf(id)}`)
    for (const each of ids)
      assert.deepEqual(
        await pick().read(each, NOW),
        known.get(each),
        `${done.slice(-12).join(', ')}: ${ids.indexOf(each)}`,
      )
  }
  const listed = new Map<string, unknown>()
  for await (const { id, size: _, ...record } of stores[0]?.list?.() ?? []) listed.set(id, record)
  assert.deepEqual(listed, new Map([...known].filter(([, record]) => record !== null)))
  assert.ok(ids.some((id) => fs.existsSync(placeOf(directory, id).file)))
  assert.deepEqual(traces(directory), [])
})
