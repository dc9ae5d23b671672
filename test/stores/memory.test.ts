import { test } from 'node:test'
import { memoryStore } from '../../src/stores/memory.ts'
import { runStoreCases } from '../../src/testing/index.ts'

runStoreCases({ test, open: async () => ({ store: memoryStore() }), cannot: ['second'] })
