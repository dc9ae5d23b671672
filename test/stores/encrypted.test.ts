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

const keys = [testKey(1), testKey(2)]
const ownerKeys = [testKey(3), testKey(4)]

runStoreCases({
  test,
  label: 'encrypted memory: ',
  async open(clock) {
    const inner = memoryStore()
    const open = () => encryptedStore(inner, { keys, clock })
    return { store: open(), second: async () => open() }
  },
})

runStoreCases({
  test,
  label: 'encrypted files, owners hashed: ',
  async open(clock) {
    const directory = await mkdtemp(join(tmpdir(), 'coatcheck-encrypted-'))
    const open = () => encryptedStore(fileStore(directory, { clock }), { keys, ownerKeys, clock })
    return { store: open(), second: async () => open(), dispose: () => rm(directory, { recursive: true }) }
  },
})
