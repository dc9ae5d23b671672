import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, suite, test } from 'node:test'
import { createSessions } from 'coatcheck'
import { gatedStore } from 'coatcheck/testing'
import { memoryStore } from 'coatcheck/stores/memory'
import type { DemoData } from '../../demo/data.ts'
import { placeOfUrl } from '../../demo/place.ts'
import { killDemos, recordsIn, startDemo, temporaryFolder } from './demo-process.ts'
import type { Demo } from './demo-process.ts'
import { listen, serve } from './serve.ts'
import { linesOn, mainOf, problemOn, textOf, visitor } from './visitor.ts'

suite('demo: its other pages', () => {
  const folder = temporaryFolder()
  let demo: Demo
  before(async () => {
    demo = await startDemo({ SESSION_STORE: `file:${folder.path}` })
  })
  after(async () => {
    await demo.stop()
    killDemos()
    folder.remove()
    assert.equal(demo.stderr(), '', 'none of this is worth a line in the log')
  })

  test('name: a login greets, moves the session to a new ID and takes along what is in it', async () => {
    const someone = visitor(demo.url)
    await someone.upload('mine\n')
    const anonymous = someone.cookie()
    const records = recordsIn(folder.path)
    assert.equal((await someone.submit('/name', { name: '  Ada  ' })).status, 303)
    assert.notEqual(someone.cookie(), anonymous)
    assert.match(textOf(await someone.get('/name')), /^Welcome, Ada\. .* Hello, Ada /)
    assert.doesNotMatch(textOf(await someone.get('/name')), /Welcome/, 'the notice is shown once')
    assert.match((await someone.get('/cart')).html, /Hello, <bdi[^>]*>Ada<\/bdi>/, 'every page greets')
    assert.deepEqual(linesOn(await someone.get('/upload')), ['mine'])
    const thief = visitor(demo.url, anonymous)
    assert.equal((await thief.get('/upload')).status, 404, 'the ID of before the login opens nothing')
    assert.match(textOf(await thief.get('/where')), /Nowhere: nothing is kept about you/)
    assert.equal((await thief.get('/visits')).status, 409, 'and takes nothing')
    assert.equal(thief.cookie(), anonymous)
    assert.ok(recordsIn(folder.path) <= records + 1)
  })

  test('name: a logout leaves a notice for once and nothing else', async () => {
    const someone = visitor(demo.url)
    await someone.upload('mine\n')
    await someone.submit('/name', { name: 'Ada' })
    const loggedIn = someone.cookie()
    await someone.submit('/name/logout')
    assert.notEqual(someone.cookie(), loggedIn)
    assert.match(textOf(await someone.get('/name')), /^You are logged out\. .* Who are you\?/)
    assert.match(textOf(await someone.get('/name')), /^Who are you\?/)
    assert.equal((await someone.get('/upload')).status, 404)
    assert.match(textOf(await someone.get('/where')), /Whose Nobody’s in particular/)
    assert.match(textOf(await visitor(demo.url, loggedIn).get('/name')), /^Who are you\?/)
  })

  test('name: none is refused, a long one is cut, markup is text', async () => {
    const someone = visitor(demo.url)
    for (const name of ['', '   ', '\r\n\t']) {
      const answer = await someone.submit('/name', { name })
      assert.equal(answer.status, 400)
      assert.match(problemOn(answer) ?? '', /^There was no name/)
    }
    assert.equal(someone.cookie(), undefined)
    await someone.submit('/name', { name: '<script>alert(1)</script>"&' })
    const page = await someone.get('/name')
    assert.match(textOf(page), /Hello, <script>alert\(1\)<\/script>"&/)
    assert.doesNotMatch(mainOf(page), /<script/)
    await someone.submit('/name', { name: 'x'.repeat(500) })
    assert.match(textOf(await someone.get('/name')), /Hello, x{60} /)
  })

  test('visits: two at once both count; a reset starts again', async () => {
    const someone = visitor(demo.url)
    assert.match(textOf(await someone.get('/visits')), /^1 visit Since/)
    await Promise.all(Array.from({ length: 20 }, () => someone.get('/visits')))
    assert.match(textOf(await someone.get('/visits')), /^22 visits /)
    await someone.submit('/visits/reset')
    assert.match(textOf(await someone.get('/visits')), /^The counter has started again\. 1 visit /)
  })

  test('visits and cart: two requests that have read the same both count', async () => {
    const gates = gatedStore(memoryStore())
    const sessions = createSessions<DemoData>({ store: gates.store, sweepEvery: false })
    await using site = await listen({ sessions, store: gates.store, place: placeOfUrl('memory:'), notes: [] })
    const someone = visitor(site.url)
    await someone.get('/visits')
    await someone.submit('/cart', { article: 'Hat' })
    const both = async (send: () => Promise<unknown>): Promise<void> => {
      gates.hold('read', { side: 'after', times: 2 })
      const sent = [send(), send()]
      const stops = [await gates.reached('read', 'after'), await gates.reached('read', 'after')]
      for (const stop of stops) stop.release()
      await Promise.all(sent)
    }
    await both(() => someone.get('/visits'))
    await both(() => someone.submit('/cart', { article: 'Hat' }))
    assert.match(textOf(await someone.get('/visits')), /^4 visits /)
    assert.match(textOf(await someone.get('/cart')), /Hat × 3 /)
  })

  test('visits: a slow one overwrites nothing of what others count meanwhile', async () => {
    const [slowly, underWay] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    await using site = await serve({ SESSION_STORE: `file:${folder.path}` }, () => {
      underWay.resolve()
      return slowly.promise
    })
    const someone = visitor(site.url)
    await someone.get('/visits')
    const slow = someone.submit('/visits/slow')
    await underWay.promise
    await someone.get('/visits')
    slowly.resolve()
    assert.equal((await slow).status, 303)
    assert.match(textOf(await someone.get('/visits')), /^4 visits .* The last slow visit was through at /)
  })

  test('cart: changes at once all count, beside changes of other things; what is not in the shop is not added', async () => {
    const someone = visitor(demo.url)
    await someone.submit('/cart', { article: 'Hat' })
    await Promise.all([
      ...Array.from({ length: 10 }, () => someone.submit('/cart', { article: 'Coat' })),
      someone.submit('/cart/gift', { wrapped: 'on', text: '"quoted"' }),
      someone.upload('meanwhile\n'),
    ])
    for (let times = 0; times < 3; times += 1) await someone.submit('/cart', { article: 'Coat', by: '-1' })
    await someone.submit('/cart', { article: 'Hat', by: '-1' })
    await someone.submit('/cart', { article: 'Crown' })
    await someone.submit('/cart', { article: 'Scarf', by: '-1' })
    const page = await someone.get('/cart')
    assert.deepEqual(textOf(page).match(/\w+ × \d+/g), ['Coat × 7'])
    assert.match(page.html, /name="wrapped" checked/)
    assert.match(page.html, /value="&quot;quoted&quot;"/)
    assert.deepEqual(linesOn(await someone.get('/upload')), ['meanwhile'])
    await someone.submit('/cart/gift', { text: '' })
    assert.doesNotMatch((await someone.get('/cart')).html, /checked/)
  })

  test('my data: the record is where the page says, is what it shows, and ends when it says', async () => {
    const someone = visitor(demo.url)
    await someone.submit('/cart', { article: 'Coat' })
    const page = await someone.get('/where')
    const text = textOf(page)
    const [, file = '', size = ''] = /File (\S+) Size ([\d,]+) bytes/.exec(text) ?? []
    const [head = '', owner, ...payload] = readFileSync(file, 'utf8').split('\n')
    assert.equal(owner, '')
    assert.equal(Buffer.byteLength(payload.join('\n')), Number(size.replaceAll(',', '')))
    assert.ok(text.includes(`What is in it: ${payload.join(' ').trim()}`), text)
    const deadline = Number(head.split(' ')[1])
    const { createdAt } = JSON.parse(payload[0] ?? '') as { createdAt: number }
    assert.deepEqual(
      [...page.html.matchAll(/datetime="([^"]+)"/g)].map(([, time = '']) => Date.parse(time)),
      [createdAt, deadline, deadline],
    )
    assert.match(text, /in about 31 days, unless you come back\. A session ends 31 days after its last visit\./)
    assert.match(text, /Cookie id, kept by your browser until/)
    assert.ok(text.includes(`cat ${file}`))
  })

  test('my data: ends this session alone while nobody said whose it is', async () => {
    const [someone, other] = [visitor(demo.url), visitor(demo.url)]
    await someone.upload('mine\n')
    await other.upload('theirs\n')
    const cookie = someone.cookie()
    const answer = await someone.submit('/where/end')
    assert.match(answer.headers.getSetCookie()[0] ?? '', /^id=; Max-Age=0;/)
    assert.equal((await visitor(demo.url, cookie).get('/upload')).status, 404)
    assert.deepEqual(linesOn(await other.get('/upload')), ['theirs'])
  })

  test('my data: a long record is cut for display', async () => {
    const someone = visitor(demo.url)
    await someone.upload('x'.repeat(100_000))
    const page = await someone.get('/where')
    assert.ok(page.html.length < 12_000, String(page.html.length))
    assert.match(textOf(page), /Size 100,\d\d\d bytes/)
  })

  for (const path of ['/name', '/name/logout', '/visits/slow', '/visits/reset', '/cart', '/cart/gift', '/where/end']) {
    test(`another site cannot send ${path} in the name of a visitor`, async () => {
      const someone = visitor(demo.url)
      await someone.submit('/name', { name: 'Ada' })
      const cookie = someone.cookie()
      const answer = await someone.submit(path, { name: 'Eve', article: 'Coat' }, { 'sec-fetch-site': 'cross-site' })
      assert.equal(answer.status, 403)
      assert.match(problemOn(answer) ?? '', /^Another website sent this form/)
      assert.equal(someone.cookie(), cookie)
      assert.match(textOf(await someone.get('/name')), /Hello, Ada/)
    })
  }

  test('a form that is too large is refused, and its session is untouched', async () => {
    const someone = visitor(demo.url)
    await someone.submit('/name', { name: 'Ada' })
    const answer = await someone.submit('/name', { name: 'x'.repeat(30_000) })
    assert.equal(answer.status, 413)
    assert.match(textOf(await someone.get('/name')), /Hello, Ada/)
  })

  test('the look comes from this server', async () => {
    const { html } = await visitor(demo.url).get('/')
    const links = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link = '']) => link)
    assert.deepEqual(
      links.filter((link) => !/^[/#]/.test(link)),
      [],
    )
    for (const link of links.filter((each) => each.includes('.'))) {
      assert.equal((await visitor(demo.url).get(link)).status, 200, link)
    }
    assert.match((await visitor(demo.url).get('/bootstrap/bootstrap.min.css')).html, /Bootstrap {2}v5/)
    assert.equal((await visitor(demo.url).get('/bootstrap/../package.json')).status, 404)
  })
})
