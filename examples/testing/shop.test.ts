/**
 * Testing your own application: visitors who are in the middle of something, and time that passes at once.
 *
 *     npm test -- examples/testing/shop.test.ts
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, suite, test } from 'node:test'
import type { Server } from 'node:http'
import { createSessions } from 'coatcheck'
import { memoryStore } from 'coatcheck/stores/memory'
import { sessionCookie, testClock } from 'coatcheck/testing'
import { shop } from './shop.ts'
import type { Visitor } from './shop.ts'

const MINUTE = 60_000

suite('shop', () => {
  const clock = testClock()
  const sessions = createSessions<Visitor>({ store: memoryStore(), clock, lifetime: '30m', absoluteLifetime: '8h' })
  let server: Server
  let origin = ''

  before(async () => {
    server = shop(sessions).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : address}`
  })
  after(async () => {
    await new Promise((resolve) => server.close(resolve))
    await sessions.close()
  })

  test('a visitor finds the cart as it was', async () => {
    const cookie = await sessionCookie(sessions, { cart: ['umbrella'] })
    const body = new URLSearchParams({ item: 'hat' })
    await fetch(`${origin}/cart`, { method: 'POST', body, headers: { cookie }, redirect: 'manual' })
    const { data } = await sessions.open({ cookie, secure: false })
    assert.deepEqual(data.cart, ['umbrella', 'hat'])
  })

  test('orders are shown to whoever is signed in', async () => {
    assert.equal((await fetch(`${origin}/orders`)).status, 401)
    const cookie = await sessionCookie(sessions, {}, { owner: 'ada' })
    const response = await fetch(`${origin}/orders`, { headers: { cookie } })
    assert.deepEqual(await response.json(), { orders: [], of: 'ada' })
  })

  test('an order needs a password typed in the last ten minutes', async () => {
    const cookie = await sessionCookie(sessions, {}, { owner: 'ada' })
    const order = async (): Promise<number> =>
      (await fetch(`${origin}/orders`, { method: 'POST', headers: { cookie } })).status
    assert.equal(await order(), 201)
    clock.advance(10 * MINUTE)
    assert.equal(await order(), 401)
  })

  test('a cart is gone after half an hour without a visit', async () => {
    const cookie = await sessionCookie(sessions, { cart: ['umbrella'] })
    const cart = async (): Promise<unknown> => (await fetch(`${origin}/cart`, { headers: { cookie } })).json()
    clock.advance(29 * MINUTE)
    assert.deepEqual(await cart(), ['umbrella'])
    clock.advance(29 * MINUTE)
    assert.deepEqual(await cart(), ['umbrella'])
    clock.advance(30 * MINUTE)
    assert.deepEqual(await cart(), [])
  })
})
