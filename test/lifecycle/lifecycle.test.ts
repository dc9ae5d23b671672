/** docs/lifecycle.md says what becomes of a session on every store: this looks whether that is still so. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { observeAll } from './observe.ts'
import { partOf } from './pages.ts'
import { LIFECYCLE, tablesOf } from './tables.ts'

test('docs/lifecycle.md says what is observed on every store; otherwise: npm run lifecycle -- --write', async () => {
  const tables = tablesOf(await observeAll())
  assert.equal(partOf(LIFECYCLE.page, LIFECYCLE.part), tables)
})
