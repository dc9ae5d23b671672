/** The one example that needs no build of its own. The others take two minutes: `npm run test:frameworks`. */
import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { after, suite, test } from 'node:test'
import { readPage, root } from '../markdown.ts'
import { frameworks } from './frameworks.ts'
import { compiled } from './install.ts'
import { walkThrough } from './walk.ts'

test('every example of a framework is one that the walk knows, and has its section', () => {
  const folders = globSync('examples/frameworks/*/package.json', { cwd: root }).map((path) => basename(dirname(path)))
  assert.deepEqual(folders.toSorted(), frameworks.map(({ name }) => name).toSorted())
  const page = readPage('docs/frameworks.md')
  for (const name of folders) assert.match(page, new RegExp(`part of examples/frameworks/${name}/`))
})

suite('h3', () => {
  const coatcheck = compiled()
  after(() => coatcheck.remove())

  test('a visitor walks through the example, with Coatcheck as a package', async () => {
    const h3 = frameworks.find(({ name }) => name === 'h3') ?? assert.fail('h3 is among the frameworks')
    coatcheck.into(h3)
    await walkThrough(h3)
  })
})
