/**
 * Bun and Deno, which differ most from the Node that runs all other tests: on each the parts in which it has something of
 * its own, its server, files, SQLite or cryptography. Every part on each runtime takes minutes: `npm run test:runtimes`.
 */
import { rmSync } from 'node:fs'
import { after, before, suite, test } from 'node:test'
import { ensurePackages } from '../../scripts/ensure-packages.ts'
import { EVERYWHERE, only, passes, STORE } from './expected.ts'
import { packages } from './packages.ts'
import { bun, deno } from './runtimes.ts'
import { makeUserProject } from './user-project.ts'

suite('Bun and Deno', () => {
  let project = ''
  before(() => {
    ensurePackages(packages)
    project = makeUserProject()
  })
  after(() => rmSync(project, { recursive: true }))

  test('Bun serves, and keeps sessions in its own SQLite', async () => {
    await passes(await bun(), project, { ...only(EVERYWHERE, 'fetch'), 'SQLite, bun:sqlite': STORE })
  })

  test('Deno serves, and keeps sessions in files and in cookies', async () => {
    await passes(await deno(), project, { ...only(EVERYWHERE, 'fetch', 'fetch, sessions in cookies'), file: STORE })
  })
})
