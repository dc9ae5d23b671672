import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { suite, test } from 'node:test'
import { errorCodes } from '../src/errors.ts'
import { eventNames } from './core/event-names.ts'
import { anchors, links, pages, readPage, root } from './markdown.ts'

/** Links of `page` that lead nowhere; `read` gives a file's text, or null when there is no such file. */
function brokenLinks(page: string, markdown: string, read: (path: string) => string | null): string[] {
  return links(markdown).filter((target) => {
    if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return false
    const [path = '', anchor] = decodeURI(target).split('#')
    const file = path === '' ? page : join(dirname(page), path)
    if (relative('.', file).startsWith('..')) return true
    const text = path === '' ? markdown : read(file)
    return text === null || (anchor !== undefined && file.endsWith('.md') && !anchors(text).has(anchor))
  })
}

/** The codes that have a row in the table of error codes: rows whose first cell is one code. */
function documentedCodes(markdown: string): string[] {
  return [...markdown.matchAll(/^\|\s*`(\w+)`\s*\|/gm)].map(([, code = '']) => code)
}

function mentionedPages(source: string): string[] {
  return [...source.matchAll(/\bdocs\/[\w/-]+\.md/g)].map(([page]) => page)
}

function readFromRoot(path: string): string | null {
  const full = join(root, path)
  if (!existsSync(full)) return null
  return statSync(full).isDirectory() ? '' : readFileSync(full, 'utf8')
}

suite('documentation', () => {
  for (const page of pages()) {
    test(`${page}: every internal link leads somewhere`, () => {
      assert.deepEqual(brokenLinks(page, readPage(page), readFromRoot), [])
    })
  }

  test('every page that a comment in src/ refers to exists', () => {
    const missing = globSync('src/**/*.ts', { cwd: root }).flatMap((file) =>
      mentionedPages(readFileSync(join(root, file), 'utf8'))
        .filter((page) => !existsSync(join(root, page)))
        .map((page) => `${file}: ${page}`),
    )
    assert.deepEqual(missing, [])
    assert.deepEqual(mentionedPages('See `docs/a-b.md` and docs/stores/c.md.'), ['docs/a-b.md', 'docs/stores/c.md'])
  })

  test('the link check finds a missing file, a missing heading and a way out of the repository', () => {
    const page = '# Title\n[a](b.md) [c](#title) [d](#gone) [e](../../x.md) [f](https://example.org/x) `[g](code.md)`\n'
    const read = (path: string): string | null => (path === 'docs/y.md' ? '# Here\n```\n# not here\n```\n' : null)
    assert.deepEqual(brokenLinks('docs/x.md', page, read), ['b.md', '#gone', '../../x.md'])
    assert.deepEqual(brokenLinks('docs/x.md', '[a](y.md#here) [b](y.md#not-here)', read), ['y.md#not-here'])
    assert.deepEqual(brokenLinks('docs/x.md', 'See [this][1].\n\n[1]: z.md\n', read), ['z.md'])
  })

  test('docs/errors.md has one row for every error code, and none for a code that does not exist', () => {
    const rows = documentedCodes(readPage('docs/errors.md'))
    assert.deepEqual(rows.toSorted(), Object.keys(errorCodes).toSorted())
  })

  test('docs/events.md has one row for every event, and none for one that does not exist', () => {
    assert.deepEqual(documentedCodes(readPage('docs/events.md')).toSorted(), eventNames.toSorted())
  })
})
