import { test } from 'node:test'
import { memoryStore } from '../../src/stores/memory.ts'
import { runAdapterCases } from '../../src/testing/adapter-cases.ts'
import { servers } from './servers.ts'

for (const [name, serve] of Object.entries(servers)) {
  runAdapterCases({ test, label: `${name}: `, serve, open: async () => ({ store: memoryStore() }) })
}
