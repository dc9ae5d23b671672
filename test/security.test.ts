/** `docs/security.md`: forty rows, each with a test that exists; and what it recommends for what is not ours. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createServer, IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { runInNewContext } from 'node:vm'
import express from 'express'
import { Hono } from 'hono'
import { csrf } from 'hono/csrf'
import { createSessions } from '../src/index.ts'
import { session } from '../src/adapters/hono.ts'
import { memoryStore } from '../src/stores/memory.ts'
import { codeBlocks, readPage, root } from './markdown.ts'

const REQUIREMENTS = 40

/** What is wrong with the table of a page; `read` gives a file of `test/` or `src/`, or undefined. */
function tableProblems(markdown: string, rows: number, read: (file: string) => string | undefined): string[] {
  const cells = markdown
    .split('\n')
    .filter((line) => /^\| \d+ \|/.test(line))
    .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()))
  const problems = cells.flatMap(([, number = '', ...rest], index) => {
    const [requirement, answer, option, tests = ''] = rest
    const named = [...tests.matchAll(/\]\(\.\.\/([^)]+)\): “([^<]+)”/g)]
    return [
      ...(number === `${index + 1}` ? [] : [`row ${index + 1} has the number ${number}`]),
      ...(requirement && answer && option ? [] : [`row ${number}: an empty cell`]),
      ...(named.length > 0 && named.length === tests.split('<br>').length ? [] : [`row ${number}: no test`]),
      ...named
        .filter(([, file = '', name = '']) => !testsIn(read(file) ?? '').includes(name))
        .map(([, file, name]) => `row ${number}: no test “${name}” in ${file}`),
    ]
  })
  return cells.length === rows ? problems : [`${cells.length} rows`, ...problems]
}

/** The names of tests in a source, without the promise before some: whole string literals. */
function testsIn(source: string): string[] {
  return [...source.matchAll(/(?:test\(\s*|^ +)(['"])(?:P\d+ )?([^\n]+?)\1(?:,|:)/gm)].map(([, , name = '']) => name)
}

function readSource(file: string): string | undefined {
  const path = join(root, file)
  return /^(test|src\/testing)\//.test(file) && existsSync(path) ? readFileSync(path, 'utf8') : undefined
}

suite('docs/security.md', () => {
  test('has forty rows, each with what we do, the option and tests that exist', () => {
    assert.deepEqual(tableProblems(readPage('docs/security.md'), REQUIREMENTS, readSource), [])
  })

  test('the check finds a row that lacks something', () => {
    const row = (number: number, tests: string): string => `| ${number} | a | b | c | ${tests} |`
    const there = '[x](../test/x.ts): “is there”'
    const read = (file: string): string | undefined => (file === 'test/x.ts' ? "test('P5 is there', () =>" : undefined)
    const page = (...rows: readonly string[]): string => rows.join('\n')
    assert.deepEqual(tableProblems(page(row(1, there), row(2, `${there}<br>${there}`)), 2, read), [])
    assert.deepEqual(tableProblems(page(row(1, there)), 2, read), ['1 rows'])
    assert.deepEqual(tableProblems(page(row(2, there)), 1, read), ['row 1 has the number 2'])
    assert.deepEqual(tableProblems(page('| 1 | a |  | c | [x](../test/x.ts): “is there” |'), 1, read), [
      'row 1: an empty cell',
    ])
    assert.deepEqual(tableProblems(page(row(1, 'argued')), 1, read), ['row 1: no test'])
    assert.deepEqual(tableProblems(page(row(1, `${there}<br>soon`)), 1, read), ['row 1: no test'])
    for (const [file, name] of [
      ['test/x.ts', 'is'],
      ['test/y.ts', 'is there'],
    ])
      assert.deepEqual(tableProblems(page(row(1, `[x](../${file}): “${name}”`)), 1, read), [
        `row 1: no test “${name}” in ${file}`,
      ])
  })
})

suite('a form of another site', () => {
  const FORM = { method: 'POST', body: new URLSearchParams('a=1') }

  test('a form of another site is refused by what the page recommends, and one of ours is not', async (t) => {
    const code = blockWith('sec-fetch-site')
    const check: unknown = runInNewContext(`(${/(\(req, res, next\) => \{.*?\n\})\)/s.exec(code)?.[1]})`, { URL })
    assert.ok(typeof check === 'function')
    const app = express()
      .use((req, res, next) => void check(req, res, next))
      .use((_req, res) => void res.send('done'))
    const server = createServer(app).listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => server.close())
    const address = server.address()
    assert.ok(typeof address === 'object' && address !== null)
    const here = `http://127.0.0.1:${address.port}`
    const status = async (headers: Record<string, string>, method = 'POST'): Promise<number> =>
      rawStatus(here, method, headers)
    const elsewhere: Record<string, string>[] = [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'cross-site', origin: here },
      { origin: 'http://evil.example' },
      { origin: 'null' },
    ]
    for (const headers of elsewhere) {
      assert.equal(await status(headers), 403, JSON.stringify(headers))
      assert.equal(await status(headers, 'GET'), 200)
    }
    for (const headers of [{}, { origin: here }, { 'sec-fetch-site': 'same-origin' }, { 'sec-fetch-site': 'none' }])
      assert.equal(await status(headers), 200, JSON.stringify(headers))
  })

  test("Hono's csrf() beside the session", async () => {
    assert.match(blockWith('hono/csrf'), /\.use\(csrf\(\), session\(sessions\)\)/)
    const sessions = createSessions({ store: memoryStore(), cookie: { secure: false }, sweepEvery: false })
    const app = new Hono().use(csrf(), session(sessions)).post('/', (c) => c.text('done'))
    const from = async (origin: string): Promise<number> =>
      (await app.request('http://shop.example/', { ...FORM, headers: { origin } })).status
    assert.equal(await from('http://shop.example'), 200)
    for (const origin of ['http://evil.example', 'http://x.shop.example', 'null']) assert.equal(await from(origin), 403)
    await sessions.close()
  })
})

function blockWith(text: string): string {
  return codeBlocks(readPage('docs/security.md')).find(({ code }) => code.includes(text))?.code ?? assert.fail(text)
}

/** With headers that fetch() does not let anybody set. */
async function rawStatus(url: string, method: string, headers: Record<string, string>): Promise<number> {
  const asking = request(url, { method, headers, agent: false }).end()
  const [answer]: unknown[] = await once(asking, 'response')
  assert.ok(answer instanceof IncomingMessage)
  answer.resume()
  return answer.statusCode ?? 0
}
