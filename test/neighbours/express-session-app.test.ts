/** An app with Passport and connect-flash moves from express-session by its session lines: its tests stay as they are. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { root } from '../markdown.ts'
import { browser } from './browser.ts'
import type { Browser } from './browser.ts'

const SESSION_COOKIE = { before: 'connect.sid', after: 'id' } as const
type Variant = keyof typeof SESSION_COOKIE

interface Running {
  readonly url: string
  readonly folder: string
  readonly stop: () => void
}

/** In a folder of its own, as on a server: Coatcheck keeps its files there. */
async function start(variant: Variant): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), 'coatcheck-app-'))
  const port = join(root, 'test/fixtures/snippet-port.ts')
  const main = join(import.meta.dirname, 'express-session-app/main.mjs')
  const { NODE_ENV: _mode, NODE_TEST_CONTEXT: _context, ...env } = process.env
  const child = spawn(process.execPath, ['--conditions=coatcheck-source', '--import', port, main, variant], {
    cwd: folder,
    env,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const ended = once(child, 'exit').then(() => assert.fail('the app ended before it listened'))
  const [told] = await Promise.race([once(child, 'message'), ended])
  ended.catch(() => {})
  return {
    url: `http://127.0.0.1:${told.port}`,
    folder,
    stop: () => {
      child.once('close', () => rmSync(folder, { recursive: true, force: true }))
      child.kill()
    },
  }
}

interface Home {
  readonly user: string | null
  readonly views: number
  readonly cart: readonly { readonly item: string; readonly amount: number }[]
  readonly info: readonly string[]
  readonly errors: readonly string[]
}

async function home(visitor: Browser): Promise<Home> {
  const { status, body } = await visitor.get('/')
  assert.equal(status, 200, body)
  return JSON.parse(body)
}

const ada = { username: 'ada', password: 'engine' }

for (const variant of ['before', 'after'] as const) {
  suite(`the shop, ${variant} the move`, () => {
    let running: Running
    before(async () => {
      running = await start(variant)
    })
    after(() => running.stop())

    test('counts views and keeps a cart', async () => {
      const visitor = browser(running.url)
      assert.equal((await home(visitor)).views, 1)
      assert.deepEqual([...visitor.cookies.keys()], [SESSION_COOKIE[variant]])
      await visitor.post('/cart', { item: 'coat', amount: '2' })
      const { status, headers } = await visitor.post('/cart', { item: 'hat', amount: '1' })
      assert.deepEqual([status, headers.get('location')], [302, '/'])
      const page = await home(visitor)
      assert.equal(page.views, 2)
      assert.deepEqual(page.cart, [
        { item: 'coat', amount: 2 },
        { item: 'hat', amount: 1 },
      ])
      await visitor.post('/cart/empty')
      assert.deepEqual((await home(visitor)).cart, [])
    })

    test('shows a message once', async () => {
      const visitor = browser(running.url)
      await visitor.post('/cart', { item: 'coat', amount: '1' })
      assert.deepEqual((await home(visitor)).info, ['coat is in the cart'])
      assert.deepEqual((await home(visitor)).info, [])
    })

    test('refuses a wrong password, says so once, and leaves the session where it is', async () => {
      const visitor = browser(running.url)
      await home(visitor)
      const cookie = visitor.cookie()
      await visitor.post('/login', { username: 'ada', password: 'wrong' })
      assert.equal(visitor.cookies.size, 1)
      assert.equal(visitor.cookie(), cookie)
      const page = await home(visitor)
      assert.deepEqual([page.user, page.errors], [null, ['Wrong name or password']])
      assert.deepEqual((await home(visitor)).errors, [])
    })

    test('moves to a new ID on login, keeps the cart, and signs out', async () => {
      const visitor = browser(running.url)
      await visitor.post('/cart', { item: 'coat', amount: '1' })
      const anonymous = visitor.cookie()
      await visitor.post('/login', ada)
      const signedIn = visitor.cookie()
      assert.notEqual(signedIn, anonymous)
      const page = await home(visitor)
      assert.deepEqual([page.user, page.cart.length], ['ada', 1])
      await visitor.post('/logout')
      assert.notEqual(visitor.cookie(), signedIn)
      const gone = await home(visitor)
      assert.deepEqual([gone.user, gone.cart, gone.info], [null, [], ['Goodbye']])
    })

    for (const old of ['anonymous', 'signed in'] as const) {
      test(`honours no copy of the cookie from while it was ${old}`, async () => {
        const visitor = browser(running.url)
        await home(visitor)
        if (old === 'signed in') await visitor.post('/login', ada)
        const copy = browser(running.url)
        for (const [name, value] of visitor.cookies) copy.cookies.set(name, value)
        await visitor.post(old === 'signed in' ? '/logout' : '/login', old === 'signed in' ? {} : ada)
        assert.equal((await home(copy)).user, null)
      })
    }

    test('remembers a login beyond the browser window when asked to', async () => {
      const setCookie = async (form: Record<string, string>): Promise<string> => {
        const visitor = browser(running.url)
        const { headers } = await visitor.post('/login', { ...ada, ...form })
        assert.equal((await home(visitor)).user, 'ada')
        return headers.getSetCookie().join('\n')
      }
      const line = await setCookie({ remember: 'on' })
      const expires = Date.parse(/Expires=([^;]+)/.exec(line)?.[1] ?? '')
      assert(Math.abs(expires - Date.now() - 30 * 86_400_000) < 60_000, line)
      assert.doesNotMatch(await setCookie({}), /Expires|Max-Age/)
    })

    test('moves to a new ID with a new password', async () => {
      const visitor = browser(running.url)
      assert.equal((await visitor.post('/password')).status, 401)
      await visitor.post('/login', ada)
      await visitor.post('/cart', { item: 'coat', amount: '1' })
      const old = visitor.cookie()
      assert.equal((await visitor.post('/password')).body, '{"newId":true}')
      assert.notEqual(visitor.cookie(), old)
      const page = await home(visitor)
      assert.deepEqual([page.user, page.cart.length], ['ada', 1])
    })

    test('forgets a visitor who asks for it', async () => {
      const visitor = browser(running.url)
      await visitor.post('/cart', { item: 'coat', amount: '1' })
      assert.equal((await visitor.post('/forget')).body, 'forgotten, and req.session is undefined')
      const page = await home(visitor)
      assert.deepEqual([page.views, page.cart], [1, []])
    })

    test('saves and reloads', async () => {
      const visitor = browser(running.url)
      assert.equal((await visitor.post('/draft', { text: 'Dear Ada' })).body, 'Dear Ada')
    })

    test(variant === 'after' ? 'keeps its sessions in files' : 'keeps nothing on disk', () => {
      assert.deepEqual(readdirSync(running.folder), variant === 'after' ? ['.sessions'] : [])
    })
  })
}
