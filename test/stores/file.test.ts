import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { runStoreCases } from '../../src/testing/run-store-cases.ts'
import { fileStore } from '../../src/stores/file.ts'
import { assertNoTokens, keepFolder } from '../tokens/watch.ts'

runStoreCases({
  test,
  label: 'file: ',
  async open(clock) {
    const directory = await mkdtemp(join(tmpdir(), 'coatcheck-file-'))
    return {
      store: fileStore(directory, { clock }),
      second: async () => fileStore(directory, { clock }),
      async dispose() {
        keepFolder(directory)
        await rm(directory, { recursive: true })
      },
    }
  },
})

test('P6 no token of all these is in any file, an event or an error', (context) => {
  context.diagnostic(assertNoTokens({ tokens: 100, bytes: 100_000 }))
})
