/**
 * Bun and Deno, which differ most from the Node that runs all other tests: every part on each. The oldest and the newest
 * Node: `npm run test:runtimes`.
 */
import { rmSync } from 'node:fs'
import { after, before, suite, test } from 'node:test'
import { ensurePackages } from '../../scripts/ensure-packages.ts'
import { EVERYWHERE, passes, STORE } from './expected.ts'
import { packages } from './packages.ts'
import { bun, deno } from './runtimes.ts'
import { makeUserProject } from './user-project.ts'

const STORES = { ...EVERYWHERE, file: STORE, 'SQLite, node:sqlite': STORE }

suite('Bun and Deno', () => {
  let project = ''
  before(() => {
    ensurePackages(packages)
    project = makeUserProject()
  })
  after(() => rmSync(project, { recursive: true }))

  test('Bun runs all cases, on its own SQLite, too', async () => {
    await passes(await bun(), project, { ...STORES, 'SQLite, bun:sqlite': STORE })
  })

  test('Deno runs all cases', async () => {
    await passes(await deno(), project, STORES)
  })
})
