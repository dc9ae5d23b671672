/** docs/from-express-session.md against the package itself: every option and member has a row, and the diff is true. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { codeBlocks, readPage } from '../markdown.ts'

const page = readPage('docs/from-express-session.md')
const require = createRequire(import.meta.url)

function section(title: string): string {
  const [, rest = ''] = page.split(`## ${title}\n`)
  return rest.split('\n## ')[0] ?? ''
}

/** The first cells of a section's table. */
function rows(title: string): string[] {
  return [...section(title).matchAll(/^\| `([^`]+)` \|/gm)].map(([, cell = '']) => cell)
}

function readOf(packageName: string, file: string): string {
  return readFileSync(join(dirname(require.resolve(`${packageName}/package.json`)), file), 'utf8')
}

const readme = readOf('express-session', 'README.md')
const types = readOf('@types/express-session', 'index.d.ts')

/** The headings of one level in a part of the package's README. */
function headings(part: string, marks: string): string[] {
  const [, rest = ''] = readme.split(`\n${part}\n`)
  const own = rest.split(new RegExp(`\n#{1,${part.indexOf(' ')}} `))[0] ?? ''
  return [...own.matchAll(new RegExp(`^${marks} (.+)$`, 'gm'))].map(([, name = '']) => name)
}

/** What is declared in an interface of the package's types. */
function declared(name: string): string[] {
  const [, indent = '', own = ''] = new RegExp(`^( *)interface ${name} {\n([^]*?)^\\1}`, 'm').exec(types) ?? []
  return [...own.matchAll(new RegExp(`^${indent}    (\\w+)\\??[(:]`, 'gm'))].map(([, property = '']) => property)
}

function sorted(names: Iterable<string>): string[] {
  return [...new Set(names)].toSorted((a, b) => (a < b ? -1 : 1))
}

test('every option of express-session has a row', () => {
  const inReadme = headings('### session(options)', '#####')
  const inTypes = [...declared('SessionOptions'), ...declared('CookieOptions').map((name) => `cookie.${name}`)]
  assert(inReadme.length >= 18 && inTypes.length >= 18, 'the package was read')
  assert.deepEqual(sorted(rows('Every option')), sorted([...inReadme, ...inTypes]))
})

test('every member of req.session has a row', () => {
  const { Session } = require('express-session')
  const methods = Object.getOwnPropertyNames(Session.prototype).filter((name) => name !== 'constructor')
  const inReadme = ['### req.session', '### req.session.id', '### req.session.cookie', '### req.sessionID'].flatMap(
    (part) => [part.slice(4), ...headings(part, '####')],
  )
  const inTypes = declared('Request').map((name) => `req.${name}`)
  assert(methods.length >= 6 && inReadme.length >= 11 && inTypes.length >= 3, 'the package was read')
  const bare = (name: string): string => name.replace(/\(.*\)$/, '')
  assert.deepEqual(
    sorted(rows('Every member').map(bare)),
    // Its README shows `cookie.expires` at work and has no heading for it.
    sorted([...inReadme, ...inTypes, ...methods.map((name) => `Session.${name}`), 'Cookie.expires'].map(bare)),
  )
})

test('every method of a store has a row', () => {
  const inReadme = headings('## Session Store Implementation', '###')
  assert(inReadme.length >= 7)
  assert.deepEqual(sorted(rows('What is done with the store')), sorted(inReadme))
})

test('the diff is between the two session files of the app', () => {
  const diff = codeBlocks(page).find(({ language }) => language === 'diff')?.code ?? ''
  const side = (mark: string): string =>
    diff
      .split('\n')
      .filter((line) => line !== '' && (line.startsWith(mark) || line.startsWith(' ')))
      .map((line) => `${line.slice(1)}\n`)
      .join('')
  const file = (name: string): string =>
    readFileSync(join(import.meta.dirname, 'express-session-app', `session-${name}.mjs`), 'utf8')
  assert.equal(side('-'), file('before'))
  assert.equal(side('+'), file('after'))
})
