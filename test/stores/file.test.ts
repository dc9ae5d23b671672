import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { runStoreCases } from '../../src/testing/run-store-cases.ts'
import { fileStore } from '../../src/stores/file.ts'

runStoreCases({
  test,
  label: 'file: ',
  async open(clock) {
    const directory = await mkdtemp(join(tmpdir(), 'coatcheck-file-'))
    return {
      store: fileStore(directory, { clock }),
      second: async () => fileStore(directory, { clock }),
      dispose: () => rm(directory, { recursive: true }),
    }
  },
})
