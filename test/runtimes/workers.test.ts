/** Workers, with all of Node that workerd has, and with nothing of it. */
import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import manifest from '../../package.json' with { type: 'json' }
import { ensurePackages } from '../../scripts/ensure-packages.ts'
import { passes, WITHOUT_SOCKETS } from './expected.ts'
import { packages } from './packages.ts'
import { workers } from './runtimes.ts'
import { makeUserProject } from './user-project.ts'
import { bundleWorker, OLDEST_DATE, startWorker } from './workerd.ts'

const VISITS = { 'worker, memory': 8, 'worker, slow store': 1, 'worker, cookie': 7 }

suite('workers', () => {
  let project = ''
  before(() => {
    ensurePackages(packages)
    project = makeUserProject()
  })
  after(() => rmSync(project, { recursive: true }))

  test('a worker runs the cases without anything of Node, and with all of it', async () => {
    for (const runtime of workers()) await passes(runtime, project, { ...WITHOUT_SOCKETS, ...VISITS })
  })

  test('all that names no client of a database bundles without a module of Node, and loads in a worker that has none', async () => {
    const entries = Object.keys(manifest.exports).filter((entry) => entry !== './package.json')
    const [bundled, refused]: string[][] = [[], []]
    for (const entry of entries) {
      writeFileSync(join(project, 'entry.js'), `export * from 'coatcheck${entry.slice(1)}'`)
      const bundle = await bundleWorker(project, 'entry.js').catch(() => undefined)
      assert.deepEqual(bundle?.imports ?? [], [], entry)
      ;(bundle === undefined ? refused : bundled)?.push(entry)
    }
    assert.deepEqual(refused, ['./stores', './flask'])

    const imports = bundled?.map((entry, at) => `import * as entry${at} from 'coatcheck${entry.slice(1)}'`)
    const uses = bundled?.map((_entry, at) => `entry${at}`)
    const answer = `export default { fetch: () => Response.json([${uses?.join()}].map((entry) => Object.keys(entry).length)) }`
    writeFileSync(join(project, 'entry.js'), `${imports?.join('\n')}\n${answer}`)
    const { code } = await bundleWorker(project, 'entry.js')
    const worker = await startWorker(code, { date: OLDEST_DATE })
    try {
      const exported: number[] = await (await fetch(worker.url)).json()
      assert.equal(exported.length, bundled?.length)
    } finally {
      await worker.stop()
    }
  })
})
