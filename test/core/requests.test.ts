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
