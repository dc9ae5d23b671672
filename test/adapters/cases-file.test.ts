/** The adapter cases over files, on two adapters: what a store may change is when its answers come, for all alike. */
import assert from 'node:assert/strict'
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

for (const name of ['Express 5', 'fetch'] as const)
  runAdapterCases({ test, label: `${name}, files: `, serve: servers[name] ?? assert.fail(name), open })
