/** Every code block of the documentation is type-checked and run; the README's transcript is what curl would see. */
import assert from 'node:assert/strict'
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { promisify } from 'node:util'
import { codeBlocks, pages, readPage, root } from './markdown.ts'
import { quotes, snippets, type Request, type Snippet } from './snippets.ts'

interface Placed extends Snippet {
  /** Where it stands, for a reader: `README.md:21`. */
  readonly name: string
  /** Where it is written to, inside the project, so that `import 'coatcheck'` finds the sources. */
  readonly file: string
}

/** One per run, so that two runs at once do not remove each other's. */
const folder = join(root, '.snippets', String(process.pid))
/** Milliseconds a block may take to end by itself. */
const LONGEST = 20_000

const placed = pages().flatMap((page) =>
  snippets(codeBlocks(readPage(page))).map((snippet): Placed => {
    const name = `${page}:${snippet.line}`
    return { ...snippet, name, file: join(folder, `${name.replaceAll(/[^\w.]/g, '-')}.ts`) }
  }),
)

suite('code in the documentation', () => {
  let errors: string[] = []

  before(async () => {
    mkdirSync(folder, { recursive: true })
    for (const { file, code } of placed) writeFileSync(file, `${code}\nexport {}\n`)
    errors = await typeErrors()
  })

  test('the README has code blocks', () => {
    assert.ok(placed.some(({ name }) => name.startsWith('README.md:')))
  })

  for (const snippet of placed) {
    const { name, check, file } = snippet
    test(`${name} has the right types`, () => {
      const prefix = file.slice(root.length + 1)
      assert.deepEqual(
        errors.filter((line) => line.startsWith(prefix)),
        [],
      )
    })
    if ('run' in check) test(`${name} runs to its end`, () => runs(snippet))
    if ('serve' in check) test(`${name} answers as it says`, () => serves(snippet, check.serve))
  }

  for (const page of pages()) {
    for (const { code, line, file } of quotes(codeBlocks(readPage(page)))) {
      test(`${page}:${line} is a part of ${file}`, () =>
        assert.ok(readFileSync(join(root, file), 'utf8').includes(code)))
    }
  }

  test('no type error is left over, not even outside the blocks', () => {
    assert.deepEqual(errors, [])
  })

  test('README.md shows what curl -i receives from its example', async () => {
    const blocks = codeBlocks(readPage('README.md'))
    const at = blocks.findIndex(({ language, code }) => language === 'console' && code.startsWith('$ curl -i'))
    const shown = blocks[at]?.code ?? ''
    const line = blocks[at - 1]?.line
    const example = placed.find(({ name }) => name === `README.md:${line}`)
    assert.ok(example, 'the block before the transcript is the example it belongs to')
    await withServer(example, async (port) => assert.equal(masked(await transcript(port)), masked(shown)))
  })
})

suite('the check of code blocks', () => {
  const block = (language: string, ...comments: string[]): Snippet[] =>
    snippets([{ language, code: 'const a = 1\n', line: 3, comments }])

  test('reads what a page says', () => {
    const page = [
      '<!-- setup',
      'const b = 2',
      '-->',
      '',
      '<!-- snippet: serve',
      'GET /a -> 200 A b',
      '-->',
      '```ts',
      'b',
      '```',
    ]
    assert.deepEqual(snippets(codeBlocks(page.join('\n'))), [
      {
        code: '\nconst b = 2\nb\n',
        line: 8,
        check: { serve: [{ method: 'GET', path: '/a', form: undefined, status: 200, text: 'A b' }] },
      },
    ])
    assert.deepEqual(block('ts')[0]?.check, { run: true })
    assert.deepEqual(block('console'), [])
  })

  test('leaves what repeats a file to the comparison with that file', () => {
    const page = '<!-- snippet: part of a/b.tsx -->\n```tsx\nconst a = <b />\n```\n'
    assert.deepEqual(snippets(codeBlocks(page)), [])
    assert.deepEqual(quotes(codeBlocks(page)), [{ code: 'const a = <b />\n', line: 2, file: 'a/b.tsx' }])
    assert.throws(() => block('tsx', 'snippet: part of'), /mark the block/)
    assert.throws(() => block('ts', 'snippet: part of a/b.ts', 'snippet: run'), /no other comment/)
  })

  test('lets no block slip through', () => {
    assert.throws(() => block('js'), /line 3: mark the block `ts`/)
    assert.throws(() => block('TypeScript'), /mark the block/)
    assert.throws(() => block('console', 'snippet: run'), /only `ts` blocks/)
    assert.throws(() => block('ts', 'snippet: skip'), /not a check/)
    assert.throws(() => block('ts', 'snippet: types'), /not a check/)
    assert.throws(() => block('ts', 'snippet: serve'), /not a check/)
    assert.throws(() => block('ts', 'snippet: serve\nGET /'), /not a request/)
  })

  test('notices a block that throws, one that never listens, and a wrong answer', async () => {
    const write = (name: string, code: string): Placed => {
      const file = join(mkdtempSync(join(tmpdir(), 'coatcheck-snippet-')), `${name}.mts`)
      writeFileSync(file, code)
      return { name, file, code, line: 1, check: { run: true } }
    }
    const get: Request = { method: 'GET', path: '/', form: undefined, status: 200, text: 'hello' }
    const server = "import { createServer } from 'node:http'\ncreateServer((_, res) => res.end('bye')).listen(80)"
    await assert.rejects(runs(write('throws', "throw new Error('broken block')")), /broken block/)
    await assert.rejects(serves(write('silent', "console.log('no server')"), [get]), /ended without a server/)
    await assert.rejects(serves(write('wrong', server), [get]), /"bye" does not contain "hello"/)
    await assert.rejects(serves(write('status', server), [{ ...get, status: 404, text: 'bye' }]), /200 !== 404/)
  })
})

