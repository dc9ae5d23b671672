/** The demo in its own process: what it logs and answers, and the files it keeps, hold no token that a browser got. */
import assert from 'node:assert/strict'
import { globSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { killDemos, startDemo, temporaryFolder } from '../demo/demo-process.ts'
import { visitor } from '../demo/visitor.ts'
import type { Page } from '../demo/visitor.ts'
import { needlesOf } from './needles.ts'
import { searchFor } from './search.ts'

const folder = temporaryFolder()
after(() => {
  killDemos()
  folder.remove()
})

test('P6 no token that a browser got is in a page, a header, a log line or a file of the demo', async () => {
  const store = join(folder.path, 'sessions')
  const demo = await startDemo({ SESSION_STORE: `file:${store}` })
  const tokens = new Set<string>()
  const searched: Record<string, Buffer> = {}
  const someone = visitor(demo.url)
  const keep = (name: string, { html, headers }: Page): void => {
    const token = someone.cookie()?.split('=')[1]
    if (token) tokens.add(token)
    const others = [...headers].filter(([header]) => header !== 'set-cookie')
    searched[name] = Buffer.from(JSON.stringify(others) + html)
  }

  keep('upload', await someone.upload('one\n'))
  keep('login', await someone.submit('/name', { name: 'Ada' }))
  for (const page of ['/', '/name', '/visits', '/cart', '/upload', '/where']) keep(page, await someone.get(page))
  keep('login again', await someone.submit('/name', { name: 'Bob' }))
  for (const name of globSync('**', { cwd: store }))
    if (statSync(join(store, name)).isFile())
      searched[name] = Buffer.concat([Buffer.from(name), readFileSync(join(store, name))])
  // From here on the store fails, and the log says so.
  rmSync(store, { recursive: true })
  writeFileSync(store, '')
  const failed = await someone.get('/where')
  keep('the page of an outage', failed)
  assert.equal(failed.status, 503)
  rmSync(store)
  assert.equal(await demo.stop(), 0)
  assert.notEqual(demo.stderr(), '')
  searched['the log'] = Buffer.from(demo.stdout() + demo.stderr())

  assert.equal(tokens.size, 3)
  assert.ok(Object.keys(searched).length > 10)
  const search = searchFor([...tokens].flatMap((token, n) => needlesOf(Buffer.from(token, 'base64url'), `token ${n}`)))
  for (const [name, bytes] of Object.entries(searched)) assert.deepEqual(search(bytes), [], name)
})
