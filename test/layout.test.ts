/** Where things are: adding a store or an adapter means adding its test, its page and its entry, or this fails. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { root } from './markdown.ts'

interface Layout {
  /** Paths relative to the root, with `/`. */
  readonly files: ReadonlySet<string>
  /** The `exports` of package.json. */
  readonly exports: Readonly<Record<string, unknown>>
  readonly read: (path: string) => string
}

/** One entry is one file: its source, its declarations and its JavaScript carry one name. */
function exportProblems({ files, exports }: Layout): string[] {
  const problems: string[] = []
  const owners = new Map<string, string>()
  for (const [entry, target] of Object.entries(exports)) {
    if (entry === './package.json') continue
    if (entry.includes('*')) problems.push(`${entry}: a wildcard publishes whatever lies in a folder`)
    const source = isConditions(target) ? target['coatcheck-source'] : undefined
    const name = /^\.\/src\/(.+)\.ts$/.exec(source ?? '')?.[1]
    if (name === undefined) {
      problems.push(`${entry}: "coatcheck-source" must name one file in src`)
      continue
    }
    const expected = { 'coatcheck-source': source, types: `./dist/${name}.d.ts`, default: `./dist/${name}.js` }
    // Order is meaning here: the first condition that matches wins.
    if (JSON.stringify(target) !== JSON.stringify(expected)) problems.push(`${entry}: not ${JSON.stringify(expected)}`)
    if (!files.has(`src/${name}.ts`)) problems.push(`${entry}: src/${name}.ts does not exist`)
    const other = owners.get(name)
    if (other !== undefined) problems.push(`${entry}: publishes the same file as ${other}`)
    owners.set(name, entry)
  }
  return problems
}

/** In src/stores a name without a hyphen is a public store; parts of one are called after it (`file-lock.ts`). */
function storeProblems(layout: Layout): string[] {
  return namesIn(layout, 'stores').flatMap((name) => {
    if (name === 'open') return missing(layout, 'src/stores/open.ts', './stores', ['test/stores/open.test.ts'])
    const source = `src/stores/${name}.ts`
    const page = `docs/stores/${name}.md`
    const problems = missing(layout, source, `./stores/${name}`, [`test/stores/${name}.test.ts`, page])
    if (!new RegExp(`^export function ${name}Store\\b`, 'm').test(layout.read(source)))
      problems.push(`${source}: does not export ${name}Store`)
    return [...problems, ...unlinked(layout, page)]
  })
}

/** In src/adapters whatever exports `session` (or `withSession`, for fetch) is a public adapter. */
function adapterProblems(layout: Layout): string[] {
  return namesIn(layout, 'adapters').flatMap((name) => {
    const source = `src/adapters/${name}.ts`
    if (!/^export (async )?function (session|withSession)\b/m.test(layout.read(source))) return []
    const page = `docs/adapters/${name}.md`
    const problems = missing(layout, source, `./${name}`, [
      `test/adapters/${name}.test.ts`,
      `test/types/${name}.ts`,
      page,
    ])
    return [...problems, ...unlinked(layout, page)]
  })
}

function namesIn({ files }: Layout, folder: string): string[] {
  const pattern = new RegExp(`^src/${folder}/([a-z0-9]+)\\.ts$`)
  return [...files].flatMap((file) => pattern.exec(file)?.[1] ?? [])
}

function missing({ files, exports }: Layout, source: string, entry: string, wanted: readonly string[]): string[] {
  const problems = wanted.filter((file) => !files.has(file)).map((file) => `${source}: ${file} does not exist`)
  return entry in exports ? problems : [...problems, `${source}: package.json has no exports entry ${entry}`]
}

function unlinked({ read }: Layout, page: string): string[] {
  return read('README.md').includes(`](${page})`) ? [] : [`README.md: no link to ${page}`]
}

function isConditions(value: unknown): value is Record<string, string> {
  return typeof value === 'object' && value !== null && Object.values(value).every((path) => typeof path === 'string')
}

function repository(): Layout {
  const patterns = ['src/**/*.ts', 'test/**/*.ts', 'docs/**/*.md', 'README.md']
  const files = new Set(globSync(patterns, { cwd: root }).map((path) => path.replaceAll('\\', '/')))
  const read = (path: string): string => readFileSync(join(root, path), 'utf8')
  return { files, exports: JSON.parse(read('package.json')).exports, read }
}

suite('layout', () => {
  test('one exports entry is one file, named explicitly', () => {
    assert.deepEqual(exportProblems(repository()), [])
  })

  test('every public store has its test, its page, its link in the README and its exports entry', () => {
    assert.notEqual(namesIn(repository(), 'stores').length, 0)
    assert.deepEqual(storeProblems(repository()), [])
  })

  test('every adapter has its test, the test of its types, its page, its link in the README and its exports entry', () => {
    assert.notEqual(namesIn(repository(), 'adapters').length, 0)
    assert.deepEqual(adapterProblems(repository()), [])
  })

  test('a repository that breaks each rule is told so', () => {
    const conditions = (name: string): Record<string, string> => ({
      'coatcheck-source': `./src/${name}.ts`,
      types: `./dist/${name}.d.ts`,
      default: `./dist/${name}.js`,
    })
    const { types, ...unordered } = conditions('index')
    const layout: Layout = {
      files: new Set(['src/index.ts', 'src/stores/memory.ts', 'src/stores/memory-lru.ts', 'src/adapters/koa.ts']),
      exports: {
        '.': { ...unordered, types },
        './again': conditions('index'),
        './gone': conditions('gone'),
        './all/*': conditions('index'),
        './text': './dist/index.js',
      },
      read: (path) => (path === 'src/adapters/koa.ts' ? 'export function session(): void {}' : ''),
    }
    assert.deepEqual(exportProblems(layout), [
      `.: not ${JSON.stringify(conditions('index'))}`,
      './again: publishes the same file as .',
      './gone: src/gone.ts does not exist',
      './all/*: a wildcard publishes whatever lies in a folder',
      './all/*: publishes the same file as ./again',
      './text: "coatcheck-source" must name one file in src',
    ])
    assert.deepEqual(storeProblems(layout), [
      'src/stores/memory.ts: test/stores/memory.test.ts does not exist',
      'src/stores/memory.ts: docs/stores/memory.md does not exist',
      'src/stores/memory.ts: package.json has no exports entry ./stores/memory',
      'src/stores/memory.ts: does not export memoryStore',
      'README.md: no link to docs/stores/memory.md',
    ])
    assert.deepEqual(adapterProblems(layout), [
      'src/adapters/koa.ts: test/adapters/koa.test.ts does not exist',
      'src/adapters/koa.ts: test/types/koa.ts does not exist',
      'src/adapters/koa.ts: docs/adapters/koa.md does not exist',
      'src/adapters/koa.ts: package.json has no exports entry ./koa',
      'README.md: no link to docs/adapters/koa.md',
    ])
  })
})
