/** What a visitor of every example sees, whatever it is built with: the same pages, the same promises. */
import assert from 'node:assert/strict'
import type { ListedRecord, Store } from '../../src/index.ts'
import { startApp } from './app.ts'
import type { App } from './app.ts'
import type { Framework } from './frameworks.ts'
import { visitor } from './visitor.ts'

/** The default cookie of a production server: `__Host-`, which needs Secure and Path=/. */
const FRESH = /^__Host-id=[\w-]{43}; Max-Age=2678400; Path=\/; Expires=[^;]+; HttpOnly; Secure; SameSite=lax$/i

/** Start it, walk through it, and stop it. When a step fails, the error holds what the server has printed. */
export async function walkThrough(framework: Framework): Promise<void> {
  const app = await startApp(framework)
  try {
    await walk(app, framework)
    await framework.walk?.(app)
  } catch (error) {
    throw new Error(`${framework.name}: what its server printed:\n${app.output()}`, { cause: error })
  } finally {
    await app.stop()
  }
}

async function walk({ port, store }: App, { notices }: Pick<Framework, 'notices'>): Promise<void> {
  // A bot costs nothing.
  const bot = visitor(port)
  const empty = await bot.open('/')
  assert.match(empty.text, /Visits: 0/)
  assert.match(empty.text, /Nobody is signed in/)
  assert.deepEqual(empty.cookies, [])
  assert.deepEqual(await records(store), [])

  // Over a plain connection no Secure cookie may leave. The framework says which it is.
  const plain = await visitor(port, { https: false }).open('/visits')
  assert.deepEqual([plain.text, plain.cookies], ['Visits: 1', []])

  // A counter.
  const ada = visitor(port)
  const first = await ada.open('/visits')
  assert.equal(first.text, 'Visits: 1')
  assert.equal(first.cookies.length, 1)
  assert.match(attributesInOrder(first.cookies[0] ?? ''), FRESH)
  assert.match(first.headers.get('cache-control') ?? '', /private|no-store/)
  const second = await ada.open('/visits')
  assert.deepEqual([second.text, second.cookies], ['Visits: 2', []])
  assert.match((await ada.open('/')).text, /Visits: 2/)

  // Signing in moves to a new ID; what follows the redirect at once is signed in, and the old ticket opens nothing.
  const stolen = ada.copy()
  const [signedIn, home] = await ada.submit(await ada.open('/'), 'Sign in', { name: 'Ada' })
  assert.match(attributesInOrder(signedIn.cookies[0] ?? ''), FRESH)
  assert.equal(signedIn.cookies.length, 1)
  assert.notEqual(ada.cookie(), stolen.cookie())
  assert.match(home.text, /Signed in as Ada/)
  assert.match(home.text, /Visits: 2/)
  const late = await stolen.open('/')
  assert.match(late.text, /Nobody is signed in/)
  assert.deepEqual(late.cookies, [])
  assert.equal((await records(store, 'Ada')).length, 1)

  // A page keeps the session alive, and its cookie with it.
  await age(store, 'Ada')
  const token = ada.cookie()
  const alive = await ada.open('/')
  assert.match(attributesInOrder(alive.cookies[0] ?? ''), FRESH)
  assert.equal(ada.cookie(), token)
  assert.deepEqual((await ada.open('/')).cookies, [])

  // Signing out.
  const before = ada.copy()
  const [signedOut, left] = await ada.submit(await ada.open('/'), 'Sign out')
  assert.equal(signedOut.cookies.length, 1)
  assert.match(left.text, /Nobody is signed in/)
  if (notices) {
    // The notice needs a session of its own, and is shown once.
    assert.match(attributesInOrder(signedOut.cookies[0] ?? ''), FRESH)
    assert.notEqual(ada.cookie(), before.cookie())
    assert.match(left.text, /See you/)
    assert.doesNotMatch((await ada.open('/')).text, /See you/)
  } else {
    assert.match(signedOut.cookies[0] ?? '', /^__Host-id=; .*Max-Age=0/i)
    assert.equal(ada.cookie(), '')
  }
  assert.match((await before.open('/')).text, /Nobody is signed in/)
  assert.deepEqual(await records(store, 'Ada'), [])
}

/** The live records, of one owner or of all. */
export async function records(store: Store, owner?: string): Promise<ListedRecord[]> {
  return Array.fromAsync(store.list?.(owner === undefined ? {} : { owner }) ?? assert.fail('it can list'))
}

/** Makes the owner's session one that was last visited half its lifetime ago. */
export async function age(store: Store, owner: string): Promise<void> {
  const [record] = await records(store, owner)
  assert.ok(record, `${owner} has a session`)
  const { id, version, payload, expiresAt } = record
  const past = expiresAt - (31 / 2) * 86_400_000
  assert.ok(typeof (await store.update(id, version, { payload, owner, expiresAt: past }, Date.now())) === 'object')
}

/** The pairs of a Set-Cookie in the order that our own have: a framework that writes it has its own. */
function attributesInOrder(line: string): string {
  const order = ['max-age', 'path', 'expires', 'httponly', 'secure', 'samesite']
  const [pair = '', ...attributes] = line.split('; ')
  const place = (attribute: string): number => order.indexOf(attribute.split('=')[0]?.toLowerCase() ?? '')
  return [pair, ...attributes.toSorted((a, b) => place(a) - place(b))].join('; ')
}
