import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after, afterEach, suite, test } from 'node:test'
import { readConfig } from '../../demo/config.ts'
import { killDemos, recordsIn, runDemo, startDemo, temporaryFolder } from './demo-process.ts'
import { visitor } from './visitor.ts'

suite('demo: its settings', () => {
  const folder = temporaryFolder()
  const aFile = join(folder.path, 'a-file')
  writeFileSync(aFile, '')
  afterEach(killDemos)
  after(() => folder.remove())

  test('what is unset or empty has its default', () => {
    const store = { url: 'file:.sessions' }
    const defaults = { store, lifetime: '31d', sweepEvery: '5m', permanent: true, port: 3000 }
    assert.deepEqual(readConfig({}), defaults)
    const names = ['STORE', 'TYPE', 'LIFETIME', 'SWEEP_EVERY', 'PERMANENT'].map((name) => `SESSION_${name}`)
    assert.deepEqual(readConfig(Object.fromEntries([...names, 'PORT'].map((name) => [name, '']))), defaults)
  })

  const wrong: readonly (readonly [name: string, value: string, allowed: RegExp])[] = [
    ...['http', '65536', '-1', '80.5', '0x50', ' 80', '1e3'].map(
      (value) => ['PORT', value, /must be a whole number from 1 to 65535, or 0 for any free port\.$/] as const,
    ),
    ...['31', '0d', '31 days', '-1h', '9999999d'].map(
      (value, index) =>
        [
          index % 2 === 0 ? 'SESSION_LIFETIME' : 'SESSION_SWEEP_EVERY',
          value,
          /must be a duration like '90s', '30m', '12h' or '31d', at most a thousand years\.$/,
        ] as const,
    ),
    ...['yes', '1', 'TRUE'].map((value) => ['SESSION_PERMANENT', value, /must be 'true' or 'false'\.$/] as const),
  ]
  for (const [name, value, allowed] of wrong) {
    test(`${name}=${value} is refused with what is allowed`, () => {
      const message = new RegExp(`^${name} is ${JSON.stringify(value)}; it ${allowed.source}`)
      assert.throws(() => readConfig({ [name]: value }), { name: 'SetupError', message })
    })
  }

  const stops: readonly (readonly [name: string, value: string, message: RegExp])[] = [
    ['PORT', 'http', /^PORT is "http"; it must be a whole number from 1 to 65535, or 0 for any free port\.\n$/],
    ['SESSION_LIFETIME', '31', /^SESSION_LIFETIME is "31"; it must be a duration like [^\n]+\n$/],
    ['SESSION_PERMANENT', 'yes', /^SESSION_PERMANENT is "yes"; it must be 'true' or 'false'\.\n$/],
    ['SESSION_STORE', 'nosuch:', /^SESSION_STORE is "nosuch:"\. [^\n]+no store "nosuch:"[^\n]+file:DIR[^\n]*\n$/],
    ['SESSION_STORE', 'sessions', /^SESSION_STORE is "sessions"\. [^\n]+begins with its scheme; write [^\n]+\n$/],
    [
      'SESSION_STORE',
      'memory:?size=1',
      /^SESSION_STORE is "memory:\?\*\*\*"\. [^\n]+no parameter "size"; it has [^\n]+\n$/,
    ],
  ]
  for (const [name, value, message] of stops) {
    test(`${name}=${value} stops the start with code 1 and one line`, async () => {
      const { code, stdout, stderr } = await runDemo({ [name]: value })
      assert.match(stderr, message)
      assert.equal(stdout, '')
      assert.equal(code, 1)
    })
  }

  test('a store that cannot work is refused with its path', async () => {
    const { code, stderr } = await runDemo({ SESSION_STORE: `file:${aFile}` })
    assert.equal(code, 1)
    assert.ok(stderr.startsWith(`SESSION_STORE is "file:${aFile}"`), stderr)
    assert.match(stderr, /\[store_unusable\]\n$/)
    assert.doesNotMatch(stderr, /\n\s+at /)
  })

  test('a password in SESSION_STORE is not printed', async () => {
    const { code, stderr } = await runDemo({ SESSION_STORE: 'nosuch://me:hunter@2@db.example/0?password=hunter2' })
    assert.equal(code, 1)
    assert.match(stderr, /^SESSION_STORE is "nosuch:\/\/\*\*\*@db\.example\/0\?\*\*\*"/)
    assert.doesNotMatch(stderr, /hunter/)
  })

  test('nor is what may be one when the demo says where it stores', async () => {
    const store = join(folder.path, 'me:hunter2@')
    const demo = await startDemo({ SESSION_STORE: `file://${store}?fsync=false` })
    await demo.stop()
    assert.match(demo.stdout(), /^Sessions are kept in file:\/\/\*\*\*@\?\*\*\* \(SESSION_STORE\)/m)
    assert.doesNotMatch(demo.stdout(), /hunter/)
  })

  test('a port in use is said to be, and how to choose another', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const address = other.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const { code, stdout, stderr } = await runDemo({ PORT: String(port), SESSION_STORE: `file:${folder.path}/s` })
    other.close()
    assert.equal(code, 1)
    assert.equal(stdout, '')
    assert.equal(
      stderr,
      `Port ${port} is in use by another program. Choose another with the variable PORT: PORT=3001 npm start. ` +
        'PORT=0 takes any free one.\n',
    )
  })

  const cookies: readonly (readonly [Record<string, string>, RegExp])[] = [
    [{}, /^id=[\w-]{43}; Max-Age=2678400; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Lax$/],
    [{ SESSION_LIFETIME: '2h' }, /; Max-Age=7200;/],
    [{ SESSION_PERMANENT: 'false' }, /^id=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/],
  ]
  for (const [env, expected] of cookies) {
    test(`the cookie with ${JSON.stringify(env)}`, async () => {
      const demo = await startDemo({ ...env, SESSION_STORE: `file:${folder.path}/cookies` })
      const answer = await visitor(demo.url).upload('x')
      assert.match(answer.headers.getSetCookie().join('\n'), expected)
      await demo.stop()
    })
  }

  test('an idle lifetime is kept on the server, whatever the cookie says', async () => {
    const store = join(folder.path, 'lifetimes')
    const demo = await startDemo({ SESSION_LIFETIME: '50ms', SESSION_STORE: `file:${store}` })
    const someone = visitor(demo.url)
    await someone.upload('brief\n')
    assert.equal(recordsIn(store), 1)
    // Longer than the lifetime: however slow this machine is, the session can only be deader.
    await new Promise((resolve) => setTimeout(resolve, 60))
    assert.equal((await someone.get('/upload')).status, 404)
    await demo.stop()
  })
})
