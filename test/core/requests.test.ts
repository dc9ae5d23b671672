/** Which session belongs to which request. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { refusal } from './refusal.ts'
import { scene } from './site.ts'

suite('the session of a request', () => {
  test('is the one that was attached', async () => {
    const on = scene()
    const [one, two] = [{}, {}]
    const [first, second] = [await on.open(), await on.open()]
    on.sessions.attach(one, first)
    on.sessions.attach(two, second)
    assert.equal(on.sessions.of(one), first)
    assert.equal(on.sessions.of(two), second)
  })

  test('of() without the middleware says what to mount', () => {
    assert.throws(() => scene().sessions.of({}), refusal('not_registered', 'mount the session middleware before'))
  })

  test('attached twice is an error that names the cookie, and the first one stays', async () => {
    const on = scene({ cookie: { name: 'sid', secure: false } })
    const request = {}
    const session = await on.open()
    on.sessions.attach(request, session)
    const twice = refusal('registered_twice', '"sid"', 'mount the middleware once', 'cookie.name')
    const again = await on.open()
    assert.throws(() => on.sessions.attach(request, again), twice)
    assert.equal(on.sessions.of(request), session)
  })

  test('two instances with one cookie name meet on a request: an error, on whichever comes second', async () => {
    const [one, two] = [scene(), scene()]
    const request = {}
    one.sessions.attach(request, await one.open())
    const second = await two.open()
    assert.throws(() => two.sessions.attach(request, second), refusal('registered_twice', '"id"'))
    assert.throws(() => two.sessions.of(request), refusal('not_registered'))
  })

  test('two instances with two names live side by side, each with its own cookie, data and end', async () => {
    const [visitor, admin] = [scene(), scene({ cookie: { name: 'admin', secure: false } })]
    const request = {}
    visitor.sessions.attach(request, await visitor.open())
    admin.sessions.attach(request, await admin.open())
    visitor.sessions.of(request).data['cart'] = [1]
    admin.sessions.of(request).data['user'] = 'root'
    await visitor.commit(visitor.sessions.of(request))
    await admin.commit(admin.sessions.of(request))
    assert.match(visitor.cookie ?? '', /^id=/)
    assert.match(admin.cookie ?? '', /^admin=/)

    // A browser sends both, in either order.
    const both = [`${visitor.cookie}; ${admin.cookie}`, `${admin.cookie}; ${visitor.cookie}`]
    for (const cookie of both) {
      assert.deepEqual((await visitor.sessions.open({ cookie, secure: false })).data, { cart: [1] })
      assert.deepEqual((await admin.sessions.open({ cookie, secure: false })).data, { user: 'root' })
    }
    await (await admin.open()).destroy()
    assert.deepEqual(await visitor.found(), { cart: [1] })
    assert.deepEqual(await admin.found(), {})
  })
})

suite('a session that is opened when somebody asks', () => {
  test('get() opens it once, for all who ask; of() works from then on', async () => {
    const on = scene()
    const request = {}
    let opened = 0
    on.sessions.attach(request, () => {
      opened += 1
      return on.open()
    })
    assert.throws(() => on.sessions.of(request), refusal('not_loaded', 'await sessions.get(request) first'))
    assert.equal(opened, 0)
    const [one, two] = await Promise.all([on.sessions.get(request), on.sessions.get(request)])
    assert.equal(one, two)
    assert.equal(on.sessions.of(request), one)
    assert.equal(await on.sessions.get(request), one)
    assert.equal(opened, 1)
  })

  test('what opening rejects with is the answer to everybody, once', async () => {
    const on = scene()
    const request = {}
    let opened = 0
    on.sessions.attach(request, () => {
      opened += 1
      return Promise.reject(new Error('down'))
    })
    await assert.rejects(on.sessions.get(request), /down/)
    await assert.rejects(on.sessions.get(request), /down/)
    assert.throws(() => on.sessions.of(request), refusal('not_loaded', 'get(request)'))
    assert.equal(opened, 1)
  })

  test('get() gives what was opened at once, too, and needs the middleware', async () => {
    const on = scene()
    const request = {}
    const session = await on.open()
    on.sessions.attach(request, session)
    assert.equal(await on.sessions.get(request), session)
    await assert.rejects(on.sessions.get({}), refusal('not_registered', 'mount the session middleware before'))
  })

  test('it counts as a session of its cookie before it is opened', async () => {
    const on = scene()
    const request = {}
    on.sessions.attach(request, () => on.open())
    const session = await on.open()
    assert.throws(() => on.sessions.attach(request, session), refusal('registered_twice', '"id"'))
  })
})
