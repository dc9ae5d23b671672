import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after, afterEach, suite, test } from 'node:test'
import { readConfig } from '../../demo/config.ts'
import { killDemos, recordsIn, runDemo, startDemo, temporaryFolder } from './demo-process.ts'
import { serve } from './serve.ts'
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

  test('SESSION_TYPE gives the word to Flask, whose variables alone are passed on; SESSION_STORE takes it back', () => {
    const flask = {
      SESSION_TYPE: 'redis',
      SESSION_REDIS: 'redis://127.0.0.1',
      PERMANENT_SESSION_LIFETIME: '60',
      SECRET_KEY: 'hush',
      SQLALCHEMY_DATABASE_URI: 'sqlite://',
    }
    const ours = { SESSION_SWEEP_EVERY: '1h', PORT: '1', SESSION_KEY_PREFIX: '', HOME: '/', SESSION_STORE: '' }
    const expected = { store: { flask }, lifetime: undefined, sweepEvery: '1h', permanent: true, port: 1 }
    assert.deepEqual(readConfig({ ...flask, ...ours }), expected)
    assert.deepEqual(readConfig({ ...flask, ...ours, SESSION_LIFETIME: '2h' }), { ...expected, lifetime: '2h' })
    assert.deepEqual(readConfig({ ...flask, SESSION_STORE: 'memory:' }).store, { url: 'memory:' })
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
    ['SESSION_TYPE', 'nosuch', /^SESSION_TYPE is set, so Flask's [^\n]+SESSION_TYPE is "nosuch"; it is one of [^\n]+$/],
    ['SESSION_TYPE', 'dynamodb', /^SESSION_TYPE is set, so Flask's [^\n]+there is no DynamoDB store[^\n]+$/],
    ['SESSION_STORE', 'nosuch:', /^SESSION_STORE is "nosuch:"\. [^\n]+no store "nosuch:"[^\n]+file:DIR[^\n]*$/],
    ['SESSION_STORE', 'sessions', /^SESSION_STORE is "sessions"\. [^\n]+begins with its scheme; write [^\n]+$/],
    [
      'SESSION_STORE',
      'memory:?size=1',
      /^SESSION_STORE is "memory:\?\*\*\*"\. [^\n]+no parameter "size"; it has [^\n]+$/,
    ],
  ]
  for (const [name, value, message] of stops) {
    test(`${name}=${value} is refused in one line`, async () => {
      await assert.rejects(serve({ [name]: value }), { name: 'SetupError', message })
    })
  }

  test('a refusal stops the start with code 1 and that line', async () => {
    const { code, stdout, stderr } = await runDemo({ SESSION_LIFETIME: '31' })
    assert.match(stderr, /^SESSION_LIFETIME is "31"; it must be a duration like [^\n]+\n$/)
    assert.equal(stdout, '')
    assert.equal(code, 1)
  })

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

  test('what Flask means otherwise is said at the start', async () => {
    const env = { SESSION_TYPE: 'filesystem', SESSION_FILE_DIR: join(folder.path, 'f'), SESSION_USE_SIGNER: 'true' }
    const demo = await startDemo({ ...env, PERMANENT_SESSION_LIFETIME: '60', SESSION_SWEEP_EVERY: '1h' })
    const { headers } = await visitor(demo.url).upload('x')
    assert.match(headers.getSetCookie()[0] ?? '', /^session=[\w-]{43}; Max-Age=60;/)
    await demo.stop()
    const [, kept, note] = demo.stdout().split('\n')
    assert.equal(kept, `Sessions are kept in files in the folder ${join(folder.path, 'f')} (SESSION_TYPE).`)
    assert.match(note ?? '', /^SESSION_USE_SIGNER: nothing is signed: /)
  })

  test('.env is read from the working directory; what is set already stays', async () => {
    const cwd = join(folder.path, 'with-env')
    mkdirSync(cwd)
    writeFileSync(join(cwd, '.env'), 'SESSION_STORE=memory:\n# a comment\nSESSION_LIFETIME="2h"\n')
    const demo = await startDemo({ SESSION_STORE: 'file:here' }, cwd)
    const { headers } = await visitor(demo.url).upload('x')
    assert.match(headers.getSetCookie()[0] ?? '', /; Max-Age=7200;/)
    assert.equal(recordsIn(join(cwd, 'here')), 1)
    await demo.stop()
  })

  test('an .env that cannot be read stops the start with one line', async () => {
    const cwd = join(folder.path, 'with-broken-env')
    mkdirSync(join(cwd, '.env'), { recursive: true })
    const { code, stderr } = await runDemo({ SESSION_STORE: 'memory:' }, cwd)
    assert.match(stderr, /^\.env cannot be read: [^\n]+\n$/)
    assert.equal(code, 1)
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
      await using demo = await serve({ ...env, SESSION_STORE: `file:${folder.path}/cookies` })
      const answer = await visitor(demo.url).upload('x')
      assert.match(answer.headers.getSetCookie().join('\n'), expected)
    })
  }

  test('an idle lifetime is kept on the server, whatever the cookie says', async () => {
    const store = join(folder.path, 'lifetimes')
    await using demo = await serve({ SESSION_LIFETIME: '50ms', SESSION_STORE: `file:${store}` })
    const someone = visitor(demo.url)
    await someone.upload('brief\n')
    assert.equal(recordsIn(store), 1)
    // Longer than the lifetime: however slow this machine is, the session can only be deader.
    await new Promise((resolve) => setTimeout(resolve, 60))
    assert.equal((await someone.get('/upload')).status, 404)
  })
})
