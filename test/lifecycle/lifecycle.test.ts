/** docs/lifecycle.md says what becomes of a session on every store: this looks whether that is still so. */
import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { basename } from 'node:path'
import { test } from 'node:test'
import { readPage, root } from '../markdown.ts'
import { observeAll } from './observe.ts'
import { partOf } from './pages.ts'
import { LIFECYCLE, tablesOf } from './tables.ts'

test('docs/lifecycle.md says what is observed on every store; otherwise: npm run lifecycle -- --write', async () => {
  const observations = await observeAll()
  assert.equal(partOf(LIFECYCLE.page, LIFECYCLE.part), tablesOf(observations))

  const stores = globSync('docs/stores/*.md', { cwd: root }).map((page) => basename(page))
  assert.equal(observations.length, stores.length, 'every store with a page is observed')
  const page = readPage(LIFECYCLE.page)
  const unlinked = stores.filter((store) => !page.includes(`](stores/${store}#look-at-it)`))
  assert.deepEqual(unlinked, [], 'every store is linked')
})
