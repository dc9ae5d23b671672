import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileStore } from '../../src/stores/file.ts'
import { runAdapterCases } from '../../src/testing/adapter-cases.ts'
import type { OpenedStore } from '../../src/testing/store-context.ts'
import { servers } from './servers.ts'

async function open(): Promise<OpenedStore> {
  const folder = await mkdtemp(join(tmpdir(), 'coatcheck-'))
  return { store: fileStore(folder), dispose: () => rm(folder, { recursive: true }) }
}

for (const [name, serve] of Object.entries(servers)) {
  runAdapterCases({ test, label: `${name}, files: `, serve, open })
}
