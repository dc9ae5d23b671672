/** The deliberate breaks fit the code: `npm run breaks` makes them, this keeps them from rotting until somebody does. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { breaks } from '../../scripts/breaks-core.ts'

suite('each deliberate break fits the code', () => {
  for (const { name, file, edits } of breaks)
    test(name, () => {
      let text = readFileSync(new URL(`../../src/${file}`, import.meta.url), 'utf8')
      assert.notEqual(edits.length, 0)
      for (const [find, replace] of edits) {
        assert.equal(text.split(find).length - 1, 1, `src/${file} must have exactly once: ${find}`)
        assert.notEqual(find, replace)
        text = text.replace(find, () => replace)
      }
    })

  test('no two have one name', () => {
    assert.equal(new Set(breaks.map(({ name }) => name)).size, breaks.length)
  })
})
