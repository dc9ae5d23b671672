/** Every example starts, does what it is about, is safe to copy, and has its row in the table. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { suite, test } from 'node:test'
import { readPage, root } from '../markdown.ts'
import { browser } from './running.ts'
import { tours } from './tours.ts'

const LONGEST = 59

const names = globSync('examples/*.ts', { cwd: root })
  .map((path) => basename(path, '.ts'))
  .toSorted()

/** What is wrong with an example by its text alone. */
function problems(name: string, source: string, table: string): string[] {
  const lines = source.trimEnd().split('\n')
  const [head = ''] = source.split('*/')
  const imports = [...source.matchAll(/from '([^']+)'/g)].map(([, specifier = '']) => specifier)
  return [
    ...(lines.length > LONGEST ? [`${lines.length} lines`] : []),
    ...(head.startsWith('/**\n') ? [] : ['does not begin with what it shows']),
    ...(/^ \* {5}npm run example examples\/[\w/-]+\.ts/m.test(head) ? [] : ['does not say how to start it']),
    ...(/http:\/\/localhost/.test(head) ? [] : ['does not say what to try']),
    ...imports.filter((from) => from.startsWith('.') && !from.startsWith('./parts/')).map((from) => `imports ${from}`),
    ...(/<%~|<%-/.test(source) ? ['puts a value into a page unescaped'] : []),
    ...(table.includes(`](${name}.ts)`) ? [] : ['has no row in examples/README.md']),
  ]
}

// Most of a tour is waiting for a process to start.
suite('examples', { concurrency: 2 }, () => {
  test('each has its tour', () => {
    assert.deepEqual(Object.keys(tours).toSorted(), names)
  })

  for (const [name, tour] of Object.entries(tours)) {
    const source = readFileSync(join(root, 'examples', `${name}.ts`), 'utf8')

    test(`${name}: is short, says how to start it, imports what users can import, and is listed`, () => {
      assert.deepEqual(problems(name, source, readPage('examples/README.md')), [])
    })

    test(`${name}: does what it is about, and takes no form of another website`, async (t) => {
      const origin = await tour(t)
      for (const [, path = ''] of source.matchAll(/\.post\(\s*'([^']+)'/g)) {
        const { status, setCookie } = await browser().post(`${origin}${path}`, {}, 'https://other.example')
        assert.deepEqual([status, setCookie], [403, []], path)
      }
    })
  }

  test('the check of their text finds what is wrong', () => {
    const source = `import { a } from '../src/index.ts'\n${'\n'.repeat(LONGEST)}const view = '<%~ it.name %>'\n`
    assert.deepEqual(problems('bad', source, '[good](good.ts)'), [
      '61 lines',
      'does not begin with what it shows',
      'does not say how to start it',
      'does not say what to try',
      'imports ../src/index.ts',
      'puts a value into a page unescaped',
      'has no row in examples/README.md',
    ])
  })
})
