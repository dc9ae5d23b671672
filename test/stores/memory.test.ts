import { test } from 'node:test'
import { memoryStore } from '../../src/stores/memory.ts'
import { runStoreCases } from '../../src/testing/index.ts'
import { assertNoTokens, keep } from '../tokens/watch.ts'

runStoreCases({
  test,
  cannot: ['second'],
  async open() {
    const store = memoryStore()
    return { store, dispose: async () => keep('memory', JSON.stringify(await Array.fromAsync(store.list()))) }
  },
})

test('P6 no token of all these is in any record, an event or an error', (context) => {
  context.diagnostic(assertNoTokens({ tokens: 100, bytes: 100_000 }))
})
