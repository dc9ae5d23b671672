/** All the proof a store needs: `node --test examples/foreign-store/lmdb-store.test.ts`. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { runStoreCases } from 'coatcheck/testing'
import { lmdbStore } from './lmdb-store.ts'

runStoreCases({
  test,
  label: 'LMDB: ',
  async open() {
    const folder = await mkdtemp(join(tmpdir(), 'lmdb-store-'))
    const file = join(folder, 'sessions.lmdb')
    return {
      store: lmdbStore(file),
      second: async () => lmdbStore(file),
      dispose: () => rm(folder, { recursive: true }),
    }
  },
})