after(() => rmSync(folder, { recursive: true, force: true }))

/** One tsc for all blocks. They show parts of programs, so what they leave unused is no error. */
async function typeErrors(): Promise<string[]> {
  const relaxed = { noUnusedLocals: false, noUnusedParameters: false, isolatedDeclarations: false, declaration: false }
  const config = { extends: '../../tsconfig.json', compilerOptions: relaxed, include: ['*.ts'] }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  const tsc = join(root, 'node_modules', '.bin', 'tsc')
  try {
    await promisify(execFile)(tsc, ['-p', folder], { cwd: root })
    return []
  } catch (error) {
    const said = error instanceof Error && 'stdout' in error ? String(error.stdout) : String(error)
    return said.split('\n').filter((line) => /error TS\d+/.test(line))
  }
}

async function runs(snippet: Placed): Promise<void> {
  const { child, output, cleanUp } = start(snippet)
  try {
    const [code, signal] = await once(child, 'exit', { signal: AbortSignal.timeout(LONGEST) })
    assert.equal(code, 0, `${snippet.name} ended with ${code ?? signal}\n${output()}`)
  } finally {
    cleanUp()
  }
}

async function serves(snippet: Placed, requests: readonly Request[]): Promise<void> {
  await withServer(snippet, async (port, output) => {
    const jar = new Map<string, string>()
    for (const { method, path, form, status, text } of requests) {
      const response = await fetch(`http://127.0.0.1:${port}${path}`, {
        method,
        redirect: 'manual',
        headers: {
          cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; '),
          ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
        },
        ...(form === undefined ? {} : { body: form }),
      })
      for (const line of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
        jar.set(name, value)
      }
      const body = await response.text()
      const where = `${snippet.name}: ${method} ${path}`
      assert.equal(response.status, status, `${where}: ${response.status} !== ${status}\n${body}\n${output()}`)
      assert.ok(body.includes(text), `${where}: ${JSON.stringify(body)} does not contain ${JSON.stringify(text)}`)
    }
  })
}

async function withServer(snippet: Placed, use: (port: number, output: () => string) => Promise<void>): Promise<void> {
  const { child, output, cleanUp } = start(snippet)
  try {
    const port = await new Promise<number>((resolve, reject) => {
      child.once('message', (message: { port: number }) => resolve(message.port))
      child.once('exit', () => reject(new Error(`${snippet.name} ended without a server\n${output()}`)))
    })
    await use(port, output)
  } finally {
    cleanUp()
  }
}

interface Started {
  readonly child: ChildProcess
  readonly output: () => string
  readonly cleanUp: () => void
}

/** Runs in a folder of its own, as on a user's machine: no setting of ours, and nothing left behind. */
function start({ file }: Placed): Started {
  const cwd = mkdtempSync(join(tmpdir(), 'coatcheck-snippet-'))
  const flags = ['--conditions=coatcheck-source', '--import', join(root, 'test/fixtures/snippet-port.ts')]
  const { SESSION_STORE: _store, NODE_ENV: _mode, NODE_TEST_CONTEXT: _context, ...env } = process.env
  const child = spawn(process.execPath, [...flags, file], { cwd, env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const cleanUp = (): void => {
    child.once('close', () => rmSync(cwd, { recursive: true, force: true }))
    child.kill('SIGKILL')
  }
  return { child, output: () => said, cleanUp }
}

/** What `curl -i` prints: the head as it came, and the body. */
async function transcript(port: number): Promise<string> {
  const request = httpRequest({ port, host: '127.0.0.1', path: '/' }).end()
  const [response] = await once(request, 'response')
  const head = [`HTTP/${response.httpVersion} ${response.statusCode} ${response.statusMessage}`]
  for (let at = 0; at < response.rawHeaders.length; at += 2)
    head.push(`${response.rawHeaders[at]}: ${response.rawHeaders[at + 1]}`)
  let body = ''
  for await (const chunk of response) body += chunk
  return `$ curl -i http://localhost:3000/\n${head.join('\n')}\n\n${body}\n`
}

/** Without what differs each time: the token and the dates. */
function masked(text: string): string {
  const date = /\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT/g
  return text.replaceAll(date, '<date>').replace(/^(Set-Cookie: [\w-]+=)[\w-]{20,}/im, '$1<token>')
}
