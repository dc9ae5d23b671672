/** What a user gets from npm: packed, installed in an empty project, imported, required and type-checked. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { promisify } from 'node:util'
import { codeBlocks, readPage, root } from './markdown.ts'

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
/** `coatcheck`, `coatcheck/stores` …: everything a user may import. */
const entries = Object.keys(manifest.exports)
  .filter((entry) => entry !== './package.json')
  .map((entry) => manifest.name + entry.slice(1))

/** What a Fastify user writes. */
const FASTIFY = `
import { fastify } from 'fastify'
declare module 'coatcheck/fastify/augment' {
  interface SessionData { cart: string[] }
}
fastify().get('/', async ({ session }) => [session.cart?.length satisfies number | undefined, session.get('cart')])
`

interface Problem {
  readonly kind: string
  readonly resolutionKind?: string
}

suite('the package', () => {
  const folder = mkdtempSync(join(tmpdir(), 'coatcheck-package-'))
  const project = join(folder, 'project')
  let tarball = ''
  let packed: string[] = []

  before(async () => {
    // npm pack builds first (prepack), so that this is what `npm publish` would send.
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder])
    const [result] = JSON.parse(stdout.slice(stdout.indexOf('[\n')))
    tarball = join(folder, result.filename)
    packed = result.files.map(({ path }: { path: string }) => path)
    mkdirSync(project)
    writeFileSync(join(project, 'package.json'), '{ "name": "project", "private": true, "type": "module" }')
    await run('npm', ['install', tarball, '--prefer-offline', '--ignore-scripts'], project)
  })

  after(() => rmSync(folder, { recursive: true, force: true }))

  test('holds the built code, its sources for source maps, and the texts: nothing else', () => {
    const allowed = /^(dist\/.+\.(js|d\.ts)(\.map)?|src\/.+\.ts|package\.json|README\.md|CHANGELOG\.md|LICENSE)$/
    assert.deepEqual(
      packed.filter((path) => !allowed.test(path)),
      [],
    )
    assert.deepEqual(
      packed.filter((path) => /\.test\.|(^|\/)(bench|demo|examples|scripts|fixtures)\//.test(path)),
      [],
    )
    for (const text of ['README.md', 'CHANGELOG.md', 'LICENSE']) assert.ok(packed.includes(text), `${text} is missing`)
  })

  for (const entry of entries) {
    test(`${entry}: import() and require() give the same names`, async () => {
      const code = `
        import { createRequire } from 'node:module'
        const imported = Object.keys(await import('${entry}')).sort()
        const required = Object.keys(createRequire(import.meta.url)('${entry}')).sort()
        console.log(JSON.stringify({ imported, required }))`
      const { stdout, stderr } = await run(process.execPath, ['--input-type=module', '-e', code], project)
      const { imported, required } = JSON.parse(stdout)
      assert.equal(stderr, '')
      assert.deepEqual(
        required.filter((name: string) => name !== '__esModule'),
        imported,
      )
      if (!entry.endsWith('/augment')) assert.notEqual(imported.length, 0)
    })
  }

  for (const [module, moduleResolution] of [
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ]) {
    test(`types resolve under "moduleResolution": "${moduleResolution}", with nothing but Node's types`, async () => {
      const plain = entries.filter((entry) => !entry.endsWith('/augment'))
      await typeCheck('plain', plain, ['@types/node'], { module, moduleResolution })
    })

    test(`the README's example and the Express augmentation resolve under "${moduleResolution}"`, async () => {
      const example = codeBlocks(readPage('README.md')).find(({ language }) => language === 'ts')?.code ?? ''
      const imports = entries.filter((entry) => !entry.endsWith('/fastify/augment'))
      const express = ['@types/node', '@types/express', '@types/express-serve-static-core']
      await typeCheck('express', imports, express, { module, moduleResolution }, example)
    })

    test(`the Fastify augmentation resolves under "${moduleResolution}"`, async () => {
      const imports = entries.filter((entry) => entry.includes('/fastify'))
      await typeCheck('fastify', imports, ['@types/node', 'fastify'], { module, moduleResolution }, FASTIFY)
    })
  }

  test('publint has nothing to say', async () => {
    const { stdout } = await run(bin('publint'), ['run', tarball, '--strict'])
    assert.match(stdout, /All good!/)
  })

  test('Are The Types Wrong? finds nothing wrong for ESM and for require(esm)', async () => {
    const flags = [tarball, '--profile', 'esm-only', '--format', 'json']
    const { stdout } = await run(bin('attw'), flags)
    const { analysis, problems } = JSON.parse(stdout)
    assert.equal(Object.keys(analysis.entrypoints).length, entries.length + 1)
    assert.deepEqual(Object.values<Problem[]>(problems).flat().filter(promised), [])
  })

  /** A project of one file that imports everything, checked by tsc with library declarations included. */
  async function typeCheck(
    name: string,
    imports: string[],
    types: string[],
    options: object,
    code = '',
  ): Promise<void> {
    const place = join(project, name)
    mkdirSync(place, { recursive: true })
    linkTypes(place, types)
    // Beside what it augments, as npm would have it.
    cpSync(join(project, 'node_modules', manifest.name), join(place, 'node_modules', manifest.name), {
      recursive: true,
    })
    const lines = imports.map((entry, index) => `import * as m${index} from '${entry}'\nexport { m${index} }`)
    writeFileSync(join(place, 'index.ts'), `${lines.join('\n')}\n${code}`)
    const ambient = types.filter((type) => type.startsWith('@types/')).map((type) => type.slice('@types/'.length))
    const strict = { target: 'es2024', strict: true, noEmit: true, skipLibCheck: false, types: ambient }
    const compilerOptions = { ...options, ...strict }
    writeFileSync(join(place, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['index.ts'] }))
    await run(bin('tsc'), ['-p', place])
  }
})

/** Only the declarations a user of this kind has; those they need in turn come with them. */
function linkTypes(place: string, types: readonly string[]): void {
  const wanted = new Set<string>()
  const add = (name: string): void => {
    if (wanted.has(name)) return
    wanted.add(name)
    const { dependencies = {} } = JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8'))
    for (const dependency of Object.keys(dependencies)) add(dependency)
  }
  for (const name of types) add(name)
  for (const name of wanted)
    cpSync(join(root, 'node_modules', name), join(place, 'node_modules', name), { recursive: true })
}

function bin(name: string): string {
  return join(root, 'node_modules', '.bin', name)
}

/** Run a program; when it fails, fail with everything it printed, because compilers speak on stdout. */
async function run(file: string, args: string[], cwd = root): Promise<{ stdout: string; stderr: string }> {
  try {
    return await promisify(execFile)(file, args, { cwd, maxBuffer: 2 ** 26 })
  } catch (error) {
    const said =
      error instanceof Error && 'stdout' in error && 'stderr' in error ? [error.stdout, error.stderr] : [error]
    return assert.fail(`${file} ${args.join(' ')}\n${said.join('\n')}`)
  }
}

/**
 * What the profile `esm-only` leaves out: Node 10's resolution, which knows no exports, and the remark that require()
 * meets ESM, which works from Node 22.12 on and is proven above.
 */
function promised({ kind, resolutionKind }: Problem): boolean {
  return resolutionKind !== 'node10' && kind !== 'CJSResolvesToESM'
}
