/** The whole kit over stores that encrypt. Over servers: encrypted-servers.test.ts; attacks: encrypted-attacks.test.ts. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { encryptedStore } from '../../src/stores/encrypted.ts'
import { fileStore } from '../../src/stores/file.ts'
import { memoryStore } from '../../src/stores/memory.ts'
import { runStoreCases } from '../../src/testing/index.ts'
import { testKey } from '../core/sealed-site.ts'
import { assertNoTokens, keep, keepFolder } from '../tokens/watch.ts'
import { casesOfOtherSetups } from './other-setups.ts'

const keys = [testKey(1), testKey(2)]
const ownerKeys = [testKey(3), testKey(4)]

runStoreCases({
  test,
  cases: casesOfOtherSetups,
  label: 'encrypted memory: ',
  async open(clock) {
    const inner = memoryStore()
    const open = () => encryptedStore(inner, { keys, clock })
    const dispose = async () => keep('memory', JSON.stringify(await Array.fromAsync(inner.list())))
    return { store: open(), second: async () => open(), dispose }
  },
})

runStoreCases({
  test,
  label: 'encrypted files, owners hashed: ',
  async open(clock) {
    const directory = await mkdtemp(join(tmpdir(), 'coatcheck-encrypted-'))
    const open = () => encryptedStore(fileStore(directory, { clock }), { keys, ownerKeys, clock })
    const dispose = async () => {
      keepFolder(directory)
      await rm(directory, { recursive: true })
    }
    return { store: open(), second: async () => open(), dispose }
  },
})

test('P6 no token of all these is in any record, an event or an error', (context) => {
  context.diagnostic(assertNoTokens({ tokens: 100, bytes: 100_000 }))
})
