/** What `npm run mutants` leaves out and counts; making and running mutants takes hours, and is not tested here. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { root } from '../markdown.ts'
import { areas } from './areas.ts'
import { argued } from './argued.ts'
import { isMessage, placeOf, WORDS } from './plugins.ts'
import { score, summarise } from './report.ts'

test('every file and every test of an area is there, and no file belongs to two', () => {
  const files = Object.values(areas).flatMap((area) => area.files)
  assert.deepEqual(files, [...new Set(files)])
  for (const { tests, files: sources } of Object.values(areas))
    for (const path of [...sources, ...tests]) assert.ok(existsSync(join(root, path)), path)
})

test('what is argued about is still in the sources', () => {
  for (const { file, was, becomes, why } of argued) {
    assert.ok(readFileSync(join(root, file), 'utf8').includes(was), `${file}: ${was}`)
    assert.notEqual(was, becomes)
    assert.match(why, /\w/)
  }
})

test('a sample is the same for the same seed, wherever the copy is, and as large as was asked', () => {
  const mutants = Array.from({ length: 2000 }, (_, line) => ({
    id: String(line),
    fileName: '/some/copy/src/cookie/token.ts',
    location: { start: { line, column: 1 }, end: { line, column: 9 } },
    mutatorName: 'BooleanLiteral',
    replacement: 'true',
  }))
  const picked = (seed: string, folder = '/some/copy'): string[] =>
    mutants
      .map((mutant) => ({ ...mutant, fileName: mutant.fileName.replace('/some/copy', folder) }))
      .filter((mutant) => placeOf(mutant, seed) < 25)
      .map(({ id }) => id)
  assert.deepEqual(picked('7'), picked('7', '/src/elsewhere'))
  assert.notDeepEqual(picked('7'), picked('8'))
  assert.ok(Math.abs(picked('7').length - 500) < 100)
  assert.ok(mutants.every((mutant) => placeOf(mutant, '7') < 100))
})

test('the words of an error are left alone, its code is not', () => {
  const call = { node: { type: 'NewExpression', callee: { name: 'SessionError' } }, key: 'argument', parentPath: null }
  const text = { node: { type: 'StringLiteral' }, listKey: 'arguments', parentPath: call }
  assert.equal(isMessage({ ...text, key: 0 }), false)
  assert.equal(isMessage({ ...text, key: 1 }), true)
  const sum = { node: { type: 'BinaryExpression' }, key: 1, listKey: 'arguments', parentPath: call }
  assert.equal(isMessage({ node: { type: 'TemplateLiteral' }, key: 'left', parentPath: sum }), true)
  assert.equal(isMessage({ node: { type: 'NumericLiteral' }, key: 'left', parentPath: sum }), false)
  const other = { ...call, node: { type: 'CallExpression', callee: { name: 'createHash' } } }
  assert.equal(isMessage({ ...text, key: 0, parentPath: other }), false)
})

test('counts what was tried, and says where a survivor is and whether somebody argued for it', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'coatcheck-mutants-'))
  context.after(() => rmSync(folder, { recursive: true }))
  const at = (line: number, from: number, to: number): object => ({
    start: { line, column: from },
    end: { line, column: to },
  })
  const mutant = (status: string, location: object, replacement = 'false'): object => ({
    mutatorName: 'ConditionalExpression',
    replacement,
    status,
    location,
  })
  const mutants = [
    mutant('Killed', at(1, 1, 1)),
    mutant('Timeout', at(1, 1, 2)),
    mutant('CompileError', at(1, 1, 3)),
    { ...mutant('Ignored', at(1, 1, 4)), statusReason: WORDS },
    mutant('Ignored', at(1, 1, 5)),
    mutant('Survived', at(2, 1, 3)),
    mutant('Survived', at(2, 5, 10)),
    mutant('NoCoverage', at(2, 5, 10), 'true'),
  ]
  const source = 'let a\nif (a < b) a()\n'
  const write = (name: string, of: string, which: readonly object[]): string => {
    const path = join(folder, name)
    writeFileSync(path, JSON.stringify({ files: { 'src/a.ts': { source: of, mutants: which } } }))
    return path
  }
  const reports = [
    write('first', source, mutants),
    write('later', source, [mutant('Killed', at(2, 1, 3)), mutant('CompileError', at(1, 1, 1))]),
    write('of another version', 'let b', [mutant('Killed', at(2, 5, 10)), mutant('Killed', at(9, 1, 1))]),
  ]
  const why = 'they are never equal'
  const summary = summarise(reports, [{ file: 'src/a.ts', was: 'a < b', becomes: 'true', why }], () => source)
  const { survivors, ...counts } = summary
  assert.deepEqual(counts, { made: 7, tried: 5, killed: 3, timedOut: 1 })
  const place = { file: 'src/a.ts', line: 2, range: 'src/a.ts:2:4-2:9', mutator: 'ConditionalExpression', was: 'a < b' }
  assert.deepEqual(survivors, [
    { ...place, becomes: 'false', unreached: false, why: undefined },
    { ...place, becomes: 'true', unreached: true, why },
  ])
  assert.equal(score(summary), 60)
})
