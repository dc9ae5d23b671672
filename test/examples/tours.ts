/** What is to be seen of each example: its idea, walked through over HTTP. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { WebSocket } from 'ws'
import { createSessions } from 'coatcheck'
import { fileStore } from 'coatcheck/stores/file'
import { sessionCookie, testClock } from 'coatcheck/testing'
import worker from '../../examples/worker.ts'
import { browser, folder, start } from './running.ts'
import type { Browser } from './running.ts'

const ADA = { name: 'ada', password: 'difference engine' }
const HOSTILE = '<script>alert("x")</script>'

/** Resolves with where the example ran, for what is checked of every one of them. */
type Tour = (t: TestContext) => Promise<string>

/** By the name of the file, without `.ts`. */
export const tours: Readonly<Record<string, Tour>> = {
  async counter(t) {
    const cwd = folder(t)
    const first = await start(t, cwd, 'counter.ts')
    const { origin } = first
    const someone = browser()
    assert.deepEqual((await someone.get(`${origin}/about`)).setCookie, [])
    assert.equal((await someone.get(origin)).text, 'Visits: 1')
    assert.equal((await someone.get(origin)).text, 'Visits: 2')
    assert.equal((await browser().get(origin)).text, 'Visits: 1')
    await first.stop()
    const again = await start(t, cwd, 'counter.ts')
    assert.equal((await someone.get(again.origin)).text, 'Visits: 3')
    return again.origin
  },

  async login(t) {
    const { origin } = await start(t, folder(t), 'login.ts')
    const someone = browser()
    await someone.post(`${origin}/basket`)
    const wrong = await someone.post(`${origin}/login`, { ...ADA, password: 'analytical engine' })
    assert.match(wrong.text, /That is not the name/)
    assert.doesNotMatch((await someone.get(origin)).text, /That is not the name/)

    const planted = browser()
    planted.cookie = someone.cookie
    const signedIn = await someone.post(`${origin}/login`, ADA)
    assert.match(signedIn.text, /basket: 1[^]*Signed in as ada/)
    assert.notEqual(someone.cookie, planted.cookie)
    assert.doesNotMatch((await planted.get(origin)).text, /basket: 1|Signed in/)

    const copied = browser()
    copied.cookie = someone.cookie
    assert.match((await someone.post(`${origin}/logout`)).text, /Goodbye!/)
    assert.doesNotMatch((await copied.get(origin)).text, /basket: 1|Signed in/)

    const statuses = new Set<number>()
    for (let attempt = 0; attempt < 10; attempt += 1) {
      statuses.add((await browser().post(`${origin}/login`, { name: 'eve', password: '' })).status)
    }
    assert.deepEqual([...statuses], [200, 429])
    return origin
  },

  async upload(t) {
    const { origin } = await start(t, folder(t), 'upload.ts')
    const someone = browser()
    const form = new FormData()
    form.set('file', new File([`one\n${HOSTILE}\nthree`], 'Größen.txt'))
    const { text } = await someone.post(origin, form)
    assert.match(text, /Größen.txt: 3 lines/)
    assert.doesNotMatch(text, /<script/)
    assert.doesNotMatch((await browser().get(origin)).text, /lines/)

    form.set('file', new File(['x'.repeat(100_001)], 'large.txt'))
    assert.equal((await someone.post(origin, form)).status, 413)
    assert.match((await someone.get(origin)).text, /3 lines/)
    assert.doesNotMatch((await someone.post(`${origin}/forget`)).text, /lines/)
    return origin
  },

  async cart(t) {
    const { origin } = await start(t, folder(t), 'cart.ts')
    const someone = browser()
    await someone.post(`${origin}/add`, { id: 'hat' })
    await Promise.all(Array.from({ length: 10 }, () => someone.post(`${origin}/add`, { id: 'umbrella' })))
    assert.match((await someone.get(origin)).text, /Umbrella: 10 [^]*Hat &amp; feather: 1 /)
    assert.equal((await someone.post(`${origin}/add`, { id: HOSTILE })).status, 404)
    assert.match((await someone.post(`${origin}/empty`)).text, /Umbrella: 0 /)
    return origin
  },

  async flash(t) {
    const { origin } = await start(t, folder(t), 'flash.ts')
    const someone = browser()
    const { text } = await someone.post(`${origin}/notes`, { title: HOSTILE })
    assert.match(text, /class="success">Saved: &lt;script/)
    assert.doesNotMatch(text, /<script/)
    assert.doesNotMatch((await someone.get(origin)).text, /Saved/)
    assert.match((await someone.post(`${origin}/notes`, { title: ' ' })).text, /class="error">A title has/)
    return origin
  },

  async devices(t) {
    const { origin } = await start(t, folder(t), 'devices.ts')
    const [phone, laptop, work, stranger] = [browser('Phone'), browser('Laptop'), browser(HOSTILE), browser()]
    for (const each of [phone, laptop, work]) await each.post(`${origin}/login`, ADA)
    const { text } = await phone.get(origin)
    for (const device of [/Phone at 127.0.0.1[^]*this one/, /Laptop at/, /&lt;script/]) assert.match(text, device)
    assert.doesNotMatch(text, /<script/)

    const id = /Laptop at [^]*?value="(\w{64})"/.exec(text)?.[1] ?? ''
    await stranger.post(`${origin}/end`, { id })
    assert.match((await laptop.get(origin)).text, /this one/)
    await phone.post(`${origin}/end`, { id })
    assert.doesNotMatch((await laptop.get(origin)).text, /this one/)

    await phone.post(`${origin}/end-others`)
    assert.doesNotMatch((await work.get(origin)).text, /this one/)
    assert.equal((await phone.get(origin)).text.match(/<li>/g)?.length, 1)
    assert.doesNotMatch((await phone.post(`${origin}/logout`)).text, /this one/)
    return origin
  },

  async sudo(t) {
    const cwd = folder(t)
    const { origin } = await start(t, cwd, 'sudo.ts')
    const someone = browser()
    assert.match((await someone.post(`${origin}/payment`)).text, /name="password"/)
    assert.match((await someone.post(`${origin}/password`, { ...ADA, password: '' })).text, /name="password"/)
    assert.match((await someone.post(`${origin}/password`, ADA)).text, /ada <button>Pay/)
    assert.equal((await someone.post(`${origin}/payment`)).text, 'Paid.')

    // Signed in eleven minutes ago: the same store, seen through an older clock.
    const clock = testClock(Date.now() - 11 * 60_000)
    const earlier = createSessions({ store: fileStore(join(cwd, '.sessions')), clock, sweepEvery: false })
    const back = browser()
    back.cookie = await sessionCookie(earlier, {}, { owner: 'ada' })
    await earlier.close()
    assert.match((await back.get(origin)).text, /ada <button>Pay/)
    const { text } = await back.post(`${origin}/payment`)
    assert.match(text, /ada\s*<input name="password"/)
    assert.match(
      (await back.post(`${origin}/password`, { name: 'eve', password: ADA.password })).text,
      /ada <button>Pay/,
    )
    assert.equal((await back.post(`${origin}/payment`)).text, 'Paid.')
    return origin
  },

  async 'two-apps'(t) {
    const cwd = folder(t)
    const [account, shop] = await Promise.all(
      ['account', 'shop'].map((app) => start(t, cwd, 'two-apps.ts', { args: [app] })),
    )
    assert.ok(account && shop)
    const someone = browser()
    await someone.post(account.origin, { name: `Ada ${HOSTILE}` })
    const { text } = await someone.get(shop.origin)
    assert.match(text, /Hello Ada &lt;script/)
    assert.doesNotMatch(text, /<script/)
    await Promise.all([someone.post(account.origin, { name: 'Grace' }), someone.post(shop.origin)])
    assert.match((await someone.get(shop.origin)).text, /Hello Grace[^]*Bought: 1/)
    assert.match((await someone.get(account.origin)).text, /value="Grace"[^]*Bought: 1/)
    return shop.origin
  },

  async websocket(t) {
    const { origin } = await start(t, folder(t), 'websocket.ts')
    const someone = browser()
    await someone.get(origin)
    const headers = { cookie: someone.cookie }
    const connect = (options: object): WebSocket => new WebSocket(origin.replace('http', 'ws'), options)
    for (const refused of [{ headers }, { headers, origin: 'https://other.example' }, { origin }]) {
      const [error] = await once(connect(refused), 'error')
      assert.match(String(error), /403/)
    }

    const socket = connect({ headers, origin })
    await once(socket, 'open')
    for (const said of [1, 2]) {
      socket.send('hello')
      const [answer] = await once(socket, 'message')
      assert.equal(String(answer), `You have said ${said} things.`)
    }
    await someone.post(`${origin}/leave`)
    socket.send('still there?')
    assert.equal((await once(socket, 'close'))[0], 4401)
    return origin
  },

  async worker(t) {
    const env = { SESSION_KEY: randomBytes(32).toString('base64') }
    const { origin } = await start(t, folder(t), 'parts/serve-worker.ts', { env })
    const someone = browser()
    const elsewhere = await browser().post(origin, { colour: 'plum' }, 'https://other.example')
    assert.deepEqual([elsewhere.status, elsewhere.setCookie], [403, []])
    assert.equal((await someone.post(origin, { colour: HOSTILE })).status, 400)
    assert.equal((await someone.post(origin, { colour: 'teal' })).text, 'Your colour is teal')
    assert.equal((await someone.get(origin)).text, 'Your colour is teal')
    assert.equal((await browser().get(origin)).text, 'Your colour is grey')
    for (const part of someone.cookie.slice(3).split('.')) {
      assert.doesNotMatch(Buffer.from(part, 'base64url').toString(), /teal/)
    }

    const overHttps = new Request('https://shop.example/', {
      method: 'POST',
      body: new URLSearchParams({ colour: 'teal' }),
    })
    const [cookie] = (await worker.fetch(overHttps, env)).headers.getSetCookie()
    assert.match(cookie ?? '', /^__Host-id=.*; Secure/)
    return origin
  },

  fastify: (t) => hello(t, 'Fastify'),
  hono: (t) => hello(t, 'Hono'),
  koa: (t) => hello(t, 'Koa'),
}

async function hello(t: TestContext, framework: string): Promise<string> {
  const { origin } = await start(t, folder(t), `${framework.toLowerCase()}.ts`)
  const someone: Browser = browser()
  for (const times of [1, 2]) {
    assert.equal((await someone.get(origin)).text, `Hello from ${framework}, ${times} times`)
  }
  assert.equal((await someone.get(`${origin}/favicon.ico`)).status, 404)
  assert.equal((await browser().get(origin)).text, `Hello from ${framework}, 1 times`)
  return origin
}
