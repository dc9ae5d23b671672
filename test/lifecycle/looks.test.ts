/** The commands on the pages of the stores are run, and must show what the pages say they show. */
import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { basename } from 'node:path'
import { suite, test } from 'node:test'
import { root } from '../markdown.ts'
import { looks, masked } from './looks.ts'
import { partOf } from './pages.ts'

suite('"Look at it" on the page of each store; to write it anew: npm run lifecycle -- --write', () => {
  for (const [store, look] of Object.entries(looks)) {
    const page = `docs/stores/${store}.md`
    test(`${page} shows what its commands show`, async () => {
      assert.equal(masked(partOf(page, 'example')), masked(await look()))
    })
  }

  test('every store has one', () => {
    const pages = globSync('docs/stores/*.md', { cwd: root }).map((page) => basename(page, '.md'))
    assert.deepEqual(Object.keys(looks).toSorted(), pages.toSorted())
  })

  test('what is masked is what differs from run to run, and no word', () => {
    const file = (user: string, time: string, name: string) => `-rw------- 1 ${user} root 210 ${time} ${name}`
    const id = 'a'.repeat(64)
    assert.equal(masked(file('ada', 'Nov 21 14:20', id)), masked(file('root', 'Dec  1 09:00', id)))
    assert.equal(masked('version d957240fd1431e74e3cb8080'), masked('version   0d4c0925d5f508b2ab1d4083'))
    const sealed = (body: string) => `sealed1.JTtl97mO.${body}==`
    assert.equal(masked(sealed('Y/LZ')), masked(sealed(`Q+${'a'.repeat(24)}/1234567890`)))
    assert.notEqual(masked('"keys":["user","cart"]'), masked('"keys":["user"]'))
    assert.notEqual(masked('expires_at = 1797949215976'), masked('expires = 1797949215976'))
  })
})
