import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { MongoClient } from 'mongodb'
import { mongodbStore } from '../../src/stores/mongodb.ts'

const NOW = Date.UTC(2100, 0, 1)

/** The record that everybody changes. */
export const CONTENDED: { readonly id: string; readonly now: number; readonly expiresAt: number } = {
  id: '0'.repeat(64),
  now: NOW,
  expiresAt: NOW + 600_000,
}

/** What became of updates at once. */
export interface Contention {
  readonly attempted: number
  /** Updates that the store said have succeeded. */
  readonly acknowledged: number
  /** Those that are in the record. */
  readonly kept: number
}

let collections = 0

/** Let `processes` processes with `writers` writers each add one, `times` times, through compare-and-set. */
export async function contention(url: string, processes: number, writers: number, times: number): Promise<Contention> {
  const collection = `coatcheck-contended-${process.pid}-${++collections}`
  const client = new MongoClient(url)
  const store = mongodbStore({ db: client.db(), collection }, { createIndexes: false })
  const { id, now, expiresAt } = CONTENDED
  await store.create(id, { payload: '0', expiresAt }, now)
  const args = [join(import.meta.dirname, 'contender.ts'), url, collection, `${writers}`, `${times}`]
  const contenders = Array.from({ length: processes }, () =>
    spawn(process.execPath, ['--conditions=coatcheck-source', ...args], { stdio: ['pipe', 'pipe', 'inherit'] }),
  )
  try {
    await Promise.all(contenders.map((contender) => once(contender.stdout, 'data')))
    for (const { stdin } of contenders) stdin.write('go\n')
    const said = await Promise.all(contenders.map(({ stdout }) => text(stdout)))
    const acknowledged = said.reduce((sum, each) => sum + Number(each), 0)
    const kept = Number((await store.read(id, now))?.payload)
    return { attempted: processes * writers * times, acknowledged, kept }
  } finally {
    for (const contender of contenders) contender.kill('SIGKILL')
    await client.db().collection(collection).drop()
    await client.close()
  }
}
