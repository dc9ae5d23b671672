/** The first command of every npm script, and the lock file behind `npm ci`. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { suite, test } from 'node:test'
import { promisify } from 'node:util'
import { ensureCommand, findCommand } from '../scripts/debian.ts'
import { missingPlatforms } from '../scripts/lock-platforms.ts'
import { nodeProblem, OLDEST } from '../scripts/require-node.mjs'
import { root } from './markdown.ts'

const run = promisify(execFile)
const script = join(root, 'scripts/require-node.mjs')
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

suite('scripts/require-node.mjs', () => {
  const path = '/usr/bin/node'

  test('lets the oldest supported version and everything newer pass', () => {
    for (const version of ['v22.18.0', 'v22.20.1', 'v23.0.0', 'v24.1.0', 'v100.0.0', process.version])
      assert.equal(nodeProblem(version, { modules: true, pinned: true, path }), null, version)
    assert.equal(manifest.engines.node, `>=${OLDEST.join('.')}`)
  })

  test('names the version it found, the cause and the mend', () => {
    const skipped = nodeProblem('v20.20.2', { modules: true, pinned: false, path })
    assert.match(skipped ?? '', /Node v20\.20\.2 \(\/usr\/bin\/node\).*22\.18 or newer/)
    assert.match(skipped ?? '', /install script did not run[^]*`npm rebuild node --ignore-scripts=false`/)
    assert.match(nodeProblem('v22.17.1', { modules: false, pinned: false, path }) ?? '', /run `npm ci`/)
    assert.match(nodeProblem('v18.0.0', { modules: true, pinned: true, path }) ?? '', /use `npm start` and `npm test`/)
  })

  test('stops the npm script that it begins', async () => {
    const pretend = `Object.defineProperty(process, 'version', { value: 'v20.20.2' })
      process.argv[1] = ${JSON.stringify(script)}
      await import(${JSON.stringify(script)})`
    const started = run(process.execPath, ['--input-type=module', '-e', pretend])
    await assert.rejects(started, { code: 1, stderr: /This is Node v20\.20\.2/ })
    assert.deepEqual(await run(process.execPath, [script]), { stdout: '', stderr: '' })
  })

  test('begins every npm script that runs TypeScript', () => {
    for (const [name, command] of Object.entries<string>(manifest.scripts)) {
      if (command.includes('.ts')) assert.match(command, /^node scripts\/require-node\.mjs && /, name)
    }
  })
})

suite('scripts/debian.ts', () => {
  test('finds programs on the PATH and says null for what is not there', () => {
    assert.match(findCommand('sh') ?? '', /\/sh$/)
    assert.equal(findCommand('coatcheck-no-such-program'), null)
    assert.equal(ensureCommand('sh', ['dash']), findCommand('sh'))
  })

  test('where it may not install, the error is the command to type', async () => {
    const ensure = `(await import(${JSON.stringify(join(root, 'scripts/debian.ts'))})).ensureCommand('x', ['y', 'z'])`
    // Without apt-get on the PATH, as on other systems.
    const started = run(process.execPath, ['--input-type=module', '-e', ensure], { env: { PATH: '/nowhere' } })
    const stderr = /x is missing\. .* run, as root: apt-get update && apt-get install -y --no-install-recommends y z/
    await assert.rejects(started, { code: 1, stderr })
  })
})

suite('package-lock.json', () => {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))

  test('names no address: a registry of one machine would be everyone else’s failed install', () => {
    assert.doesNotMatch(JSON.stringify(lock), /"resolved":/)
    assert.match(readFileSync(join(root, '.npmrc'), 'utf8'), /^omit-lockfile-registry-resolved=true$/m)
  })

  test('has an entry for every platform, or npm ci refuses it: run `node scripts/lock-platforms.ts`', () => {
    assert.deepEqual(missingPlatforms(lock), [])
    const optionalDependencies = { 'tool-linux-x64': '1.2.3' }
    const incomplete = { packages: { 'node_modules/tool': { version: '1.2.3', dev: true, optionalDependencies } } }
    assert.deepEqual(missingPlatforms(incomplete), [{ name: 'tool-linux-x64', version: '1.2.3', dev: true }])
  })

  test('the examples of frameworks keep to the same: no address but our own folder, every platform', () => {
    const folders = globSync('examples/frameworks/*/package.json', { cwd: root }).map(dirname)
    assert.notEqual(folders.length, 0)
    for (const folder of folders) {
      const text = readFileSync(join(root, folder, 'package-lock.json'), 'utf8')
      assert.deepEqual(
        [...text.matchAll(/"resolved": "(.*)"/g)].map(([, url]) => url),
        ['file:../../..'],
        folder,
      )
      assert.deepEqual(missingPlatforms(JSON.parse(text)), [], `node scripts/lock-platforms.ts ${folder}`)
    }
  })

  test('the runtimes and the peers of the bench keep to the same', () => {
    for (const folder of ['test/runtimes/packages', 'bench/peers']) {
      const text = readFileSync(join(root, folder, 'package-lock.json'), 'utf8')
      assert.doesNotMatch(text, /"resolved":/)
      assert.deepEqual(missingPlatforms(JSON.parse(text)), [], `node scripts/lock-platforms.ts ${folder}`)
    }
  })

  test('has no package whose install script nobody decided about: `allowScripts` in package.json', () => {
    const entries = Object.entries<{ hasInstallScript?: boolean }>(lock.packages)
    const scripted = entries.filter(([, { hasInstallScript }]) => hasInstallScript)
    const names = scripted.map(([place]) => place.replace(/^.*node_modules\//, ''))
    assert.deepEqual(
      names.filter((name) => !(name in manifest.allowScripts)),
      [],
    )
  })

  test('has a checksum for every package that is not for one platform only', () => {
    const entries = Object.entries<{ integrity?: string; os?: string[] }>(lock.packages)
    const unchecked = entries.filter(([place, { integrity, os }]) => place !== '' && !integrity && !os)
    assert.deepEqual(
      unchecked.map(([place]) => place),
      [],
    )
  })
})
